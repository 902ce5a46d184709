"""Small files that are read when they are needed: tokens and secrets, which others may exchange."""

from __future__ import annotations

from pathlib import Path

from shadowmon.errors import ActuatorError


SMALL_MAX_BYTES = 65_536


def read_small(path: Path, what: str) -> str:
    """
    Return a file's text without the white space around it.

    Args:
        path: Where it is.
        what: For the error, such as `the token`.

    Raises:
        ActuatorError: If it cannot be read, is empty, or is too long. Nothing of it is shown.

    """
    try:
        with path.open("rb") as file:
            content = file.read(SMALL_MAX_BYTES + 1)
        text = content.decode().strip()
    except OSError as error:
        msg = f"{what} cannot be read from {path}: {error.strerror}"
        raise ActuatorError(msg) from None
    except UnicodeDecodeError:
        msg = f"{what} in {path} is not UTF-8"
        raise ActuatorError(msg) from None
    if not text or len(content) > SMALL_MAX_BYTES:
        msg = f"{what} in {path} is {'longer than 64 kB' if text else 'empty'}"
        raise ActuatorError(msg)
    return text
