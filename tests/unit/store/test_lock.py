"""Which file system a folder is on."""

from __future__ import annotations

import errno
import os

from pathlib import Path

import pytest

from shadowmon.errors import StoreError
from shadowmon.store import lock


MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
91 27 0:44 /export /data rw,relatime shared:7 master:2 - nfs4 nas:/export rw,vers=4.2
a line that is none
"""


@pytest.mark.parametrize(
    ("device", "found"),
    [((254, 1), "ext4"), ((0, 44), "nfs4"), ((0, 21), "proc"), ((9, 9), None)],
)
def test_file_system(device: tuple[int, int], found: str | None) -> None:
    """The file system's type is found by the device's number, whatever fields there are."""
    assert lock.file_system(MOUNTS, os.makedev(*device)) == found


def test_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a network file system is refused; it is named, and so is what to do."""
    monkeypatch.setattr(lock, "file_system", lambda _mounts, _device: "nfs4")

    with pytest.raises(
        StoreError, match=r"network file system \(nfs4\); SQLite needs a local disk"
    ):
        lock.refuse_network(tmp_path)


def test_local_disk_is_fine(tmp_path: Path) -> None:
    """A folder of this machine is not refused."""
    lock.refuse_network(tmp_path)


def test_a_full_disk_takes_no_lock_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room to write who holds it, the lock is held all the same."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    fd = lock.hold(tmp_path / "it.db")

    with pytest.raises(StoreError, match="another shadowmon has it"):
        lock.hold(tmp_path / "it.db")
    os.close(fd)
