"""The semantic assessor before fakes of the three APIs."""

from __future__ import annotations

import asyncio
import base64

from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from shadowmon.assessors.semantic import SemanticAssessor
from shadowmon.assessors.settings import Embedder, EndpointSettings, SemanticSettings
from shadowmon.errors import ConfigError
from shadowmon.records import Assessment, Outcome, TrialId
from tests.factories import a_pair, a_reply
from tests.integration.assessors.endpoints import HandClock, a_fake, status


DIRECTIONS = {"cats": 0.0, "kittens": 0.5, "cars": 1.5707963267948966, "anticats": 3.0}
"""A text's direction in the plane, by radians."""


def vector(text):
    """Return what the fake models answer: of length 3, for nobody promised length 1."""
    angle = DIRECTIONS.get(text, float(len(text)))
    return [3 * float(np.cos(angle)), 3 * float(np.sin(angle))]


def openai(asked):
    """Answer in base64, in the wrong order: only the index tells."""
    rows = [
        {
            "index": at,
            "embedding": base64.b64encode(np.array(vector(text), "<f4").tobytes()).decode(),
        }
        for at, text in enumerate(asked.body["input"])
    ]
    return {"data": rows[::-1]}


def openai_lists(asked):
    rows = [{"index": at, "embedding": vector(t)} for at, t in enumerate(asked.body["input"])]
    return {"data": rows}


def tei(asked):
    return [vector(text) for text in asked.body["inputs"]]


def ollama(asked):
    return {"embeddings": [vector(text) for text in asked.body["input"]]}


def texts(fake):
    """Return all texts that were sent."""
    return [text for asked in fake.calls for text in asked.body["input"]]


def pair_of(baseline, optimized, **changes):
    return a_pair(a_reply(baseline), a_reply(optimized), **changes)


@asynccontextmanager
async def an_assessor(fake, *, clock=None, endpoint=None, **changes):
    """Enter an assessor that knows unrelated answers to have the cosine 0."""
    settings = {"kind": Embedder.OPENAI, "unrelated_cosine": 0.0, **changes}
    where = EndpointSettings(url=fake.url, model="m", **(endpoint or {}))
    made = SemanticAssessor(SemanticSettings(endpoint=where, **settings), clock or HandClock())
    async with made as assessor:
        yield assessor


async def found_of(assessor, pair):
    found = await assessor.assess(pair)
    assert set(found) == set(assessor.metrics)
    return found["semantic_divergence"]


@pytest.mark.parametrize(
    ("kind", "answer", "path"),
    [
        (Embedder.OPENAI, openai, "/v1/embeddings"),
        (Embedder.OPENAI, openai_lists, "/v1/embeddings"),
        (Embedder.TEI, tei, "/v1/embed"),
        (Embedder.OLLAMA, ollama, "/v1/api/embed"),
    ],
)
async def test_each_api(kind, answer, path):
    """Each API is asked at its path, and gives the same distance: one less the cosine."""
    async with a_fake(answer) as fake, an_assessor(fake, kind=kind) as assessor:
        found = await found_of(assessor, pair_of("cats", "kittens"))

    assert found.distance == pytest.approx(1 - np.cos(0.5), abs=1e-6)
    assert [asked.path for asked in fake.calls] == [path]


async def test_distance_is_held_to_its_range():
    """The same text is at 0, and what points the other way is as far as unrelated: 1."""
    async with a_fake(openai) as fake, an_assessor(fake) as assessor:
        assert (await found_of(assessor, pair_of("cats", "cats"))).distance == pytest.approx(0)
        assert (await found_of(assessor, pair_of("cats", "anticats"))).distance == 1


async def test_unrelated_cosine_is_the_yardstick():
    """With unrelated answers at a cosine of .8, half of the way to it is a half."""
    async with a_fake(openai) as fake, an_assessor(fake, unrelated_cosine=0.8) as assessor:
        DIRECTIONS["near cats"] = float(np.arccos(0.9))
        found = await found_of(assessor, pair_of("cats", "near cats"))
    assert found.distance == pytest.approx(0.5, abs=1e-6)


async def test_learns_before_it_tells():
    """Until it has seen enough answers of a trial it says so; other trials learn by themselves."""
    async with (
        a_fake(openai) as fake,
        an_assessor(fake, unrelated_cosine=None, learn_from=10) as assessor,
    ):
        first = [await found_of(assessor, pair_of("x" * n, "y")) for n in range(1, 11)]
        later = await found_of(assessor, pair_of("cats", "cars"))
        other = await found_of(assessor, pair_of("cats", "cars", trial_id=TrialId("int4")))

    assert {each.unavailable for each in (*first, other)} == {"learning"}
    assert later.distance is not None


async def test_concurrent_pairs_share_batches():
    """Pairs that come at one time are asked about in few calls, each text once."""
    async with a_fake(openai) as fake, an_assessor(fake, batch_max=8) as assessor:
        pairs = [pair_of("cats", f"answer {at}") for at in range(12)]
        found = await asyncio.gather(*(assessor.assess(pair) for pair in pairs))

    assert all(each["semantic_divergence"].distance is not None for each in found)
    assert len(fake.calls) == 2
    assert sorted(texts(fake)) == sorted(["cats", *(f"answer {at}" for at in range(12))])


async def test_known_texts_are_not_asked_again():
    """A text's vector is remembered, until too many others came after it."""
    async with a_fake(openai) as fake, an_assessor(fake, cache_max=2) as assessor:
        for optimized in ("kittens", "kittens", "cars", "anticats", "kittens"):
            await found_of(assessor, pair_of("cats", optimized))
    assert texts(fake) == ["cats", "kittens", "cars", "anticats", "kittens"]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda _: status(500), "endpoint_down"),
        (lambda _: status(302, Location="http://127.0.0.1/"), "bad_answer"),
        (lambda _: {"data": []}, "bad_answer"),
        (lambda _: {"data": [{"index": 0, "embedding": [1]}] * 2}, "bad_answer"),
        (lambda _: {"data": [{"index": 0, "embedding": "no base64"}]}, "bad_answer"),
        (lambda _: {"data": [{"index": 0, "embedding": [0, 0]}]}, "bad_answer"),
        (lambda _: {"data": [{"index": 0, "embedding": [1e300, 1e300]}]}, "bad_answer"),
        (lambda _: "garbage", "bad_answer"),
        (lambda _: status(400), "refused"),
    ],
)
async def test_failures_are_unavailable(answer, word):
    """Whatever the endpoint does wrong is its own trouble, and never a distance."""
    async with a_fake(answer) as fake, an_assessor(fake) as assessor:
        assert await found_of(assessor, pair_of("cats", "kittens")) == Assessment(unavailable=word)


async def test_slow_endpoint_is_unavailable():
    """An endpoint that takes too long leaves the pair out."""
    async with a_fake(openai) as fake:
        fake.pause_seconds = 1
        async with an_assessor(fake, endpoint={"timeout_seconds": 0.05}) as assessor:
            found = await found_of(assessor, pair_of("cats", "kittens"))
    assert found == Assessment(unavailable="timeout")


async def test_known_texts_are_left_out_while_the_budget_is_spent():
    """Without budget no pair is assessed, remembered texts or not: those are the easy ones."""
    async with (
        a_fake(openai) as fake,
        an_assessor(fake, endpoint={"calls_per_minute": 1}) as assessor,
    ):
        assert (await found_of(assessor, pair_of("cats", "cats"))).distance is not None
        found = await found_of(assessor, pair_of("cats", "cats"))
    assert found == Assessment(unavailable="budget")


async def test_known_texts_are_left_out_while_the_endpoint_fails():
    """After a failure remembered texts have to be asked about like all others."""
    async with a_fake(openai) as fake, an_assessor(fake) as assessor:
        await found_of(assessor, pair_of("cats", "cats"))
        fake.answer = lambda _: status(500)
        failed = await found_of(assessor, pair_of("cats", "dogs"))
        again = await found_of(assessor, pair_of("cats", "cats"))
    assert failed == again == Assessment(unavailable="endpoint_down")


async def test_refused_text_is_the_optimized_models_doing():
    """A text that is refused where all others are read makes its own pair missing, and no other."""

    def picky(asked):
        return status(413) if "poison" in asked.body["input"] else openai(asked)

    async with a_fake(picky) as fake, an_assessor(fake) as assessor:
        pairs = [pair_of("cats", word) for word in ("kittens", "poison", "cars")]
        pairs.append(pair_of("poison", "cats"))
        kittens, poison, cars, ours = [
            each["semantic_divergence"]
            for each in await asyncio.gather(*(assessor.assess(pair) for pair in pairs))
        ]

    assert kittens.distance is not None
    assert cars.distance == pytest.approx(1)
    assert poison == Assessment(missing="optimized_refused")
    assert ours == Assessment(unavailable="refused")


async def test_answers_without_words():
    """A baseline that says nothing is no yardstick; an optimized one that says nothing is far."""
    async with a_fake(openai) as fake, an_assessor(fake) as assessor:
        assert await assessor.assess(pair_of(" ", "cats")) == {}
        assert await found_of(assessor, pair_of("cats", " ")) == Assessment(distance=1.0)
        failed = replace(a_reply(), outcome=Outcome.TIMEOUT, answer=None)
        found = await found_of(assessor, a_pair(a_reply("cats"), failed))
        assert found == Assessment(missing="optimized_failed")


async def test_who_stops_waiting_takes_nothing_from_others():
    """A pair that is given up does not cost another one that waits for the same text."""
    async with a_fake(openai) as fake, an_assessor(fake) as assessor:
        fake.pause_seconds = 0.1
        async with asyncio.TaskGroup() as group:
            hasty = group.create_task(assessor.assess(pair_of("cats", "kittens")))
            patient = group.create_task(assessor.assess(pair_of("cats", "kittens")))
            await asyncio.sleep(0.03)
            hasty.cancel()
    assert patient.result()["semantic_divergence"].distance is not None


async def test_leaving_ends_all_waiting():
    """Whoever still waits when the assessor is left is told that there is nothing."""
    async with a_fake(openai) as fake, asyncio.TaskGroup() as group:
        fake.pause_seconds = 0.3
        async with an_assessor(fake) as assessor:
            waiting = group.create_task(assessor.assess(pair_of("cats", "kittens")))
            await asyncio.sleep(0.03)
    assert waiting.result()["semantic_divergence"].unavailable == "endpoint_down"


def test_kind_needs_an_endpoint():
    """A kind that asks an endpoint, without one, is refused with the key."""
    with pytest.raises(ConfigError, match=r"assessors\.semantic\.endpoint: kind tei needs"):
        SemanticAssessor(SemanticSettings(kind=Embedder.TEI), HandClock())
