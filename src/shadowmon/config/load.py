"""
YAML + secret files + environment + flags -> Settings, or one error with every complaint.

Later sources win: flags over environment over secret files over YAML over defaults. What comes out
is whole and checked (config/check.py); there is no half of it. Every path in it is absolute
(config/places.py).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from shadowmon.config import document
from shadowmon.config.check import check
from shadowmon.config.complaints import complaint, meant
from shadowmon.config.further import further
from shadowmon.config.keys import written
from shadowmon.config.layers import (
    SECRETS_FOLDER,
    Given,
    Layers,
    from_environment,
    from_flags,
    from_secrets,
)
from shadowmon.config.places import folder_of, led, store_led
from shadowmon.config.settings import Settings
from shadowmon.errors import Complaint, ConfigError


_NO_OVERRIDES: Mapping[str, Any] = MappingProxyType({})


def load(
    path: Path | None,
    *,
    environment: Mapping[str, str],
    overrides: Mapping[str, Any] = _NO_OVERRIDES,
    secrets: Path | None = None,
) -> Settings:
    """
    Load, check and return the settings.

    Args:
        path: The YAML file; None for none.
        environment: Of the process. `SHADOWMON_MIRROR__QUEUE_MAX=5` sets `mirror.queue_max`; lists
            and mappings are written as JSON. `STATE_DIRECTORY` is where the store lies by default.
        overrides: Flags: `{"mirror.queue_max": 5}`.
        secrets: A folder of secret files; None: what the variable SHADOWMON_SECRETS names, if set.

    Raises:
        ConfigError: With every complaint at once, and the file's name as their origin.

    """
    origin = path.name if path else "configuration"
    try:
        tree = document.read(_content(path)) if path else {}
        laid = Layers(led(tree, folder_of(path)))
        for layer in _layers(environment, overrides, secrets):
            laid.lay(layer)
        laid.tree = led(laid.tree, Path())
        return store_led(_validated(laid), path, environment)
    except ConfigError as error:
        raise ConfigError(*error.complaints, origin=origin) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(document.BYTES_MAX + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(Complaint(key="the file", problem=problem)) from None


def _layers(
    environment: Mapping[str, str], overrides: Mapping[str, Any], secrets: Path | None
) -> Iterator[list[Given]]:
    """Yield the layers over the file, the lowest first."""
    named = environment.get(SECRETS_FOLDER, "")
    folder = secrets or (Path(named) if named else None)
    yield list(from_secrets(folder)) if folder else []
    yield list(from_environment(environment))
    yield list(from_flags(overrides))


def _validated(laid: Layers) -> Settings:
    """Return the settings, each key right by itself and all of them right together."""
    # From JSON, and strictly: a list is then a tuple's only spelling, "5" is no number, true no 1.
    try:
        settings = Settings.model_validate_json(json.dumps(laid.tree, default=str), strict=True)
    except ValidationError as error:
        # Without its cause: pydantic's own text shows values, and one of them could be a secret.
        raise ConfigError(*_complaints(laid, error)) from None
    complaints = _complaints(laid, None) if laid.complaints else check(settings)
    if complaints:
        raise ConfigError(*complaints)
    return settings


def _complaints(laid: Layers, error: ValidationError | None) -> list[Complaint]:
    """Return what is wrong with single keys, and what else can be said in the same go."""
    found = list(laid.complaints)
    wrong = [each.key for each in found]
    for one in error.errors(include_url=False) if error else ():
        path = tuple(one["loc"])
        found.append(complaint(one, source=laid.source(path)))
        wrong += [written(path), *(meant(path) if one["type"] == "extra_forbidden" else ())]
    return [*found, *further(laid.tree, error, wrong)]
