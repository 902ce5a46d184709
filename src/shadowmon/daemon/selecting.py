"""
Which exchanges become pairs: eligible, wanted by a trial, and drawn.

Whoever falls out leaves the funnel here, with its reason. Nothing of it depends on what a model
answered, but for production's own failures to answer at all (mirror/pairing.py).
"""

from __future__ import annotations

from shadowmon.config.settings import Settings
from shadowmon.daemon import funnel
from shadowmon.daemon.eligibility import WRITE, skip_reason, writes
from shadowmon.daemon.funnel import Passage
from shadowmon.daemon.shadowing import Watchers
from shadowmon.daemon.watched import Watched
from shadowmon.errors import CodecError
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.mirror.pairing import TrialRef
from shadowmon.records import Exchange
from shadowmon.sticky import SPAN, place
from shadowmon.traffic.codecs.codec import Ask


_THINNING = b"shadowmon-thinning"


class Selecting:
    """Selects for one scoring worker."""

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings = settings
        self._board = board

    def watchers(self, route: Watched, passage: Passage) -> Watchers:
        """Stamp each trial that still wants pairs with its epoch and stage of this moment."""
        cell = self._board.trial
        active = [each for each in route.trials if cell(each.number, TrialCell.ACTIVE)]
        passage.leave(
            funnel.UNWATCHED, [each.trial_id for each in route.trials if each not in active]
        )
        return [
            (
                trial,
                TrialRef(
                    trial_id=trial.trial_id,
                    baseline=trial.baseline,
                    optimized=trial.optimized,
                    epoch=cell(trial.number, TrialCell.EPOCH),
                    stage=cell(trial.number, TrialCell.STAGE),
                ),
            )
            for trial in active
        ]

    def eligible(self, exchange: Exchange, route: Watched, passage: Passage) -> Ask | None:
        """Return what is asked; None if it must not be mirrored, or cannot be read."""
        if writes(exchange):
            passage.skip(WRITE)
            return None
        try:
            ask = route.codec.read_request(exchange)
        except CodecError:
            passage.leave(funnel.REFUSED)
            return None
        reason = skip_reason(exchange, ask, self._settings.mirror.side_effects)
        if reason:
            passage.skip(reason)
            return None
        return ask

    def drawn(self, exchange: Exchange, route: Watched, passage: Passage) -> int:
        """
        Return the probability, in basis points, with which such a request is drawn; 0 if this one
        was not.

        Args:
            exchange: With its slices, by which it may be drawn more often than others.
            route: What came here is a share of its requests already (`first_rate`).
            passage: Left by what is not drawn.

        """
        slices = self._settings.traffic.slices
        rates = [slices[name].sample_rate for name in exchange.slices if name in slices]
        rate = max((each for each in rates if each is not None), default=route.settings.sample_rate)
        stands = place(_THINNING, exchange.id.encode("utf-8", "replace"))
        if stands < rate / route.first_rate * SPAN:
            return max(round(rate * SPAN), 1)
        passage.leave(funnel.SAMPLED_OUT)
        return 0
