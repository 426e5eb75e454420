"""YAML with the line of every key, for messages of the form `file:line [id] what`.

`yes`, `no`, `on` and `off` are plain words here, as in YAML 1.2 (an override file has a key `on`), and a
key that stands twice in one mapping is refused rather than silently overwritten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rules.errors import Finding, phrase, sentences


class Mapping(dict[str, Any]):
    """A YAML mapping that remembers the line (from 1) on which it and each of its keys stand."""

    line: int = 0
    lines: dict[str, int]


class TwiceError(yaml.constructor.ConstructorError):
    """A key that stands twice; `problem` is the key."""


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    pass


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rx) for tag, rx in pairs if tag != "tag:yaml.org,2002:bool"]
    for first, pairs in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", __import__("re").compile(r"^(?:true|false)$"), list("tf")
)


def _mapping(loader: Any, node: Any) -> Mapping:
    out = Mapping()
    out.line = node.start_mark.line + 1
    out.lines = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        if key in out:
            raise TwiceError(None, None, key, key_node.start_mark)
        out.lines[key] = key_node.start_mark.line + 1
        try:
            out[key] = loader.construct_object(value_node, deep=True)
        except ValueError as error:  # 2026-02-31 has the form of a date
            raise yaml.constructor.ConstructorError(None, None, str(error), value_node.start_mark) from None
    return out


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_text(path: Path, shown: str) -> tuple[str | None, list[Finding]]:
    """The text of a file, or the finding that says why there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = bytes(error.object)[: error.start].count(b"\n") + 1
        return None, [Finding(shown, line, "file", "file_not_utf8")]
    except FileNotFoundError:
        return None, [Finding(shown, 1, "file", "file_missing")]
    except OSError as error:
        kind = {PermissionError: "permission", IsADirectoryError: "folder"}.get(type(error), "other")
        return None, [Finding(shown, 1, "file", "file_unreadable", {"why": phrase(f"why.{kind}")})]


def parse(text: str, shown: str) -> tuple[Any, list[Finding]]:
    """The content of a YAML text (mappings as `Mapping`), or the finding that says why it cannot be read."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except TwiceError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [Finding(shown, line, "yaml", "yaml_twice", {"name": error.problem})]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [_broken(shown, mark.line + 1 if mark else 1, str(error.problem or error))]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [_broken(shown, 1, str(error))]
    return (Mapping() if data is None else data), []


def _broken(shown: str, line: int, said: str) -> Finding:
    known = next((one for one in sentences()["yaml"] if one["says"] in said), None)
    if known is None:
        return Finding(shown, line, "yaml", "yaml_unknown")
    return Finding(shown, line, "yaml", "yaml_broken", {"problem": known["what"], "right": known["right"]})


def read_own(path: Path) -> Any:
    """The content of a data file of the project. Raises `ValueError` where it is broken: a defect."""
    content, findings = read_yaml(path, "/".join(path.parts[-4:]))
    if findings:
        raise ValueError("\n".join(map(str, findings)))
    return content


def read_yaml(path: Path, name: str | None = None) -> tuple[Any, list[Finding]]:
    """The content of a YAML file (mappings as `Mapping`), or the findings that say why there is none.

    An empty file reads as an empty mapping.
    """
    shown = name or str(path)
    text, findings = read_text(path, shown)
    return (None, findings) if text is None else parse(text, shown)
