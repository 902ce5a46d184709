"""MemoryStore keeps what the Store protocol promises."""

from __future__ import annotations

from pathlib import Path

from shadowmon.store.memory import MemoryStore
from shadowmon.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    def make(self, _folder: Path) -> MemoryStore:
        return MemoryStore()
