"""TL-15: a tool is named with the thing to look at there, a person with what to ask."""

from __future__ import annotations

from rules.model import RuleBase


def test_no_tool_is_named_without_what_to_look_at(base: RuleBase) -> None:
    values = base.keys["tools"].values
    assert isinstance(values, list)
    for value in values:
        title = base.keys["tools"].titles[value]
        tool, _, look = title.zh.partition(":")
        assert tool
        assert any(word in look for word in ("看", "查", "问")), title.zh
        assert len(look) >= 8
        assert ":" in title.en
