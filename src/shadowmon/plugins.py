"""
A word of the configuration to a class, by entry point; one road for built-ins and strangers.

Kinds are the entry point groups `shadowmon.<kind>`: codecs, scorers, actuators. An entry is
imported only when the configuration names it.
"""

from __future__ import annotations

import sys

from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any, TypeAlias

from shadowmon.errors import Complaint, ConfigError


_Places: TypeAlias = tuple[tuple[str, int], ...]
"""Folders that things are imported from, and when the last package came or went there."""


def names(kind: str) -> list[str]:
    """Return every word that `kind` may be configured by."""
    return sorted(entry.name for entry in _entries(kind))


def load(kind: str, name: str, *, key: str) -> Any:  # noqa: ANN401 - each kind has its own Protocol
    """
    Return the class that `name` stands for.

    Args:
        kind: codecs, scorers or actuators.
        name: The configuration's word.
        key: Where it stands in the configuration, for the message.

    Raises:
        ConfigError: If nothing or more than one thing has that name, or it cannot be imported.

    """
    found = list(_entries(kind).select(name=name))
    singular = kind.removesuffix("s")
    if not found:
        raise ConfigError(
            Complaint(
                key=key,
                problem=f'no {singular} is called "{name}"',
                hint=f"there are: {', '.join(names(kind))}",
            )
        )
    if len(found) > 1:
        owners = ", ".join(sorted(str(entry.dist and entry.dist.name) for entry in found))
        raise ConfigError(
            Complaint(
                key=key,
                problem=f'more than one {singular} is called "{name}"',
                hint=f"uninstall one of: {owners}",
            )
        )
    try:
        return found[0].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            Complaint(key=key, problem=f'{singular} "{name}" cannot be imported: {error}')
        ) from error


def _entries(kind: str) -> EntryPoints:
    return _entries_at(tuple(_places()), f"shadowmon.{kind}")


@lru_cache(maxsize=8)
def _entries_at(places: _Places, group: str) -> EntryPoints:
    """Read what every installed package declares: too slow to be done for each word of a file."""
    del places  # as long as they are the same, so is the answer
    return entry_points(group=group)


def _places() -> Iterator[tuple[str, int]]:
    for folder in sys.path:
        try:
            yield folder, Path(folder).stat().st_mtime_ns
        except OSError:  # not there (yet)
            yield folder, 0
