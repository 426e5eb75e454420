"""What is refused, each with its code and one Chinese line that says what, where and what would be right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import docx
import openpyxl
import pypdf
import pytest

from knowledge.documents import documents_in, open_document, read
from knowledge.documents.limits import MAX_BYTES
from knowledge.errors import (
    BinaryDocument,
    BrokenDocument,
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    EncryptedDocument,
    ExpandsTooFar,
    NotAFile,
    ScannedDocument,
    UnreadableDocument,
    UnsupportedFormat,
)
from tests.documents.make import MORE, PROSE, pdf, replaced, write, zipped

ROOT = Path(__file__).parents[2]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def refusal(path: Path, kind: type[DocumentError], *words: str) -> DocumentError:
    """The error of a refused file, after looking at its line."""
    with pytest.raises(kind) as caught:
        open_document(path)
    line = str(caught.value)
    assert type(caught.value) is kind
    assert "\n" not in line
    assert len(re.findall(r"[\u4e00-\u9fff]", line)) >= 6
    assert line.startswith(path.name + ":")
    assert ";" in line
    assert all(word in line for word in words), line
    assert caught.value.code.startswith("document_")
    assert caught.value.values["file"] == path.name
    return caught.value


def good_docx(folder: Path) -> Path:
    document = docx.Document()
    document.add_paragraph(PROSE)
    document.save(str(folder / "good.docx"))
    return folder / "good.docx"


def good_xlsx(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["品", "价"])
    sheet.append(["面霜", 89])
    book.save(folder / "good.xlsx")
    return folder / "good.xlsx"


@pytest.mark.parametrize(
    ("suffix", "right"),
    [
        (".doc", ".docx"),
        (".xls", ".xlsx"),
        (".ppt", ".pdf"),
        (".pptx", ".pdf"),
        (".wps", ".docx"),
        (".exe", ".txt"),
        ("", ".txt"),
    ],
)
def test_other_formats(tmp_path: Path, suffix: str, right: str) -> None:
    refusal(write(tmp_path, f"a{suffix}", PROSE), UnsupportedFormat, "不支持", right)


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.TXT", PROSE))


def test_over_fifty_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    refusal(path, DocumentTooLarge, "50.0 MB", "拆成")


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".csv", ".pdf", ".docx", ".xlsx"])
def test_empty(tmp_path: Path, suffix: str) -> None:
    refusal(write(tmp_path, f"a{suffix}", b""), EmptyDocument, "空文件")


@pytest.mark.parametrize("content", [" \n\t\n", "\ufeff", "\n" * 9])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_nothing_but_blanks(tmp_path: Path, suffix: str, content: str) -> None:
    refusal(write(tmp_path, f"a{suffix}", content), EmptyDocument, "没有")


def test_nothing_left_after_cleaning(tmp_path: Path) -> None:
    refusal(write(tmp_path, "a.txt", "加微信 abc12345 免费领取资料\n"), EmptyDocument, "没有剩下")


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + bytes(50),
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        OLE,
        bytes(range(256)) * 20,
        b"\x00" * 500,
        bytes((i * 89 + i * i) % 256 for i in range(5000)),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html"])
def test_bytes_that_are_no_text(tmp_path: Path, suffix: str, content: bytes) -> None:
    refusal(write(tmp_path, f"a{suffix}", content), BinaryDocument, "不是文字文件", "请另存为")


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pdf"])
@pytest.mark.parametrize(
    "content", [b"hello", PROSE.encode(), b"PK\x03\x04" + bytes(100), b"%PDF-1.7\nnonsense"]
)
def test_broken(tmp_path: Path, suffix: str, content: bytes) -> None:
    refusal(write(tmp_path, f"a{suffix}", content), BrokenDocument, "打不开", suffix)


@pytest.mark.parametrize("at", [0.3, 0.6, 0.95])
def test_cut_off_or_damaged_in_the_middle(tmp_path: Path, at: float) -> None:
    for good in (good_docx(tmp_path), good_xlsx(tmp_path)):
        data = good.read_bytes()
        cut = int(len(data) * at)
        refusal(write(tmp_path, f"cut{good.suffix}", data[:cut]), BrokenDocument, "打不开")
        hurt = data[:cut] + bytes(40) + data[cut + 40 :]
        path = write(tmp_path, f"hurt{good.suffix}", hurt)
        with suppress(DocumentError):  # a part that nobody needs may be hurt
            read(path)


def test_another_archive_is_no_document(tmp_path: Path) -> None:
    for suffix in (".docx", ".xlsx"):
        refusal(zipped(tmp_path / f"a{suffix}", {"a.txt": b"x"}), BrokenDocument, "打不开")


@pytest.mark.parametrize("suffix", [".docx", ".xlsx"])
def test_a_password(tmp_path: Path, suffix: str) -> None:
    refusal(write(tmp_path, f"a{suffix}", OLE), EncryptedDocument, "有密码", "去掉密码")


def test_a_password_on_a_pdf(tmp_path: Path) -> None:
    source = write(tmp_path, "open.pdf", pdf([[PROSE]]))
    for user in ("secret", ""):
        writer = pypdf.PdfWriter(clone_from=source)
        writer.encrypt(user, "owner", algorithm="RC4-128")
        writer.write(tmp_path / "a.pdf")
        if user:
            refusal(tmp_path / "a.pdf", EncryptedDocument, "有密码")
        else:  # only printing is forbidden
            assert PROSE in read(tmp_path / "a.pdf")[0].text


def test_a_scanned_pdf(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.pdf", pdf([[], []])), ScannedDocument, "2 页", "OCR")
    assert error.values["pages"] == 2


def test_a_zip_bomb_by_what_it_declares(tmp_path: Path) -> None:
    good = good_docx(tmp_path)
    path = replaced(good, tmp_path / "a.docx", "word/document.xml", b" " * (80 * 1024**2))
    refusal(path, ExpandsTooFar, "解压后会超过", "MB")


@pytest.mark.parametrize("suffix", [".docx", ".xlsx"])
def test_a_zip_bomb_that_lies_about_its_size(tmp_path: Path, suffix: str) -> None:
    path = zipped(tmp_path / f"a{suffix}", {"[Content_Types].xml": b"<a/>", "x.xml": bytes(90 * 1024**2)})
    data = bytearray(path.read_bytes())
    size = (90 * 1024**2).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises((ExpandsTooFar, BrokenDocument)):
        open_document(path)


def test_a_zip_with_very_many_parts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for i in range(10_001):
            archive.writestr(f"{i}", b"")
    refusal(tmp_path / "a.xlsx", ExpandsTooFar)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "'
    + "哈" * 1000
    + '">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 20}">' for i in range(8))
    + "]>"
)


@pytest.mark.parametrize(
    ("suffix", "member"),
    [
        (".docx", "word/document.xml"),
        (".docx", "word/styles.xml"),
        (".xlsx", "xl/worksheets/sheet1.xml"),
        (".xlsx", "xl/workbook.xml"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_not_expanded(tmp_path: Path, suffix: str, member: str, encoding: str) -> None:
    good = good_docx(tmp_path) if suffix == ".docx" else good_xlsx(tmp_path)
    with zipfile.ZipFile(good) as archive:
        body = re.sub(r"<\?xml[^>]*\?>", "", archive.read(member).decode())
    content = (LAUGHS + body.replace("89", "&i;").replace(PROSE, "&i;")).encode(encoding)
    refusal(replaced(good, tmp_path / f"a{suffix}", member, content), BrokenDocument, "XML 实体")


def test_entities_of_a_page_are_not_expanded(tmp_path: Path) -> None:
    page = LAUGHS.replace("<!DOCTYPE x", "<!DOCTYPE html") + f"<html><body><p>&i;{PROSE}</p></body></html>"
    assert sum(len(b.text) for b in read(write(tmp_path, "a.html", page))) < 20_000


def test_more_passages_than_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"第{i}条:{PROSE}\n" for i in range(190_000))
    assert path.stat().st_size < MAX_BYTES
    error = refusal(path, DocumentTooLarge, "20000 段", "拆成")
    assert error.values["unit"] == "passages"


def test_passages_are_counted_once_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.documents.document.MAX_PASSAGES", 3)
    text = "".join(f"# 第{i}章\n{PROSE}{i}{MORE}{PROSE}{i}\n" for i in range(4))
    refusal(write(tmp_path, "a.md", text), DocumentTooLarge, "段", "拆成")


def test_an_endless_field(tmp_path: Path) -> None:
    refusal(write(tmp_path, "a.csv", '品,价\n面霜,"89' + "很长" * 200_000), DocumentTooLarge, "第", "引号")


def test_no_such_file_and_no_name(tmp_path: Path) -> None:
    refusal(tmp_path / "没有.txt", UnreadableDocument, "没有这个文件")
    with pytest.raises(UnreadableDocument):
        open_document(Path("a\0b.txt"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_folders_pipes_devices_and_loops(tmp_path: Path) -> None:
    (tmp_path / "b.txt").mkdir()
    refusal(tmp_path / "b.txt", NotAFile, "是文件夹")
    os.mkfifo(tmp_path / "c.txt")
    refusal(tmp_path / "c.txt", NotAFile, "设备或管道")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    refusal(tmp_path / "zero.txt", NotAFile, "设备或管道")
    (tmp_path / "x.txt").symlink_to(tmp_path / "y.txt")
    (tmp_path / "y.txt").symlink_to(tmp_path / "x.txt")
    refusal(tmp_path / "x.txt", UnreadableDocument, "绕圈")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", PROSE)
    path.chmod(0)
    refusal(path, UnreadableDocument, "权限")


def test_no_permission_as_the_system_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", closed)
    refusal(write(tmp_path, "a.txt", PROSE), UnreadableDocument, "权限")


def test_the_files_of_folders(tmp_path: Path) -> None:
    for name in (
        "b/2.txt",
        "b/1.md",
        "a.txt",
        "~$a.docx",
        ".DS_Store",
        ".hidden/x.txt",
        "a.tmp",
        "c.exe",
        "b/._1.md",
        "Z.PDF",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROSE, encoding="utf-8")
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "again.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "dead.txt").symlink_to(tmp_path / "none.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    found = [p.relative_to(tmp_path).as_posix() for p in documents_in([tmp_path])]
    assert found == ["Z.PDF", "a.txt", "b/1.md", "b/2.txt"]
    assert documents_in([tmp_path / "c.exe", tmp_path / "a.txt", tmp_path]) == [
        tmp_path / "c.exe",
        tmp_path / "a.txt",
        tmp_path / "Z.PDF",
        tmp_path / "b/1.md",
        tmp_path / "b/2.txt",
    ]


_ROWS = """
import resource, sys
from pathlib import Path
from knowledge.documents import read, split
from knowledge.errors import DocumentTooLarge
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    blocks = read(Path(sys.argv[1]))
    print(len(blocks), len(split(blocks)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
except DocumentTooLarge as error:
    print("refused", error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage here")
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_of_a_hundred_thousand_rows(tmp_path: Path, suffix: str) -> None:
    rows = [[f"商品{i}", i % 300, "女装", f"2026-11-{i % 28 + 1:02d}"] for i in range(100_000)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".csv":
        path.write_text(
            "品名,价格,类目,上架\n" + "".join(",".join(map(str, r)) + "\n" for r in rows), encoding="gbk"
        )
    else:
        table = "".join(
            "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
            for row in [["品名", "价格", "类目", "上架"], *rows]
        )
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        content = f"<worksheet {space}><sheetData>{table}</sheetData></worksheet>".encode()
        replaced(good_xlsx(tmp_path), path, "xl/worksheets/sheet1.xml", content)
    run = subprocess.run(
        [sys.executable, "-c", _ROWS, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    blocks, pieces, kilobytes = map(int, run.stdout.split())
    assert blocks == 100_001
    assert pieces <= 20_000
    assert kilobytes < 400_000


def test_a_table_too_long_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    cells = ",".join("很长的说明文字" for _ in range(20))
    path.write_text(",".join(f"列{i}" for i in range(20)) + "\n" + (cells + "\n") * 90_000, encoding="gbk")
    assert path.stat().st_size < MAX_BYTES
    refusal(path, DocumentTooLarge, "20000 段")


def test_what_is_good_is_still_read(tmp_path: Path) -> None:
    assert [b.text for b in read(good_docx(tmp_path))] == [PROSE]
    document = open_document(write(tmp_path, "a.txt", f"{PROSE}\n{MORE}\n"))
    assert document.name == "a.txt"
    assert len(document.sha256) == 64
    assert document.dropped == {}
    assert len(document.pieces) == 1
