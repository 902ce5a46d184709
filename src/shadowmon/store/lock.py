"""
One daemon, one file.

The lock lies beside the database, not in it: SQLite's own locks are given back after each
transaction, and two daemons that take turns would both believe that the rollout is theirs. The
kernel lets go of the lock when its holder dies, however it dies. The lock file stays: to remove
it would let two holders each lock a file of that name.
"""

from __future__ import annotations

import fcntl
import os

from contextlib import suppress
from pathlib import Path

from shadowmon.errors import StoreError


_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "fuse.sshfs"}
"""File systems whose locks may be granted twice, or whose writes may be late."""


def hold(path: Path) -> int:
    """
    Take the lock of a database and return its file descriptor; to close that is to let go.

    Never waits. A child process holds it too if it was forked, or was given the descriptor: the
    lock is free when the last of them is gone.

    Args:
        path: The database. Its lock file, of the same name plus `.lock`, is made if it is missing;
            our process id is written into it if there is room.

    Raises:
        StoreError: If another process holds it (its id), or no lock can be had there.

    """
    path = path.with_name(path.name + ".lock")
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        msg = (
            f"{path}: cannot be made: {error.strerror};"
            " the folder must exist and be writable (store.path)"
        )
        raise StoreError(msg) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        msg = (
            f"{path}: another shadowmon has it (process {holder});"
            " stop that one, or name another file in store.path"
        )
        raise StoreError(msg) from error
    except OSError as error:
        os.close(fd)
        msg = f"{path}: cannot be locked: {error.strerror}; use a local disk"
        raise StoreError(msg) from error
    _write_who(fd)
    return fd


def _write_who(fd: int) -> None:
    """
    Say in the lock file who holds it.

    It only helps whoever finds it held: on a full disk the lock is ours all the same, and users are
    served.
    """
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)


def confirm(fd: int) -> None:
    """
    See that the lock behind a descriptor that was handed to us is held, and go on holding it.

    Raises:
        StoreError: If it is not.

    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        msg = f"the lock that was handed over (descriptor {fd}) is not held: {error.strerror}"
        raise StoreError(msg) from error


def refuse_network(folder: Path) -> None:
    """
    Refuse to keep a database where locks cannot be relied on.

    Raises:
        StoreError: If `folder` is on a network file system.

    """
    with suppress(OSError):  # without /proc we cannot tell
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        found = file_system(mounts, folder.stat().st_dev)
        if found in _NETWORK:
            msg = f"{folder}: is on a network file system ({found}); SQLite needs a local disk"
            raise StoreError(msg)


def file_system(mounts: str, device: int) -> str | None:
    """
    Return the type of the file system that a device number belongs to, such as nfs4.

    Args:
        mounts: The text of /proc/self/mountinfo (proc(5)): the third field is the device's
            major:minor, the first field after " - " is the type.
        device: `st_dev` of a file on it.
    """
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        if left.split()[2:3] == [wanted] and right:
            return right.split()[0]
    return None
