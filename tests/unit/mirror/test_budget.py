"""What shadow calls may take, by the second and by the day."""

from __future__ import annotations

from datetime import date

from shadowmon.mirror.budget import (
    MONEY_PER_DAY,
    REQUESTS_PER_SECOND,
    TOKENS_PER_DAY,
    Budget,
    Day,
    Spent,
    TokenBucket,
    taken_by,
)
from shadowmon.mirror.settings import BudgetSettings
from shadowmon.records import Answer, ModelName, Outcome
from tests.factories import a_reply


INT8 = ModelName("int8")


def a_budget(day: Day | None = None, parts: int = 1, **settings: float) -> Budget:
    return Budget(
        INT8,
        BudgetSettings.model_validate(settings),
        day if day is not None else Day(),
        parts=parts,
    )


def granted(budget: Budget, *, seconds: float, asked_per_second: int = 100) -> int:
    """Ask evenly, and return how often a call was granted."""
    count = 0
    for at in range(int(seconds * asked_per_second)):
        if not budget.refusal(at / asked_per_second):
            budget.take()
            count += 1
    return count


def test_nothing_is_refused_without_a_budget() -> None:
    """Without any limit every call is granted."""
    assert granted(a_budget(), seconds=3) == 300


def test_requests_per_second() -> None:
    """Over ten seconds as many calls are granted as the rate says, and one second's at once."""
    assert granted(a_budget(requests_per_second=5), seconds=10) in {54, 55}


def test_a_slow_rate() -> None:
    """A rate below one a second grants single calls, far apart."""
    assert granted(a_budget(requests_per_second=0.2), seconds=21) == 5


def test_workers_share_a_rate() -> None:
    """Each of several scoring workers has its even part of the rate."""
    assert granted(a_budget(requests_per_second=20, parts=4), seconds=10) in {54, 55}


def test_a_debt_is_paid_before_the_next_call() -> None:
    """What was taken on credit keeps the next ones waiting."""
    bucket = TokenBucket(1)
    assert bucket.has_one(100)
    bucket.take(3)

    assert not bucket.has_one(101.9)
    assert bucket.has_one(103)


def test_the_day_s_caps_are_named() -> None:
    """Whatever is used up is the reason; the day's caps come before the second's."""
    day = Day()
    budget = a_budget(day, tokens_per_day=100, money_per_day=2, requests_per_second=1)
    assert budget.refusal(0) == ""
    budget.take()
    assert budget.refusal(0) == REQUESTS_PER_SECOND
    budget.pay(Spent(tokens=1, money=2))
    assert budget.refusal(0) == MONEY_PER_DAY
    budget.pay(Spent(tokens=99))
    assert budget.refusal(0) == TOKENS_PER_DAY


def test_a_new_day() -> None:
    """What was spent yesterday counts no more."""
    day = Day()
    day.turn_to(date(2026, 1, 1))
    budget = a_budget(day, tokens_per_day=100)
    budget.pay(Spent(tokens=100))
    assert budget.refusal(0) == TOKENS_PER_DAY

    day.turn_to(date(2026, 1, 2))

    assert budget.refusal(0) == ""


def test_neighbours_spend_from_the_same_cap() -> None:
    """What other workers told counts like what this one spent."""
    day = Day()
    day.told = {INT8: Spent(tokens=60)}
    budget = a_budget(day, tokens_per_day=100)
    budget.pay(Spent(tokens=40))

    assert budget.refusal(0) == TOKENS_PER_DAY


def test_what_a_call_takes() -> None:
    """Told tokens and the reply's cost are taken; of one that failed, its bytes stand for them."""
    told = a_reply(answer=Answer(input_tokens=7, output_tokens=3), cost=0.5)
    failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)

    assert taken_by(told, 4000) == Spent(tokens=10, money=0.5)
    assert taken_by(failed, 4000) == Spent(tokens=1000)
