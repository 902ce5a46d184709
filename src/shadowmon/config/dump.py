"""
Settings as YAML for people: `shadowmon check-config --print`.

Rule: what comes out may go to a terminal or into a ticket: nothing that is or may hold a secret is
in it. Read back, it gives the same settings but for what is masked.
"""

from __future__ import annotations

import re

from typing import Any

import yaml

from pydantic import SecretStr

from shadowmon.config.keys import KeyPath, is_secret, spelled
from shadowmon.config.settings import Settings


MASK = "********"

_USER_INFO = re.compile(r"(?<=//)[^/?#]*@")
"""Up to the last @ before the path: a password may hold one (and should have it encoded)."""


def shown(settings: Settings) -> str:
    """Return all settings, defaults included, with every secret masked."""
    tree = spelled(settings, _masked)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)


def _masked(value: Any, path: KeyPath) -> Any:  # noqa: ANN401 - any setting
    if value is None:
        return None  # that there is no secret is no secret
    if isinstance(value, SecretStr) or is_secret(path):
        return MASK
    return _USER_INFO.sub(f"{MASK}@", value) if isinstance(value, str) else value
