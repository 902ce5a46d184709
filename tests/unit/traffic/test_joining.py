"""Events of one exchange, in whatever order they come, or do not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from shadowmon.ipc.handover import Parcel
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.joining import Fate, Joining
from shadowmon.traffic.sighting import SeenAnswer, SeenRequest, Sighting


ROUTE = RouteName("digits")
BASE, INT8 = ModelName("fp32"), ModelName("int8")


class HeldClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Bench:
    """A joining, and all that came out of it."""

    def __init__(self, *, loggers=(BASE, INT8), has_room: bool = True, **limits) -> None:
        self.clock = HeldClock()
        self.parcels: list[Parcel] = []
        self.fates: Counter[Fate] = Counter()
        self.has_room = has_room
        self.joining = Joining(
            loggers={ROUTE: frozenset(loggers)},
            baselines={ROUTE: BASE},
            hand_over=self.hand_over,
            count=lambda _, fate: self.fates.update([fate]),
            clock=self.clock,
            **({"seconds": 30.0, "keys_max": 100, "bytes_max": 1_000_000} | limits),
        )

    def hand_over(self, parcel: Parcel) -> bool:
        if self.has_room:
            self.parcels.append(parcel)
        return self.has_room

    def take(self, *sightings: Sighting) -> Bench:
        for one in sightings:
            self.joining.take(one)
        return self

    def after(self, seconds: float) -> Bench:
        self.clock.passed += seconds
        self.joining.expire()
        return self


def asked(model=BASE, name="x-1", *, at=None, body=b"{}"):
    """The event of a request."""
    return Sighting(
        source="cloud_events",
        route=ROUTE,
        id=name,
        model=model,
        request=SeenRequest(target=b"/infer", body=body),
        at=at,
    )


def answered(model=BASE, name="x-1", *, at=None, body=b"[1]", **more):
    """The event of an answer."""
    return Sighting(
        source="cloud_events",
        route=ROUTE,
        id=name,
        model=model,
        answer=SeenAnswer(body=body, **more),
        at=at,
    )


BOTH = [
    asked(at=10.0),
    answered(at=10.5, body=b"base"),
    asked(INT8, at=10.0),
    answered(INT8, at=10.25, body=b"int8"),
]


def test_both_models_answers_are_one_exchange_at_once():
    """With both answers there nothing waits: the baseline's is served, the other one is also."""
    bench = Bench().take(*BOTH)

    (parcel,) = bench.parcels
    assert parcel.head.served is not None
    assert (parcel.head.served.model, parcel.head.served.duration_seconds) == ("fp32", 0.5)
    assert [(each.model, each.duration_seconds) for each in parcel.head.also] == [("int8", 0.25)]
    assert (parcel.request, parcel.answer) == ([b"{}"], [b"base", b"int8"])
    assert bench.fates == {Fate.JOINED: 4}


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1), (0, 2, 3, 1)])
def test_any_order_makes_the_same_exchange(order):
    """Whichever event comes first, the exchange is the same, and each event has one fate."""
    parcel = Bench().take(*BOTH).parcels[0]

    bench = Bench().take(*(BOTH[at] for at in order))

    assert bench.parcels[0].answer == parcel.answer
    assert bench.parcels[0].head.also == parcel.head.also
    assert bench.fates.total() == 4
    assert set(bench.fates) <= {Fate.JOINED, Fate.REORDERED}


def test_an_answer_before_its_request_is_told_as_reordered():
    """The event that sets the order right says that it was wrong."""
    bench = Bench(loggers=[BASE]).take(answered(), asked())

    assert bench.fates == {Fate.JOINED: 1, Fate.REORDERED: 1}
    assert len(bench.parcels) == 1


def test_a_model_that_logs_nothing_is_not_waited_for():
    """Where the baseline alone logs, its answer makes the exchange whole."""
    bench = Bench(loggers=[BASE]).take(asked(), answered())

    assert bench.parcels[0].head.also == ()


def test_what_never_came_is_waited_for_and_then_called():
    """Loggers tell of good answers only: what is there is handed over, not left out."""
    bench = Bench().take(asked(), answered(), asked(INT8))
    assert bench.parcels == []

    bench.after(30.0)

    (parcel,) = bench.parcels
    assert parcel.head.served is not None
    assert parcel.head.also == ()
    assert len(bench.joining) == 0


def test_an_answer_of_the_optimized_model_alone_is_what_was_served():
    """Of a canary's request only the canary tells."""
    bench = Bench().take(asked(INT8), answered(INT8)).after(30.0)

    served = bench.parcels[0].head.served
    assert served is not None
    assert served.model == "int8"


def test_a_request_alone_is_as_good_as_a_mirrored_one():
    """Nobody's answer came: both models are asked."""
    bench = Bench().take(asked()).after(30.0)

    assert bench.parcels[0].head.served is None
    assert bench.fates == {Fate.UNANSWERED: 1}


def test_an_answer_alone_says_nothing():
    """Without its request nothing can be handed over."""
    bench = Bench().take(answered()).after(30.0)

    assert (bench.parcels, bench.fates) == ([], {Fate.ALONE: 1})


def test_what_comes_twice_counts_once():
    """A second telling is a duplicate, before the exchange is whole and after."""
    bench = Bench(loggers=[BASE]).take(asked(), asked(), answered(), answered())

    assert len(bench.parcels) == 1
    assert bench.fates == {Fate.JOINED: 2, Fate.DUPLICATE: 2}


def test_what_comes_late_is_told_as_late():
    """An answer that comes after its exchange went is no exchange of its own."""
    bench = Bench().take(asked(), answered()).after(30.0).take(answered(INT8))

    assert len(bench.parcels) == 1
    assert bench.fates[Fate.LATE] == 1


def test_a_failed_answer_waits_for_a_second_try():
    """A gateway tells of a failure and then of its retry's answer: the retry is what users got."""
    bench = Bench(loggers=[BASE]).take(asked(), answered(status=503))
    assert bench.parcels == []

    bench.take(answered(body=b"good"))

    assert bench.parcels[0].answer == [b"good"]


def test_a_failed_answer_is_an_answer():
    """If there was no second try, the failure is handed over when the time is up."""
    bench = Bench(loggers=[BASE]).take(asked(), answered(status=503)).after(30.0)

    served = bench.parcels[0].head.served
    assert served is not None
    assert served.status == 503


def test_times_of_arrival_stand_in_for_those_that_were_not_told():
    """Without a time in both events the time between their arrivals is the model's."""
    bench = Bench(loggers=[BASE]).take(asked(at=5.0))
    bench.clock.passed = 0.75

    bench.take(answered())

    served = bench.parcels[0].head.served
    assert served is not None
    assert served.duration_seconds == 0.75


def test_a_clock_that_runs_backwards_makes_no_negative_time():
    """An answer before its request, by the teller's clock, took no time."""
    served = Bench(loggers=[BASE]).take(asked(at=9.0), answered(at=8.0)).parcels[0].head.served

    assert served is not None
    assert served.duration_seconds == 0.0


def test_too_many_exchanges_push_the_oldest_out():
    """What waits is bounded in number; what is given up is counted, event by event."""
    bench = Bench(keys_max=3).take(*(asked(name=f"x-{at}") for at in range(5)))

    assert len(bench.joining) == 3
    assert bench.fates == {Fate.GIVEN_UP: 2}


def test_too_many_bytes_push_the_oldest_out():
    """What waits is bounded in bytes, and the count of them comes back to nothing."""
    bench = Bench(bytes_max=50_000)
    for at in range(20):
        bench.take(asked(name=f"x-{at}", body=b"x" * 10_000))
        assert bench.joining.held <= 50_000

    bench.joining.finish_all()

    assert bench.joining.held == 0
    assert bench.fates[Fate.GIVEN_UP] + bench.fates[Fate.UNANSWERED] == 20


def test_one_event_larger_than_all_room_is_given_up():
    """It does not stay, and what had waited goes with it: the oldest goes first."""
    bench = Bench(bytes_max=5_000).take(asked(body=b"x" * 10_000))

    assert (len(bench.joining), bench.joining.held) == (0, 0)
    assert bench.fates == {Fate.GIVEN_UP: 1}


def test_no_room_further_down_is_counted_for_each_event():
    """What the scoring workers have no room for is shed."""
    bench = Bench(has_room=False).take(*BOTH)

    assert bench.fates == {Fate.SHED: 4}


def test_a_stop_hands_over_what_there_is():
    """Nothing is lost by a stop that could have been of use."""
    bench = Bench().take(asked(), answered())

    bench.joining.finish_all()

    assert len(bench.parcels) == 1
