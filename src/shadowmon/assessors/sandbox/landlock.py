"""
Landlock: a process gives up the file system, TCP and signals to others, for itself and its children
(landlock(7)), without any privilege.

Imports nothing but the standard library: this text is run inside the sandbox too.
"""

from __future__ import annotations

import ctypes
import os
import struct

from collections.abc import Sequence


_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, on every machine."""
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FIRST_RIGHTS = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_BIND_AND_CONNECT_TCP = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3

SCOPES_SINCE = 6
"""The version from which signals to processes outside are refused."""

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of the kernel's Landlock; 0 if it has none, or has it switched off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def restrict(*, read: Sequence[str], write: Sequence[str]) -> None:
    """
    Leave this process these folders and files; those that do not exist are passed over.

    Args:
        read: May be read, and executed.
        write: May be read and changed in every way.

    Raises:
        OSError: If the kernel cannot, or will not.

    """
    have = version()
    if have < 1:
        msg = "the kernel offers no Landlock"
        raise OSError(msg)
    rights = _FIRST_RIGHTS
    for right, since in ((_REFER, 2), (_TRUNCATE, 3), (_IOCTL_DEVICE, 5)):
        rights |= right if have >= since else 0
    network = _BIND_AND_CONNECT_TCP if have >= 4 else 0  # noqa: PLR2004 - since its version 4
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if have >= SCOPES_SINCE else 0
    attributes = struct.pack("<QQQ", rights, network, scopes)
    if have < SCOPES_SINCE:
        attributes = attributes[: 16 if network else 8]
    ruleset = _checked("create a ruleset", _CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for paths, allowed in ((read, _READ), (write, rights & ~_IOCTL_DEVICE)):
            for path in paths:
                _allow(ruleset, path, allowed & rights)
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
        _checked("restrict itself", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes as long to import as all else
            rights &= _OF_A_FILE
        rule = struct.pack("<Qi", rights, opened)
        _checked(f"add a rule for {path}", _ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


def _checked(what: str, number: int, *arguments: int | bytes) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock would not {what}")
    return result
