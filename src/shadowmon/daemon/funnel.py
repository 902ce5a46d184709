"""
What became of every exchange that was handed over: one fate for each trial that it was for.

Rule 1: an exchange has exactly one fate for each trial of its route, and one for itself, told when
        its turn is over. So, for each trial, once nothing waits any more:

            offered = sum of trial_exchanges_total over all fates
            mirrored = pairs_total + sum of unpaired_total + sum of unscorable_total
            budgeted_out = sum of budgeted_out_total

        and for each route: skipped = sum of skipped_total.
        What was lost on its way for want of a file descriptor (ipc/handover.py) is no trial's: it
        is shed in exchanges_total, and in the log.
Rule 2: an exchange itself went as far as the trial that it took furthest.
Rule 3: what our own limits drop, out of all that was sampled, is told by length and by hour too:
        it is how one sees that what is left stands for other requests than were made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable

from shadowmon.mirror.admission import Refusal
from shadowmon.mirror.pairing import FAILED
from shadowmon.records import Exchange, Pair, TrialId
from shadowmon.scoring.service.prompt_cache import cached_by
from shadowmon.telemetry.family import UNBOUNDED
from shadowmon.telemetry.funnel import BODY_BYTES
from shadowmon.telemetry.skew import DROPPED, KEPT
from shadowmon.telemetry.tallies import Tallies


SHED, UNWATCHED, REFUSED, SKIPPED = "shed", "unwatched", "refused", "skipped"
SAMPLED_OUT, BUDGETED_OUT, MIRRORED = "sampled_out", "budgeted_out", "mirrored"
BROKEN = "failed"

_NOT_SAMPLED = frozenset({UNWATCHED, REFUSED, SKIPPED, SAMPLED_OUT})
_FURTHEST = (MIRRORED, BUDGETED_OUT, BROKEN, SAMPLED_OUT, SKIPPED, REFUSED, UNWATCHED, SHED)
_BOUNDS = tuple(map(str, BODY_BYTES))


class Passage:
    """One exchange on its way."""

    def __init__(self, tallies: Tallies, exchange: Exchange, trials: Collection[TrialId]) -> None:
        """Begin; `trials` are those of its route, whether or not they want pairs now."""
        self._tallies = tallies
        self._exchange = exchange
        self._waiting = dict.fromkeys(trials)
        self._fates: set[str] = set()
        self._is_paired = False

    def leave(self, fate: str, trials: Iterable[TrialId] | None = None) -> None:
        """Tell the fate for these trials; for all that have none yet, if none is named."""
        if trials is None:
            self._fates.add(fate)
            trials = [*self._waiting]
        for trial in trials:
            self._leave(trial, fate)

    def skip(self, reason: str) -> None:
        """Tell that the request must not be mirrored."""
        self._tallies.add("skipped_total", self._exchange.route, reason)
        self.leave(SKIPPED)

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Tell that calls for these trials were not allowed."""
        for each in refusals:
            if self._leave(each.trial_id, BUDGETED_OUT):
                self._tallies.add("budgeted_out_total", each.trial_id, each.arm, each.reason)

    def unpair(self, unpaired: Iterable[tuple[TrialId, str]]) -> None:
        """Tell that of these trials' calls no pair was made."""
        for trial, reason in unpaired:
            if self._leave(trial, MIRRORED):
                self._tallies.add("unpaired_total", trial, reason)

    def pair(self, pairs: Iterable[Pair]) -> None:
        """Tell of pairs, on their way to the scorers now."""
        for each in pairs:
            if self._leave(each.trial_id, MIRRORED):
                self._is_paired = True
                self._count(each)

    def break_off(self, admitted: Iterable[TrialId]) -> None:
        """Tell that a bug of ours, or of a plugin's, ended it while these trials were called."""
        self.unpair((trial, FAILED) for trial in admitted)
        self.leave(BROKEN)

    def close(self) -> None:
        """Tell the exchange's own fate; whoever has none yet has failed."""
        if self._waiting:
            self.leave(BROKEN)
        fate = next((each for each in _FURTHEST if each in self._fates), UNWATCHED)
        self._tallies.add("exchanges_total", "mirror", fate)
        if fate not in _NOT_SAMPLED:
            self._weigh(KEPT if self._is_paired else DROPPED)

    def _leave(self, trial: TrialId, fate: str) -> bool:
        """Tell a trial's fate; False if it has one already, or is none of the route's."""
        if trial not in self._waiting:
            return False
        del self._waiting[trial]
        self._fates.add(fate)
        self._tallies.add("trial_exchanges_total", trial, fate)
        return True

    def _count(self, each: Pair) -> None:
        add, trial = self._tallies.add, each.trial_id
        add("pair_replies_total", trial, "baseline", each.baseline.outcome)
        add("pair_replies_total", trial, "optimized", each.optimized.outcome)
        warm = cached_by(each.baseline.answer, each.optimized.answer)
        add("prompt_cache_pairs_total", trial, warm)
        ours, theirs = each.baseline.cost, each.optimized.cost
        if ours is not None and theirs is not None:
            add("pair_cost_total", trial, "baseline", by=ours)
            add("pair_cost_total", trial, "optimized", by=theirs)
            add("pair_costs_total", trial)
            add("pair_cost_squares_total", trial, "baseline", by=ours * ours)
            add("pair_cost_squares_total", trial, "optimized", by=theirs * theirs)
            add("pair_cost_squares_total", trial, "both", by=ours * theirs)

    def _weigh(self, fate: str) -> None:
        place = bisect_left(BODY_BYTES, len(self._exchange.body))
        bound = _BOUNDS[place] if place < len(_BOUNDS) else UNBOUNDED
        self._tallies.add("sampled_by_length_total", bound, fate)
        hour = f"{self._exchange.received_at.hour:02d}"
        self._tallies.add("sampled_by_hour_total", hour, fate)
