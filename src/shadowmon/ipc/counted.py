"""
By which metrics each trial's pairs are counted: told by the control process, read by the workers.

A memory file that all of them share. Limits that are in force need not be those of the
configuration (policy/loosening.py), and a scores metric is counted by its limits; so only the
control process knows. It writes, and then counts up `Head.CONTROL_LIFE`; whoever sees a new life
reads again.
"""

from __future__ import annotations

import os
import struct

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from shadowmon.records import Metric, MetricName, TrialId


Counted: TypeAlias = Mapping[TrialId, Mapping[MetricName, Metric]]

_LENGTH = struct.Struct("<Q")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, dict[str, Metric]])


def create() -> int:
    """Return the descriptor of a file that says nothing yet."""
    return os.memfd_create("shadowmon-counted")


def tell(fd: int, counted: Counted) -> None:
    """Write; the length goes last, so that a reader finds all of it or the former."""
    content = _encoder.encode(counted)
    os.pwrite(fd, content, _LENGTH.size)
    os.pwrite(fd, _LENGTH.pack(len(content)), 0)


def read(fd: int) -> Counted:
    """Return what was told last; empty if nothing was yet."""
    head = os.pread(fd, _LENGTH.size, 0)
    if len(head) < _LENGTH.size:
        return {}
    (length,) = _LENGTH.unpack(head)
    found = _decoder.decode(os.pread(fd, length, _LENGTH.size))
    return {
        TrialId(trial): {MetricName(name): metric for name, metric in metrics.items()}
        for trial, metrics in found.items()
    }
