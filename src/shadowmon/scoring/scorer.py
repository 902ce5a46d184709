"""
Scorer protocol: one pair in, observations out; pure and synchronous.

A scorer is registered under the entry point group `shadowmon.scorers`; the entry's name is the
word in `trials.<name>.scorers`. It runs in a scorer process, never on an event loop: it may take
milliseconds, and whatever it does wrong costs only its own observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shadowmon.records import Metric, Observation, Pair
from shadowmon.scoring.settings import ScoringSettings


class Scorer(Protocol):
    """Measures one pair."""

    metrics: tuple[Metric, ...]
    """Every metric that this scorer may observe."""

    def __init__(self, settings: ScoringSettings) -> None: ...

    def score(self, pair: Pair) -> Sequence[Observation]:
        """
        Measure what this scorer measures.

        A metric that does not apply to the pair is left out; one that applies and could not be
        measured is an observation that says what is missing. Quality is never read from a reply
        whose outcome is not OK.
        """
        ...
