"""Secrets in small files, for actuators: what is wrong with one is an actuator's trouble."""

from __future__ import annotations

from pathlib import Path

from shadowmon.errors import ActuatorError
from shadowmon.outbound import files


def read_small(path: Path, what: str) -> str:
    """
    Return what stands in a file, without blanks around it.

    Args:
        path: Where it is.
        what: For the error, such as `the token`.

    Raises:
        ActuatorError: If it cannot be read, is empty, or is too long. Nothing of it is shown.

    """
    try:
        return files.read_small(path)
    except files.UnreadableError as error:
        msg = f"{what}: {error}"
        raise ActuatorError(msg) from None
