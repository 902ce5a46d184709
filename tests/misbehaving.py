"""Scorers that do what a scorer must not, when the baseline's text asks them to."""

from __future__ import annotations

import ctypes
import os
import time

from pathlib import Path
from typing import Any

from shadowmon.records import Metric, MetricKind, MetricName, Observation


class Misbehaves:
    """Reads its order from the baseline's text: `word argument`."""

    metrics = (
        Metric(name=MetricName("behaviour"), kind=MetricKind.DIVERGENCE, sentence="It behaved."),
    )

    def __init__(self, _settings):
        pass

    def score(self, pair) -> Any:
        order, _, argument = pair.baseline.answer.text.partition(" ")
        match order:
            case "exit":
                os._exit(int(argument))
            case "crash":
                ctypes.string_at(0)
            case "crash-once":
                once(Path(argument))
            case "hang":
                time.sleep(3600)
            case "slow":
                time.sleep(float(argument))
            case "spin":
                until = time.process_time() + float(argument)
                while time.process_time() < until:
                    pass
            case "eat":
                return [bytes(1024 * 1024) for _ in iter(int, 1)]
            case "who":
                return [Observation(metric=MetricName("behaviour"), distance=os.getpid() / 2**22)]
            case "raise":
                raise LookupError(argument)
            case "garbage":
                return {"not": "observations"}
            case "close":
                os.closerange(3, 100)
                time.sleep(3600)
            case _:
                pass
        return [Observation(metric=MetricName("behaviour"), distance=float(len(argument) % 2))]


class Refuses(Misbehaves):
    """Cannot be made."""

    def __init__(self, _settings):
        msg = "no such model"
        raise ValueError(msg)


class DiesAtStart(Misbehaves):
    def __init__(self, _settings):
        os._exit(3)


class NeverReady(Misbehaves):
    def __init__(self, _settings):
        time.sleep(3600)


class DiesAtSecondStart(Misbehaves):
    """Keeps count of its starts in the file that the settings name."""

    def __init__(self, settings):
        starts = Path(settings.unsafe_patterns[0])
        with starts.open("a+") as file:
            file.write("x")
        if len(starts.read_text()) == 2:
            os._exit(3)


def once(marker):
    """Kill the process the first time, and leave a marker for the second."""
    if not marker.exists():
        marker.touch()
        os._exit(1)
