"""Whatever becomes of an exchange, it adds up."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.daemon import funnel
from shadowmon.daemon.funnel import Passage
from shadowmon.mirror.admission import REFUSALS, Refusal
from shadowmon.mirror.pairing import UNPAIRED_REASONS
from shadowmon.records import ModelName, TrialId
from shadowmon.telemetry.family import UNBOUNDED
from shadowmon.telemetry.funnel import TRIAL_FATES
from shadowmon.telemetry.skew import DROPPED, KEPT
from shadowmon.telemetry.tallies import Tallies
from tests.factories import a_pair, an_exchange


TRIALS = tuple(map(TrialId, ("int8", "int4", "awq")))
Move = Callable[[Passage], None]

some_trials = st.lists(st.sampled_from(TRIALS), max_size=4)
whole_fates = st.sampled_from(["shed", "unwatched", "refused", "sampled_out"])


def leaving(fate: str, trials: list[TrialId] | None) -> Move:
    return lambda passage: passage.leave(fate, trials)


def refusing(trial: TrialId, reason: str) -> Move:
    refusal = Refusal(trial_id=trial, model=ModelName(trial), arm="optimized", reason=reason)
    return lambda passage: passage.refuse([refusal])


moves = st.lists(
    st.one_of(
        st.builds(leaving, whole_fates, st.none() | some_trials),
        st.builds(refusing, st.sampled_from(TRIALS), st.sampled_from(REFUSALS)),
        st.sampled_from(("write", "other")).map(lambda why: lambda passage: passage.skip(why)),
        st.tuples(st.sampled_from(TRIALS), st.sampled_from(UNPAIRED_REASONS)).map(
            lambda why: lambda passage: passage.unpair([why])
        ),
        st.sampled_from(TRIALS).map(
            lambda trial: lambda passage: passage.pair([a_pair(trial_id=trial)])
        ),
        some_trials.map(lambda trials: lambda passage: passage.break_off(trials)),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(moves, st.integers(0, 2_000_000)), max_size=5))
def test_every_exchange_has_one_fate_for_each_trial(
    exchanges: list[tuple[list[Move], int]],
) -> None:
    """
    In whatever order things happen to an exchange, and however often: the fates of a trial add up
    to the exchanges that were offered, so do the exchanges' own, and what was mirrored was paired
    or has a reason.
    """
    tallies = Tallies()
    for happening, length in exchanges:
        passage = Passage(tallies, an_exchange(bytes(length)), TRIALS)
        for move in happening:
            move(passage)
        passage.close()

    assert tallies.total("exchanges_total", "mirror") == len(exchanges)
    for trial in TRIALS:
        assert tallies.total("trial_exchanges_total", trial) == len(exchanges)
        mirrored = tallies.total("trial_exchanges_total", trial, funnel.MIRRORED)
        paired = tallies.total("pair_replies_total", trial, "baseline")
        assert mirrored == paired + tallies.total("unpaired_total", trial)
        assert tallies.total("trial_exchanges_total", trial, "budgeted_out") == tallies.total(
            "budgeted_out_total", trial
        )
    weighed = tallies.total("sampled_by_length_total")
    assert weighed == tallies.total("sampled_by_hour_total")
    assert weighed <= len(exchanges)


def test_the_metric_has_every_fate() -> None:
    """A fate that is told has its place among those that exist from the start."""
    told = {
        value for name, value in vars(funnel).items() if name.isupper() and isinstance(value, str)
    }

    assert told - {UNBOUNDED, KEPT, DROPPED} == set(TRIAL_FATES)
