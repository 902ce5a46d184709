"""Small files that are read when they are needed: tokens and secrets, which others may exchange."""

from __future__ import annotations

from pathlib import Path

from shadowmon.errors import ShadowmonError


SMALL_MAX_BYTES = 65_536


class UnreadableError(ShadowmonError):
    """A file cannot be used. Whoever needs it tries again; the message shows nothing of it."""


def read_small(path: Path) -> str:
    """
    Return a file's text without the white space around it.

    Raises:
        UnreadableError: If it cannot be read, is empty, or is too long.

    """
    try:
        with path.open("rb") as file:
            content = file.read(SMALL_MAX_BYTES + 1)
        text = content.decode().strip()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UnreadableError(msg) from None
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8"
        raise UnreadableError(msg) from None
    if not text or len(content) > SMALL_MAX_BYTES:
        msg = f"{path} is {'longer than 64 kB' if text else 'empty'}"
        raise UnreadableError(msg)
    return text
