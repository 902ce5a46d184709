"""
A copy of a database to look into, taken while a daemon may be writing it.

Whoever only wants to read must neither wait for the daemon's lock nor bring the file to another
version. SQLite's online backup reads one consistent state and changes nothing.
"""

from __future__ import annotations

import sqlite3

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from shadowmon.errors import StoreError


_HAS_JOURNAL = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'journal'"


def copy_of(path: Path, folder: Path) -> Path:
    """
    Copy a database into a folder.

    Returns:
        The copy.

    Raises:
        StoreError: If there is no such database, or it cannot be read.

    """
    copy = folder / "copy.db"
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            found = target.execute(_HAS_JOURNAL).fetchone()
    except sqlite3.Error as error:
        advice = "" if path.exists() else " (there is no such file)"
        msg = f"{path}: cannot be read: {error}{advice}"
        raise StoreError(msg) from error
    if found is None:
        msg = f"{path}: holds no journal; name the file of store.path"
        raise StoreError(msg)
    return copy
