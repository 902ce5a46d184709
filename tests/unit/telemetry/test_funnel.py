"""What exists before it is counted has the words that it is counted by."""

from __future__ import annotations

from shadowmon.mirror.admission import REFUSALS
from shadowmon.records import Outcome
from shadowmon.scoring.service.prompt_cache import CACHED
from shadowmon.telemetry.families import BY_NAME


def test_reasons() -> None:
    """Every reason not to call, every way to be cached and every outcome has its place."""
    assert BY_NAME["budgeted_out_total"].closed["reason"] == REFUSALS
    assert BY_NAME["prompt_cache_pairs_total"].closed["cached"] == CACHED
    assert BY_NAME["pair_replies_total"].closed["outcome"] == tuple(Outcome)
