"""
Settings for child processes: as JSON, secrets revealed, and back again.

Rule: what `to_wire` returns goes nowhere but into memory that only the daemon's own processes can
read. What is for people is in config/dump.py.
"""

from __future__ import annotations

import json

from typing import Any

from pydantic import SecretStr

from shadowmon.config.keys import KeyPath, spelled
from shadowmon.config.settings import Settings


def to_wire(settings: Settings) -> bytes:
    """Return all settings as JSON; `from_wire` gives back an equal tree."""
    return json.dumps(spelled(settings, _revealed), separators=(",", ":")).encode()


def from_wire(wire: bytes) -> Settings:
    """Return what `to_wire` was given. It was checked before; it is not checked again."""
    return Settings.model_validate_json(wire, strict=True)


def _revealed(value: Any, path: KeyPath) -> Any:  # noqa: ANN401 - any setting
    del path
    return value.get_secret_value() if isinstance(value, SecretStr) else value
