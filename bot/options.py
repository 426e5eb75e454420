"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="JSON Lines on standard output")]
Overrides = Annotated[Path | None, typer.Option(help="the operator's parameter file")]
