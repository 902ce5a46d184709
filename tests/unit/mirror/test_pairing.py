"""Replies to one exchange become a pair for each trial, or a reason why not."""

from __future__ import annotations

import pytest

from shadowmon.mirror.pairing import (
    UNPAIRED_REASONS,
    Pairing,
    TrialRef,
    failed_reply,
    known_replies,
    models_needed,
    pair,
)
from shadowmon.records import Ending, Exchange, ModelName, Outcome, Reply, Served, TrialId
from tests.factories import an_exchange


BASE, INT8, INT4 = ModelName("base"), ModelName("int8"), ModelName("int4")
TRIALS = (
    TrialRef(trial_id=TrialId("t8"), baseline=BASE, optimized=INT8, epoch=2, stage=3),
    TrialRef(trial_id=TrialId("t4"), baseline=BASE, optimized=INT4, epoch=1, stage=0),
)


def reply(model: ModelName, outcome: Outcome = Outcome.OK) -> Reply:
    return Reply(model=model, outcome=outcome, duration_seconds=0.1)


def replies(**outcomes: Outcome) -> dict[ModelName, Reply]:
    return {ModelName(name): reply(ModelName(name), outcome) for name, outcome in outcomes.items()}


ALL_OK = replies(base=Outcome.OK, int8=Outcome.OK, int4=Outcome.OK)


def served(model: ModelName, ending: Ending, status: int = 200) -> Served:
    return Served(model=model, ending=ending, status=status, duration_seconds=0.5)


def outcomes(pairing: Pairing) -> dict[str, tuple[Outcome, Outcome]]:
    return {p.trial_id: (p.baseline.outcome, p.optimized.outcome) for p in pairing.pairs}


def test_each_trial_has_its_pair() -> None:
    """Every trial gets a pair of its own two models, as it stood when the exchange came."""
    exchange = an_exchange(slices=frozenset({"all", "edge"}))

    found = pair(exchange, ALL_OK, TRIALS)

    first = found.pairs[0]
    assert (first.trial_id, first.epoch, first.stage) == ("t8", 2, 3)
    assert (first.baseline, first.optimized) == (ALL_OK[BASE], ALL_OK[INT8])
    assert (first.exchange_id, first.received_at) == (exchange.id, exchange.received_at)
    assert first.slices == {"all", "edge"}
    assert [one.trial_id for one in found.pairs] == ["t8", "t4"]
    assert found.unpaired == ()


def test_client_gone_spoils_every_trial() -> None:
    """When the user went away no trial has a pair, whichever model served."""
    for model in (BASE, INT8):
        exchange = an_exchange(served=served(model, Ending.CLIENT_GONE))

        found = pair(exchange, ALL_OK, TRIALS)

        assert found.pairs == ()
        assert found.unpaired == (("t8", "client_gone"), ("t4", "client_gone"))
        assert models_needed(exchange, TRIALS) == frozenset()


def test_torn_baseline_is_no_yardstick() -> None:
    """A baseline that was cut short on production's path makes no pair."""
    exchange = an_exchange(served=served(BASE, Ending.TRUNCATED))

    assert pair(exchange, ALL_OK, TRIALS).unpaired == (
        ("t8", "baseline_truncated"),
        ("t4", "baseline_truncated"),
    )
    assert models_needed(exchange, TRIALS) == frozenset()


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(Ending.TRUNCATED, Outcome.RESET), (Ending.UNREACHABLE, Outcome.REFUSED)],
)
def test_optimized_that_failed_its_user(ending: Ending, outcome: Outcome) -> None:
    """An optimized model that failed on production's path is paired, as the failure it was."""
    exchange = an_exchange(served=served(INT8, ending))

    found = pair(exchange, replies(base=Outcome.OK, int4=Outcome.OK), TRIALS)

    assert outcomes(found) == {
        "t8": (Outcome.OK, outcome),
        "t4": (Outcome.OK, Outcome.OK),
    }
    assert found.pairs[0].optimized.served


def test_baseline_that_could_not_be_reached() -> None:
    """A baseline without any answer is paired: the error metric measures failures of both."""
    exchange = an_exchange(served=served(BASE, Ending.UNREACHABLE))

    found = pair(exchange, replies(int8=Outcome.OK, int4=Outcome.TIMEOUT), TRIALS)

    assert outcomes(found) == {
        "t8": (Outcome.REFUSED, Outcome.OK),
        "t4": (Outcome.REFUSED, Outcome.TIMEOUT),
    }


def test_baseline_that_answered_an_error() -> None:
    """An error status on production's path is a reply without any codec."""
    exchange = an_exchange(served=served(BASE, Ending.COMPLETE, 503))

    found = pair(exchange, replies(int8=Outcome.OK, int4=Outcome.OK), TRIALS)

    assert outcomes(found)["t8"] == (Outcome.ERROR, Outcome.OK)
    assert found.pairs[0].baseline.status == 503


@pytest.mark.parametrize(
    ("ending", "status", "outcome"),
    [
        (Ending.UNREACHABLE, 0, Outcome.REFUSED),
        (Ending.TRUNCATED, 200, Outcome.RESET),
        (Ending.COMPLETE, 500, Outcome.ERROR),
    ],
)
def test_failed_first_try_is_the_optimized_models_reply(
    ending: Ending, status: int, outcome: Outcome
) -> None:
    """What failed before the baseline took over is the optimized model's reply: no second call."""
    exchange = an_exchange(
        served=served(BASE, Ending.COMPLETE), failed_first=served(INT8, ending, status)
    )

    found = pair(exchange, replies(base=Outcome.OK, int4=Outcome.OK), TRIALS)

    assert outcomes(found)["t8"] == (Outcome.OK, outcome)
    assert found.pairs[0].optimized.duration_seconds == 0.5


def test_shed_and_missing() -> None:
    """A reply that we did not get for reasons of our own makes no pair, on either side."""
    assert pair(an_exchange(), replies(base=Outcome.OK, int8=Outcome.SHED), TRIALS).unpaired == (
        ("t8", "shed"),
        ("t4", "missing"),
    )
    assert pair(
        an_exchange(), replies(base=Outcome.SHED, int8=Outcome.OK), TRIALS[:1]
    ).unpaired == (("t8", "shed"),)
    assert pair(an_exchange(), {}, TRIALS).pairs == ()


def test_failures_are_paired() -> None:
    """Failures of either side are what the error metric measures."""
    found = pair(an_exchange(), replies(base=Outcome.GARBAGE, int8=Outcome.RESET), TRIALS[:1])

    assert outcomes(found) == {"t8": (Outcome.GARBAGE, Outcome.RESET)}


@pytest.mark.parametrize(
    "exchange",
    [
        an_exchange(),
        an_exchange(served=served(BASE, Ending.COMPLETE)),
        an_exchange(served=served(INT8, Ending.TRUNCATED)),
        an_exchange(served=served(ModelName("other"), Ending.TRUNCATED)),
    ],
)
def test_models_needed(exchange: Exchange) -> None:
    """Every model of every trial that can have a pair is needed, once."""
    assert models_needed(exchange, TRIALS) == {BASE, INT8, INT4}


def test_complete_answers_are_not_known_without_a_codec() -> None:
    """Only failures are known without reading; a good answer and one of a user who left are not."""
    for ending in (Ending.COMPLETE, Ending.CLIENT_GONE):
        assert known_replies(an_exchange(served=served(BASE, ending))) == {}


def test_problems_are_words() -> None:
    """A failed reply says in words what went wrong, and every reason is listed for counting."""
    assert failed_reply(served(BASE, Ending.TRUNCATED)).problem == "the answer was cut short"
    assert set(UNPAIRED_REASONS) == {
        "client_gone",
        "baseline_truncated",
        "missing",
        "shed",
        "failed",
    }


def test_what_others_answered_also_is_known_if_it_failed() -> None:
    """A second model's failure on production's path is its reply, as the served one's is."""
    exchange = an_exchange(
        served=served(BASE, Ending.COMPLETE),
        also=(served(INT8, Ending.COMPLETE, 503), served(INT4, Ending.COMPLETE)),
    )

    known = known_replies(exchange)

    assert set(known) == {INT8}
    assert (known[INT8].outcome, known[INT8].served) == (Outcome.ERROR, True)
