"""Rows of a table that shows a wrong way and ours on the same streams, one below the other."""

from __future__ import annotations

from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.table import NEVER, Table, at_most, percent


COLUMNS = ("streams", "way", "decision", "ever wrong")


def wrong(
    made: Table, streams: str, way: str, decision: str, times: Times, *, alpha: float
) -> None:
    """Add the wrong way, and check that it does fail here: else there was nothing to mend."""
    share = float((times < NEVER).mean())
    made.add(streams, way, decision, percent(times < NEVER), n=times.size)
    made.check(
        f"{streams}, {way}, {decision}: errs in {share:.1%}, more than alpha = {alpha:.0%}",
        holds=share > at_most(alpha, times.size),
    )


def ours(made: Table, streams: str, way: str, decision: str, times: Times, *, alpha: float) -> None:
    """Add our way on the same streams, and check that it keeps its promise."""
    share = float((times < NEVER).mean())
    made.add(streams, f"shadowmon: {way}", decision, percent(times < NEVER), n=times.size)
    made.check(
        f"{streams}, {way}, {decision}: errs in {share:.1%}, at most alpha = {alpha:.0%}",
        holds=share <= at_most(alpha, times.size),
    )
