"""Which metrics are counted, told through a memory file."""

from __future__ import annotations

import os

from dataclasses import replace

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
