"""Fails when an installed package's licence is not on the list below.

A licence field may be an expression ("Apache-2.0 AND MIT"): of parts joined by AND every one must be allowed,
of parts joined by OR (or listed by `;`) one is enough.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

ALLOWED = (
    r"MIT( License)?|MIT-0|MIT-CMU|0BSD|ISC( License( \(ISCL\))?)?|Zlib|CC0-1\.0|The Unlicense.*|Unlicense|"
    r"BSD|BSD License|BSD-[23]-Clause|3-Clause BSD License|New BSD License|BSL-1\.0|"
    r"Apache( Software)?( License)?[ ,-]*(Version )?(2\.0)?( License)?|Apache-2\.0 WITH LLVM-exception|"
    r"PSF-2\.0|Python Software Foundation License|CNRI-Python|HPND|"
    r"MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0\)|"
    # python-telegram-bot: used as a separate, unmodified, replaceable package.
    r"LGPL-3\.0-only|LGPL-3\.0-or-later|GNU (Lesser|Library).*"
)
# Where no CPU build is chosen, torch for Linux brings NVIDIA's own libraries; their terms let us name them.
OWN_TERMS = re.compile(r"nvidia-.*|cuda-.*|triton")


def allowed(licence: str) -> bool:
    """Whether every conjunct of the expression has an allowed alternative."""
    for conjunct in re.split(r"\s+AND\s+", licence):
        parts = (part.strip() for part in re.split(r"\s+OR\s+|;\s*", conjunct))
        if not any(re.fullmatch(ALLOWED, part) for part in parts):
            return False
    return True


def main() -> int:
    """Check every distribution of this environment; names the offenders."""
    run = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--with-system"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages: list[dict[str, str]] = json.loads(run.stdout)
    bad = [p for p in packages if not allowed(p["License"]) and not OWN_TERMS.fullmatch(p["Name"])]
    for package in bad:
        print(f"{package['Name']} {package['Version']}: licence {package['License']!r} is not on the list")
    print(f"licences: {len(packages)} packages, {len(bad)} not allowed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
