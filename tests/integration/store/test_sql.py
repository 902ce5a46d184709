"""SqlStore keeps what the Store protocol promises, on a real file."""

from __future__ import annotations

from pathlib import Path

from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.testing.stores import StoreContract


class TestSqlStore(StoreContract):
    def make(self, folder: Path) -> SqlStore:
        return SqlStore(StoreSettings(path=folder / "it.db"))
