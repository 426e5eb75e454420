"""YAML with the line of every key, for messages of the form `file:line [id] what`.

`yes`, `no`, `on` and `off` are plain words here, as in YAML 1.2 (an override file has a key `on`), and a
key that stands twice in one mapping is refused rather than silently overwritten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rules.errors import Finding


class Mapping(dict[str, Any]):
    """A YAML mapping that remembers the line (from 1) on which it and each of its keys stand."""

    line: int = 0
    lines: dict[str, int]


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
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
        out.lines[key] = key_node.start_mark.line + 1
        out[key] = loader.construct_object(value_node, deep=True)
    return out


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: Path, name: str | None = None) -> tuple[Any, list[Finding]]:
    """The content of a YAML file (mappings as `Mapping`), or the findings that say why there is none.

    An empty file reads as an empty mapping.
    """
    shown = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (
            "is not UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or "cannot be read")
        )
        return None, [Finding(shown, 1, "file", f"the file {why}", "a readable UTF-8 file")]
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [
            Finding(shown, mark.line + 1 if mark else 1, "yaml", str(error.problem or error), "valid YAML")
        ]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [Finding(shown, 1, "yaml", " ".join(str(error).split()), "valid YAML")]
    return (Mapping() if data is None else data), []
