"""The judge assessor before fake judge models."""

from __future__ import annotations

import asyncio

from contextlib import asynccontextmanager

import pytest

from shadowmon.assessors.canaries import ROUND
from shadowmon.assessors.judge import JudgeAssessor, rates_of
from shadowmon.assessors.judge_prompt import RUBRICS
from shadowmon.assessors.settings import EndpointSettings, JudgeSettings
from shadowmon.records import Assessment, ExchangeId, Outcome, Question, TrialId
from tests.factories import a_pair, a_reply
from tests.integration.assessors.endpoints import HandClock, a_fake, status
from tests.integration.assessors.judges import (
    always_first,
    always_tie,
    honest,
    judge,
    literal,
    obedient,
    parts_of,
    rubbish,
    verdict,
)


FIRST_ROUND = 2 * ROUND
"""Calls of the canaries that are planted at the beginning."""
LOSES = Assessment(baseline=1, optimized=0)
TIES = Assessment(baseline=0.5, optimized=0.5)


@asynccontextmanager
async def an_assessor(fake, *, clock=None, endpoint=None, **settings):
    """Enter an assessor that judges every pair."""
    made = JudgeSettings(
        endpoint=EndpointSettings(url=fake.url, model="j", **(endpoint or {})),
        **{"share": 1.0, **settings},
    )
    tasks = {TrialId("int8"): "summarization"}
    async with JudgeAssessor(made, clock or HandClock(), tasks=tasks) as assessor:
        yield assessor


def pair_of(baseline, optimized, *, number=1, asked="what is it?"):
    return a_pair(
        a_reply(baseline),
        a_reply(optimized),
        exchange_id=ExchangeId(f"x-{number}"),
        question=Question(text=asked, source=asked),
    )


async def found_with(judging, baseline, optimized, **settings):
    """Assess one pair before a judge that judges so."""
    async with a_fake(judge(judging)) as fake, an_assessor(fake, **settings) as assessor:
        found = await assessor.assess(pair_of(baseline, optimized))
    return found["preference"]


@pytest.mark.parametrize(
    ("baseline", "optimized", "found"),
    [
        ("a good one", "a worse one", LOSES),
        ("a worse one", "a good one", Assessment(baseline=0, optimized=1)),
        ("one thing", "another thing", TIES),
        ("the same", "the same", TIES),
    ],
)
async def test_better_answer_wins(baseline, optimized, found):
    """The better answer gets 1 and the other 0; each gets one half of a tie."""
    assert await found_with(honest, baseline, optimized) == found


async def test_both_orders_are_asked():
    """Each pair is shown both ways round, under the names A and B, at temperature 0."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake) as assessor:
        await assessor.assess(pair_of("a good one", "a worse one"))
        shown = [parts_of(asked) for asked in fake.calls[FIRST_ROUND:]]
    assert sorted((each["answer A"], each["answer B"]) for each in shown) == [
        ("a good one", "a worse one"),
        ("a worse one", "a good one"),
    ]
    body = fake.calls[-1].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("j", 0, 400)


async def test_length_of_a_verdict_is_bounded():
    """What the judge may write is what `answer_tokens_max` says."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake, answer_tokens_max=64) as assessor:
        await assessor.assess(pair_of("a good one", "a worse one"))
        assert fake.calls[-1].body["max_tokens"] == 64


@pytest.mark.parametrize(("different_above", "rate"), [(0.1, 10_000), (0.9, 100)])
async def test_texts_that_differ_are_judged_more_often(different_above, rate):
    """From `different_above` on a pair is drawn at the rate of texts that differ."""
    async with (
        a_fake(judge(honest)) as fake,
        an_assessor(fake, share=0.01, different_above=different_above) as assessor,
    ):
        found = [
            each["preference"].rate
            for number in range(400)
            if (each := await assessor.assess(pair_of("a good one", "a poor one", number=number)))
        ]
    assert set(found) == {rate}
    assert len(found) == 400 if rate == 10_000 else 0 < len(found) < 20


async def test_order_is_drawn_by_the_exchange():
    """Which order comes first is drawn for each exchange, and is the same the next time."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake) as assessor:
        for number in (*range(20), *range(20)):
            await assessor.assess(pair_of("a good one", "a worse one", number=number))
        shown = [parts_of(asked)["answer A"] for asked in fake.calls[FIRST_ROUND:]][::2]
    assert shown[:20] == shown[20:]
    assert set(shown[:20]) == {"a good one", "a worse one"}


async def test_what_is_asked():
    """The question goes along, the rubric is that of the trial's task, and both texts are cut."""
    async with a_fake(judge(honest)) as fake:
        async with an_assessor(fake, endpoint={"chars_max": 300}) as assessor:
            await assessor.assess(pair_of("a" * 400, "b" * 400, asked="z" * 400 + "?"))
        asked = fake.calls[-1]
    parts = parts_of(asked)
    assert parts["question"] == "z" * 299 + "?"
    assert {parts["answer A"], parts["answer B"]} == {"a" * 300, "b" * 300}
    assert RUBRICS["summarization"] in asked.body["messages"][0]["content"]


async def test_own_rubric():
    """A rubric of the settings takes the place of the shipped one."""
    async with (
        a_fake(judge(honest)) as fake,
        an_assessor(fake, rubric={"summarization": "Shorter is better."}) as assessor,
    ):
        await assessor.assess(pair_of("a good one", "a worse one"))
        assert "Shorter is better." in fake.calls[-1].body["messages"][0]["content"]


async def test_marks_cannot_be_known():
    """The marks around the answers differ from call to call, and from one start to the next."""
    seen = []
    for _ in range(2):
        async with a_fake(judge(honest)) as fake, an_assessor(fake) as assessor:
            await assessor.assess(pair_of("a good one", "a worse one"))
        seen += [asked.body["messages"][1]["content"][:26] for asked in fake.calls]
    assert len(set(seen)) == len(seen)


async def test_disagreement_is_a_tie_and_is_counted():
    """A winner that changes with the order has won by its place: a tie, counted as such."""

    def favours_a(question, first, second):
        close = {first, second} == {"one thing", "another thing"}
        return verdict("A") if close else honest(question, first, second)

    async with a_fake(judge(favours_a)) as fake, an_assessor(fake) as assessor:
        found = await assessor.assess(pair_of("one thing", "another thing"))
        counts = assessor.counts
    assert found["preference"] == TIES
    assert counts["inconsistent"] == 1


@pytest.mark.parametrize("useless", [always_first, always_tie, rubbish, obedient, literal])
async def test_useless_judges_are_caught(useless):
    """A judge of one place, of ties only, of rubbish, or that obeys an answer is not trusted."""
    found = await found_with(useless, "a good one", "a worse one")
    assert found == Assessment(unavailable="canaries")


async def test_judge_that_goes_bad_is_caught_and_may_come_back():
    """Canaries go on between the pairs: trust is lost, and won again by passing them."""
    clock = HandClock()

    async def judged(assessor, times):
        found = []
        for _ in range(times):
            clock.moved += 6
            (each,) = (await assessor.assess(pair_of("a good one", "a worse one"))).values()
            found.append(each)
        return found

    async with (
        a_fake(judge(honest)) as fake,
        an_assessor(fake, clock=clock, canary_every=10) as assessor,
    ):
        before = await judged(assessor, 5)
        fake.answer = judge(always_first)
        after = await judged(assessor, 60)
        fake.answer = judge(honest)
        again = await judged(assessor, 30)

    assert set(before) == {LOSES}
    assert after[-1] == Assessment(unavailable="canaries")
    assert again[-1] == LOSES


@pytest.mark.parametrize(
    ("canaries_failed_max", "found"), [(0.25, Assessment(unavailable="canaries")), (0.95, TIES)]
)
async def test_how_many_canaries_may_fail(canaries_failed_max, found):
    """A judge that fails two of three is trusted by whoever allows for as many."""
    settings = {"canaries_failed_max": canaries_failed_max, "canary_every": 10}
    async with a_fake(judge(honest)) as fake, an_assessor(fake, **settings) as assessor:
        fake.answer = judge(always_first)
        told = [await assessor.assess(pair_of("a good one", "a worse one")) for _ in range(60)]
    assert told[-1]["preference"] == found


async def test_endpoint_that_comes_up_late():
    """A judge that was down at the start is tried again, and trusted after a whole round."""
    clock = HandClock()
    async with a_fake(lambda _: status(500)) as fake, an_assessor(fake, clock=clock) as assessor:
        first = await assessor.assess(pair_of("a good one", "a worse one"))
        fake.answer = judge(honest)
        for _ in range(ROUND):
            clock.moved += 6
            await assessor.assess(pair_of("a good one", "a worse one"))
        found = await assessor.assess(pair_of("a good one", "a worse one"))
    assert first["preference"] == Assessment(unavailable="canaries")
    assert found["preference"] == LOSES


async def test_unreadable_verdict_is_asked_for_again():
    """One verdict that cannot be read costs one more call, and is counted."""
    stumbled: list[int] = []

    def stumbles(question, first, second):
        if "worse" in first + second and not stumbled:
            stumbled.append(1)
            return "well"
        return honest(question, first, second)

    async with a_fake(judge(stumbles)) as fake, an_assessor(fake) as assessor:
        found = await assessor.assess(pair_of("a good one", "a worse one"))
        assert assessor.counts["unreadable"] == 1
    assert found["preference"] == LOSES


@pytest.mark.parametrize(
    ("baseline", "optimized", "found"),
    [
        ("a good one", "breaks you", Assessment(missing="judge_unreadable")),
        ("breaks you", "a good one", Assessment(unavailable="bad_answer")),
    ],
)
async def test_answer_that_breaks_the_judge(baseline, optimized, found):
    """If only the optimized model's answer makes verdicts unreadable, the pair is missing."""

    def breaks(question, first, second):
        return "mu" if "breaks you" in first + second else honest(question, first, second)

    assert await found_with(breaks, baseline, optimized) == found


async def test_answer_that_the_judge_refuses():
    """If the endpoint refuses what it is sent only because of the optimized answer: missing."""

    def filters(asked):
        text = asked.body["messages"][1]["content"]
        return status(400) if "filtered" in text else judge(honest)(asked)

    async with a_fake(filters) as fake, an_assessor(fake) as assessor:
        theirs = await assessor.assess(pair_of("a good one", "filtered"))
        ours = await assessor.assess(pair_of("filtered", "a good one"))
    assert theirs["preference"] == Assessment(missing="judge_refused")
    assert ours["preference"] == Assessment(unavailable="refused")


async def test_endpoint_that_fails_later():
    """A judge that is down is unavailable, also for texts that are the same."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake) as assessor:
        fake.answer = lambda _: status(500)
        different = await assessor.assess(pair_of("a good one", "a worse one"))
        same = await assessor.assess(pair_of("the same", "the same"))
    assert different["preference"] == same["preference"] == Assessment(unavailable="endpoint_down")


async def test_budget():
    """A comparison that the budget does not reach for is left out, and nothing of it is sent."""
    async with (
        a_fake(judge(honest)) as fake,
        an_assessor(fake, endpoint={"calls_per_minute": FIRST_ROUND + 1}) as assessor,
    ):
        found = await assessor.assess(pair_of("a good one", "a worse one"))
    assert found["preference"] == Assessment(unavailable="budget")
    assert len(fake.calls) == FIRST_ROUND


async def test_sample_is_drawn_by_how_far_the_texts_differ():
    """Pairs that differ are judged at one rate and those alike at another; each says its own."""
    async with (
        a_fake(judge(honest)) as fake,
        an_assessor(fake, share=0.1, share_different=0.5) as assessor,
    ):
        alike = [
            await assessor.assess(pair_of("the same", "the same", number=n)) for n in range(400)
        ]
        differ = [await assessor.assess(pair_of("good", "worse", number=n)) for n in range(100)]

    assert {each["preference"].rate for each in alike if each} == {1000}
    assert {each["preference"].rate for each in differ if each} == {5000}
    assert 20 <= sum(map(bool, alike)) <= 60
    assert 35 <= sum(map(bool, differ)) <= 65
    settings = JudgeSettings(
        endpoint=EndpointSettings(url="http://127.0.0.1:1"), share=0.1, share_different=0.5
    )
    assert rates_of(settings) == (10_000, 5000, 1000)


async def test_what_does_not_apply_and_what_failed():
    """Without words of the baseline nothing is compared; a failed optimized reply is missing."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake, share=0.0001) as assessor:
        failed = a_reply(outcome=Outcome.ERROR, answer=None)
        assert await assessor.assess(pair_of("", "a good one")) == {}
        found = await assessor.assess(a_pair(a_reply("a good one"), failed))
    assert found["preference"] == Assessment(missing="optimized_failed")
    assert len(fake.calls) == FIRST_ROUND


async def test_many_pairs_at_one_time():
    """Pairs that are judged at one time do not get in each other's way."""
    async with a_fake(judge(honest)) as fake, an_assessor(fake, canary_every=10) as assessor:
        found = await asyncio.gather(
            *(assessor.assess(pair_of("a good one", "worse", number=n)) for n in range(50))
        )
    assert {each["preference"] for each in found} == {LOSES}
