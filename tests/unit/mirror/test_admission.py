"""May an exchange cost shadow calls?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shadowmon.clock import SystemClock
from shadowmon.mirror.admission import Admission, Second
from shadowmon.mirror.budget import Day
from shadowmon.mirror.pairing import TrialRef
from shadowmon.mirror.settings import MirrorSettings, ModelSettings
from shadowmon.records import Ending, Exchange, ModelName, Outcome, Reply, Served, TrialId
from tests.factories import a_reply, an_exchange


BASE, INT8, INT4 = ModelName("base"), ModelName("int8"), ModelName("int4")


class Held(SystemClock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def a_ref(optimized: ModelName = INT8) -> TrialRef:
    return TrialRef(
        trial_id=TrialId(optimized), baseline=BASE, optimized=optimized, epoch=1, stage=1
    )


def an_admission(
    clock: Held | None = None,
    route_rate: float | None = None,
    mirror: dict[str, Any] | None = None,
    **models: Any,
) -> Admission:
    """Return one of three models; any of them may be given settings."""
    return Admission(
        models={
            name: ModelSettings.model_validate(
                {"url": f"http://{host}:80"} | models.get(name, {}), strict=False
            )
            for name, host in ((BASE, "one"), (INT8, "one"), (INT4, "two"))
        },
        mirror=MirrorSettings.model_validate(mirror or {}),
        clock=clock or Held(),
        day=Day(),
        parts=1,
        route_rates={"chat": route_rate},
    )


def served(model: ModelName = BASE, seconds: float = 0.1, **changes: Any) -> Served:
    return Served(
        **{
            "model": model,
            "ending": Ending.COMPLETE,
            "status": 200,
            "body": b"{}",
            "duration_seconds": seconds,
            **changes,
        }
    )


def an_answered_exchange() -> Exchange:
    return an_exchange(b"{}", served=served())


def fail(admission: Admission, model: ModelName, times: int = 10) -> None:
    """Let calls to a model come back without a connection."""
    reply = Reply(model=model, outcome=Outcome.REFUSED, duration_seconds=0.0)
    admission.called([reply] * times, request_bytes=10)


def test_without_limits_everything_is_admitted() -> None:
    """Every trial goes through, and no model is down."""
    admitted = an_admission().admit(an_exchange(), [a_ref(INT8), a_ref(INT4)])

    assert [ref.optimized for ref in admitted.refs] == [INT8, INT4]
    assert admitted.refused == ()
    assert admitted.down == {}


def test_one_model_s_budget_costs_its_own_trial_only() -> None:
    """The other trials of the route go on; the refusal names trial, model and reason."""
    admission = an_admission(int8={"budget": {"requests_per_second": 1}})
    refs = [a_ref(INT8), a_ref(INT4)]
    admission.admit(an_answered_exchange(), refs)
    admitted = admission.admit(an_answered_exchange(), refs)

    assert [ref.optimized for ref in admitted.refs] == [INT4]
    (refused,) = admitted.refused
    assert (refused.trial_id, refused.model, refused.arm) == ("int8", INT8, "optimized")
    assert refused.reason == "requests_per_second"


def test_half_a_pair_is_never_called() -> None:
    """Where the baseline may not be called nothing is taken from the optimized model's budget."""
    admission = an_admission(
        base={"budget": {"requests_per_second": 1}}, int8={"budget": {"requests_per_second": 2}}
    )
    fates = [admission.admit(an_exchange(), [a_ref()]) for _ in range(3)]
    answered = admission.admit(an_answered_exchange(), [a_ref()])

    assert [len(each.refs) for each in fates] == [1, 0, 0]
    assert {each.refused[0].model for each in fates[1:]} == {BASE}
    assert len(answered.refs) == 1


def test_a_model_that_production_called_costs_nothing() -> None:
    """An exchange whose pair production's own answers make is admitted, whatever is used up."""
    admission = an_admission(int8={"budget": {"requests_per_second": 1}})
    admission.admit(an_answered_exchange(), [a_ref()])
    failed_first = served(INT8, status=500)
    both = an_exchange(b"{}", served=served(), failed_first=failed_first)

    assert len(admission.admit(both, [a_ref()]).refs) == 1


def test_a_spoiled_exchange_costs_nothing() -> None:
    """What the user left goes on to pairing, which tells why there is no pair."""
    admission = an_admission(int8={"budget": {"requests_per_second": 1}})
    gone = an_exchange(b"{}", served=served(ending=Ending.CLIENT_GONE))

    assert [len(admission.admit(gone, [a_ref()]).refs) for _ in range(3)] == [1, 1, 1]
    assert admission.admit(an_answered_exchange(), [a_ref()]).refused == ()


def test_a_route_s_rate_counts_calls() -> None:
    """A request-only exchange takes two permits of the route's rate, an answered one takes one."""
    clock = Held()
    admission = an_admission(clock, route_rate=2)
    assert admission.admit(an_exchange(), [a_ref()]).refs
    admitted = admission.admit(an_exchange(), [a_ref()])
    clock.seconds = 1.0

    assert admitted.refused[0].reason == "route_calls_per_second"
    assert [bool(admission.admit(an_answered_exchange(), [a_ref()]).refs) for _ in range(3)] == [
        True,
        True,
        False,
    ]


def test_an_optimized_model_that_is_down_counts_as_failing() -> None:
    """It is not called, and its failure stands in the pair: it must not vanish."""
    admission = an_admission()
    fail(admission, INT8)
    admitted = admission.admit(an_answered_exchange(), [a_ref(INT8), a_ref(INT4)])

    assert len(admitted.refs) == 2
    assert {name: reply.outcome for name, reply in admitted.down.items()} == {INT8: Outcome.REFUSED}


def test_a_down_model_is_probed() -> None:
    """Once its time has come one exchange is called for, and the others still are not."""
    clock = Held()
    admission = an_admission(clock)
    fail(admission, INT8)
    clock.seconds = 2.0
    down = [bool(admission.admit(an_answered_exchange(), [a_ref()]).down) for _ in range(3)]

    assert down == [False, True, True]


def test_a_down_model_takes_its_permits() -> None:
    """A budget thins out the hours of failing as much as the good ones."""
    admission = an_admission(int8={"budget": {"requests_per_second": 1}})
    fail(admission, INT8)
    first, second = (admission.admit(an_answered_exchange(), [a_ref()]) for _ in range(2))

    assert first.down
    assert second.refused[0].reason == "requests_per_second"


def test_a_baseline_that_is_down_is_no_yardstick() -> None:
    """There is no pair then: its failures would speak for the optimized model."""
    admission = an_admission()
    fail(admission, BASE)
    admitted = admission.admit(an_exchange(), [a_ref()])

    assert admitted.refs == ()
    assert (admitted.refused[0].model, admitted.refused[0].reason) == (BASE, "breaker_open")


def test_it_is_told_when_a_model_goes_down_and_comes_up() -> None:
    """One reply of each turn is handed out, whatever came before it; the others are none."""
    clock = Held()
    admission = an_admission(clock, int8={"breaker": {"failures": 2, "probes": 1}})
    failed = a_reply(model=INT8, outcome=Outcome.REFUSED, answer=None)

    down = [admission.called([failed], request_bytes=10) for _ in range(4)]
    up = [admission.called([a_reply(model=INT8)], request_bytes=10) for _ in range(2)]

    assert [len(turned) for turned in (*down, *up)] == [0, 1, 0, 0, 1, 0]


def test_production_s_own_failures_open_no_breaker() -> None:
    """A breaker learns from shadow calls alone, and nothing from those that we shed."""
    admission = an_admission()
    failed = a_reply(model=INT8, outcome=Outcome.REFUSED, answer=None)
    shed = a_reply(model=INT8, outcome=Outcome.SHED, answer=None)
    ours = a_reply(model=INT8, outcome=Outcome.REFUSED, answer=None, served=True)
    admission.called([failed] * 5 + [shed, ours] * 20, request_bytes=10)

    assert not admission.allowances[INT8].breaker.is_open


def test_a_second_call_comes_on_credit() -> None:
    """What the baseline's second answer takes is waited for afterwards."""
    clock = Held()
    admission = an_admission(clock, base={"budget": {"requests_per_second": 1}})
    admission.admit(an_exchange(), [a_ref()], Second.NOW)
    clock.seconds = 1.5
    assert admission.admit(an_exchange(), [a_ref()]).refused
    clock.seconds = 2.5
    assert admission.admit(an_exchange(), [a_ref()]).refs


@pytest.mark.parametrize("second", [Second.NOT_NOW, Second.NOW])
def test_no_pair_while_a_second_answer_may_not_be_asked_for(second: Second) -> None:
    """Whether or not it is this exchange's turn: else the share of second answers would shift."""
    admission = an_admission()
    fail(admission, BASE)

    assert admission.admit(an_answered_exchange(), [a_ref()]).refs
    (refused,) = admission.admit(an_answered_exchange(), [a_ref()], second).refused
    assert (refused.arm, refused.reason) == ("baseline", "breaker_open")


def test_a_second_call_is_the_probe_of_a_baseline() -> None:
    """Where users' answers come from the baseline a second call is all that can find it up."""
    clock = Held()
    admission = an_admission(clock)
    fail(admission, BASE)
    clock.seconds = 2.0

    assert not admission.admit(an_answered_exchange(), [a_ref()], Second.NOT_NOW).refs
    assert admission.admit(an_answered_exchange(), [a_ref()], Second.NOW).refs
    assert not admission.admit(an_answered_exchange(), [a_ref()], Second.NOW).refs


def test_a_slow_baseline_spares_the_models_on_its_host() -> None:
    """While users wait longer, models of the same host are not called, and the others are."""
    clock = Held()
    guard = {"scope": "same_host", "recent_seconds": 10, "answers_min": 20}
    admission = an_admission(clock, mirror={"latency_guard": guard})
    for seconds, count in ((0.1, 300), (0.5, 300)):
        for _ in range(count):
            clock.seconds += 0.1
            admission.saw(served(seconds=seconds), {BASE})
    admitted = admission.admit(an_answered_exchange(), [a_ref(INT8), a_ref(INT4)])

    assert [ref.optimized for ref in admitted.refs] == [INT4]
    assert admitted.refused[0].reason == "baseline_slow"


def test_a_model_whose_answer_came_along_needs_no_call() -> None:
    """Its breaker is open, and nobody asks: production has had its answer already."""
    admission = an_admission()
    fail(admission, INT8)

    admitted = admission.admit(an_exchange(b"{}", served=served(), also=(served(INT8),)), [a_ref()])

    assert [ref.optimized for ref in admitted.refs] == [INT8]
    assert admitted.down == {}
