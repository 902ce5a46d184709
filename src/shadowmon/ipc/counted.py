"""
By which metrics each trial's pairs are counted: told by the control process, read by the workers.

A memory file that all of them share. Limits that are in force need not be those of the
configuration (policy/loosening.py), and a scores metric is counted by its limits; so only the
control process knows. It writes, and then counts up `Head.CONTROL_LIFE`; whoever sees a new life
reads again.

Rule 1: what is in force is never overwritten. The file has room for two; it is written where the
        other one was, and then eight bytes say which of the two stands. Whoever dies in between
        changed nothing.
"""

from __future__ import annotations

import os
import struct

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from shadowmon.records import Metric, MetricName, TrialId


Counted: TypeAlias = Mapping[TrialId, Mapping[MetricName, Metric]]

_STANDS = struct.Struct("<II")
"""Where that which stands begins, and its length; all zeros before anything was told."""
_ROOMS = (_STANDS.size, 16 * 1024 * 1024)
"""Where either of the two begins; what nobody wrote takes no memory."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, dict[str, Metric]])


def create() -> int:
    """Return the descriptor of a file that says nothing yet."""
    return os.memfd_create("shadowmon-counted")


def tell(fd: int, counted: Counted) -> None:
    """Write all of it, then say that it stands."""
    at, _ = _standing(fd)
    free = _ROOMS[at == _ROOMS[0]]
    content = _encoder.encode(counted)
    os.pwrite(fd, content, free)
    os.pwrite(fd, _STANDS.pack(free, len(content)), 0)


def read(fd: int) -> Counted:
    """Return what was told last; empty if nothing was yet."""
    at, length = _standing(fd)
    found = _decoder.decode(os.pread(fd, length, at)) if length else {}
    return {
        TrialId(trial): {MetricName(name): metric for name, metric in metrics.items()}
        for trial, metrics in found.items()
    }


def _standing(fd: int) -> tuple[int, int]:
    head = os.pread(fd, _STANDS.size, 0)
    return _STANDS.unpack(head) if head else (0, 0)
