"""Where the journal and the state are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class StoreSettings(BaseModel):
    """Settings of store/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path("shadowmon.db")
    """The SQLite file; not named, it lies in $STATE_DIRECTORY, else beside the configuration. A
    lock file of the same name plus `.lock` lies beside it, and one plus `.orders` for what is
    ordered while it cannot be written."""
    awaiting_max: Annotated[int, Field(ge=0)] = 200_000
    """Scored pairs that wait for a label; older ones than these are given up and counted."""
