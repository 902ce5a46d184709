"""Which metrics are counted, told through a memory file."""

from __future__ import annotations

import os

from dataclasses import replace

import pytest

from shadowmon.ipc import counted
from shadowmon.policy.rules import CORRECT
from shadowmon.records import Contrast, MetricKind
from tests.trials import INT8, METRICS


def test_what_is_told_last_is_read_whole():
    """Before anything is told there is nothing; a shorter one leaves no rest of a longer one."""
    fd = counted.create()
    held = replace(
        METRICS[CORRECT], kind=MetricKind.SCORES, held_to=((Contrast.RELATIVE_DROP, 0.05),)
    )
    try:
        assert counted.read(fd) == {}

        counted.tell(fd, {INT8: METRICS})
        assert counted.read(fd) == {INT8: METRICS}

        counted.tell(fd, {INT8: {CORRECT: held}})
        assert counted.read(fd) == {INT8: {CORRECT: held}}
    finally:
        os.close(fd)


def test_whoever_dies_while_telling_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """What stood before stands until all of the next is written, be it longer or shorter."""
    fd = counted.create()
    write = os.pwrite

    def dies_after_the_first_write(told: int, content: bytes, at: int) -> int:
        monkeypatch.setattr(os, "pwrite", _dies)
        return write(told, content, at)

    try:
        for former, next_one in (({INT8: METRICS}, {}), ({}, {INT8: METRICS})):
            counted.tell(fd, former)
            monkeypatch.setattr(os, "pwrite", dies_after_the_first_write)
            with pytest.raises(KeyboardInterrupt):
                counted.tell(fd, next_one)
            monkeypatch.undo()

            assert counted.read(fd) == former
    finally:
        os.close(fd)


def _dies(_fd: int, _content: bytes, _at: int) -> int:
    raise KeyboardInterrupt
