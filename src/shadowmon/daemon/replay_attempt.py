"""One attempt to ask a recorded request again, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable

from shadowmon.daemon.funnel import Passage
from shadowmon.daemon.watched import WatchedTrial
from shadowmon.mirror.admission import Refusal
from shadowmon.mirror.pairing import TrialRef
from shadowmon.records import Outcome, Pair, Reply, TrialId


class Attempt(Passage):
    """An exchange's way through the mirror, which remembers why it ended."""

    refused: tuple[Refusal, ...] = ()
    """What was not allowed now."""
    problem: str = ""
    """Why no pair came of the calls."""

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Remember it. It will be tried again, so it has no fate yet."""
        self.refused = tuple(refusals)

    def unpair(self, unpaired: Iterable[tuple[TrialId, str]]) -> None:
        """Remember the reason."""
        unpaired = tuple(unpaired)
        super().unpair(unpaired)
        self.problem = next((reason for _, reason in unpaired), self.problem)


def stamped(trial: WatchedTrial) -> tuple[WatchedTrial, TrialRef]:
    """Stamp a trial; the epoch and the stage of a replay's pair are the `Replay`'s own."""
    return trial, TrialRef(
        trial_id=trial.trial_id,
        baseline=trial.baseline,
        optimized=trial.optimized,
        epoch=1,
        stage=1,
    )


def was_spared(pair: Pair) -> bool:
    """Does one of the replies stand for a call that was not made, for its model is down?"""
    return any(map(_is_no_call, (pair.baseline, pair.optimized)))


def _is_no_call(reply: Reply) -> bool:
    # A connection that was refused took some time to be.
    return reply.outcome is Outcome.REFUSED and not reply.served and reply.duration_seconds == 0
