"""What the hot loop knows of a route and of the trials that watch it."""

from __future__ import annotations

from dataclasses import dataclass

from shadowmon.daemon.self_check import SelfCheck
from shadowmon.mirror.dispatch import Dispatcher
from shadowmon.records import ModelName, TrialId
from shadowmon.scoring.truth import Truth
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.settings import RouteSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedTrial:
    """One trial of a route, as the hot loop needs it."""

    number: int
    trial_id: TrialId
    baseline: ModelName
    optimized: ModelName
    expects_labels: bool
    truth: Truth
    classes: tuple[str, ...]
    """Labels that are counted on their own."""
    self_check: SelfCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One route with trials."""

    settings: RouteSettings
    codec: Codec
    dispatcher: Dispatcher
    trials: tuple[WatchedTrial, ...]
    first_rate: float
    """Share of its requests that come here; each is thinned to its own rate."""

    @property
    def baseline(self) -> ModelName:
        """Every trial of a route has the same."""
        return self.trials[0].baseline
