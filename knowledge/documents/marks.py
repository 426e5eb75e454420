"""Sentences and clauses of Chinese text, whatever width its punctuation has."""

from __future__ import annotations

import re

_ENDS = r"。!?;\uff01\uff1f\uff1b"
_CLOSES = r"\"”’』」)\uff09】\]》"
# Between Latin letters a question mark is part of an address.
SENTENCE = re.compile(
    rf"(?:[^{_ENDS}\n]|(?<=[A-Za-z0-9/])[?;!](?=[A-Za-z0-9]))+[{_ENDS}\n]*[{_CLOSES}]*|[{_ENDS}\n]+"
)
CLAUSE = re.compile(r"[^,\uff0c]+[,\uff0c]*|[,\uff0c]+")
END = re.compile(rf"[{_ENDS}\n]+[{_CLOSES}]*\s*$")
