"""Where things lie. Everything has a default that works; the environment overrides it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path, user_data_path

_APP = "douyin-advisor"


@dataclass(frozen=True, slots=True)
class Settings:
    """`model`: an embedding model by name or folder, None for the bundled one; `overrides`: the operator's
    parameter file, None where there is none; `data`: the folder of the conversation store.

    `default`: where the operator's file lies when none is named; it may come and go while a bot runs."""

    model: str | None
    overrides: Path | None
    data: Path
    default: Path

    @property
    def documents(self) -> Path:
        """The folder of the index of the operator's own documents."""
        return self.data / "documents"

    def overrides_now(self) -> Path | None:
        """The operator's file as it is at this moment: the one named, else the default where there is one."""
        if self.overrides is not None and self.overrides != self.default:
            return self.overrides
        return self.default if self.default.is_file() else None


def load_settings(overrides: Path | None = None) -> Settings:
    """Settings from the environment: ADVISOR_MODEL, ADVISOR_CONFIG (folder), ADVISOR_DATA (folder)."""
    config = Path(os.environ.get("ADVISOR_CONFIG") or user_config_path(_APP))
    default = config / "overrides.yaml"
    return Settings(
        model=os.environ.get("ADVISOR_MODEL") or None,
        overrides=overrides or (default if default.is_file() else None),
        data=Path(os.environ.get("ADVISOR_DATA") or user_data_path(_APP)),
        default=default,
    )
