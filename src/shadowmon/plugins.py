"""
A word of the configuration to a class, by entry point; one road for built-ins and strangers.

Kinds are the entry point groups `shadowmon.<kind>`: codecs, scorers, actuators. An entry is
imported only when the configuration names it.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from shadowmon.errors import Complaint, ConfigError


def names(kind: str) -> list[str]:
    """Return every word that `kind` may be configured by."""
    return sorted(entry.name for entry in entry_points(group=f"shadowmon.{kind}"))


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
    found: list[EntryPoint] = list(entry_points(group=f"shadowmon.{kind}", name=name))
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
