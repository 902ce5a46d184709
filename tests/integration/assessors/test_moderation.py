"""The moderation assessor before fake endpoints."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager

import pytest

from shadowmon.assessors.moderation import ModerationAssessor
from shadowmon.assessors.settings import EndpointSettings, ModerationSettings
from shadowmon.errors import ConfigError
from shadowmon.records import Answer, Assessment, Outcome
from tests.factories import a_pair, a_reply
from tests.integration.assessors.endpoints import HandClock, a_fake, status


def flags(*bad):
    """Flag texts that hold one of these words."""

    def answer(asked):
        found = any(word in asked.body["input"] for word in bad)
        return {"results": [{"flagged": found, "categories": {"violence": found, "other": True}}]}

    return answer


def only_at_first(*bad):
    """Flag each text once, and never again."""
    seen: Counter[str] = Counter()

    def answer(asked):
        seen[asked.body["input"]] += 1
        first = seen[asked.body["input"]] == 1
        return flags(*bad)(asked) if first else flags()(asked)

    return answer


@asynccontextmanager
async def an_assessor(fake, *, clock=None, endpoint=None, **settings):
    made = ModerationSettings(
        endpoint=EndpointSettings(url=fake.url, **(endpoint or {})), **settings
    )
    async with ModerationAssessor(made, clock or HandClock()) as assessor:
        yield assessor


async def found_with(answer, baseline, optimized, **settings):
    """Assess one pair of texts before an endpoint; return the assessment and the texts asked."""
    async with a_fake(answer) as fake, an_assessor(fake, **settings) as assessor:
        found = await assessor.assess(a_pair(a_reply(baseline), a_reply(optimized)))
    return found["moderated"], [asked.body["input"] for asked in fake.calls]


async def test_each_answer_is_asked_about():
    """Each answer is asked about by itself, at /moderations."""
    async with (
        a_fake(flags("bomb")) as fake,
        an_assessor(fake, endpoint={"model": "guard"}) as assessor,
    ):
        found = await assessor.assess(a_pair(a_reply("a bomb"), a_reply("this bomb")))
    assert found == {"moderated": Assessment(baseline=1, optimized=1)}
    assert [asked.path for asked in fake.calls] == ["/v1/moderations"] * 2
    assert fake.calls[0].body == {"model": "guard", "input": "a bomb"}


@pytest.mark.parametrize("baseline_is_flagged", [False, True])
async def test_what_only_one_is_flagged_for_is_asked_again(baseline_is_flagged):
    """A flag of one model alone, whichever it is, counts if it is given twice, and not if once."""
    pair = ("bomb", "tea") if baseline_is_flagged else ("tea", "bomb")
    figures = (1, 0) if baseline_is_flagged else (0, 1)

    twice, asked = await found_with(flags("bomb"), *pair)
    once, _ = await found_with(only_at_first("bomb"), *pair)
    unasked, _ = await found_with(only_at_first("bomb"), *pair, confirm=False)

    assert Counter(asked) == {"bomb": 2, "tea": 1}
    assert (twice.baseline, twice.optimized) == (unasked.baseline, unasked.optimized) == figures
    assert (once.baseline, once.optimized) == (0, 0)


async def test_flag_stands_where_it_cannot_be_confirmed():
    """If the second question gets no answer, the first flag counts."""
    calls: Counter[str] = Counter()

    def answer(asked):
        calls["all"] += 1
        return flags("bomb")(asked) if calls["all"] < 3 else status(500)

    found, _ = await found_with(answer, "tea", "bomb")
    assert (found.baseline, found.optimized) == (0, 1)


async def test_only_the_named_categories_count():
    """With categories named, `flagged` and the others say nothing; one that is lacking is bad."""
    found, _ = await found_with(flags("bomb"), "tea", "bomb", categories=("violence",))
    assert (found.baseline, found.optimized) == (0, 1)
    found, _ = await found_with(flags("bomb"), "tea", "bomb", categories=("self-harm",))
    assert found == Assessment(unavailable="bad_answer")


async def test_any_json_by_template_and_expression():
    """The text is put into the template as a JSON string, whatever is in it."""

    def guard(asked):
        return {"verdict": {"safe": asked.body["check"][0] != 'a "bomb"\n\\'}}

    settings = {
        "kind": "json",
        "request": '{"check": [$text], "mode": "strict"}',
        "flagged": "!(verdict.safe)",
    }
    async with a_fake(guard) as fake, an_assessor(fake, **settings) as assessor:
        found = await assessor.assess(a_pair(a_reply("tea"), a_reply('a "bomb"\n\\')))
    assert found["moderated"] == Assessment(baseline=0, optimized=1)
    assert (fake.calls[0].path, fake.calls[0].body["mode"]) == ("/v1", "strict")


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda _: status(500), "endpoint_down"),
        (lambda _: status(401), "denied"),
        (lambda _: {"results": []}, "bad_answer"),
        (lambda _: {"results": [{"flagged": "no"}]}, "bad_answer"),
        (lambda _: status(400), "refused"),
    ],
)
async def test_failures_are_unavailable(answer, word):
    """What the endpoint does wrong with the baseline's answer is its own trouble."""
    found, _ = await found_with(answer, "tea", "coffee")
    assert found == Assessment(unavailable=word)


async def test_text_that_it_will_not_read_is_missing():
    """A text that is refused, where the baseline's was read, has not been found safe."""

    def answer(asked):
        return status(400) if "filtered" in asked.body["input"] else flags()(asked)

    found, _ = await found_with(answer, "tea", "filtered")
    assert found == Assessment(missing="optimized_refused")


async def test_unreadable_answer_is_asked_for_again():
    """A garbled answer is asked for once more; one that stays garbled makes the pair missing."""
    once, _ = await found_with(garbled(times=1), "tea", "mumble")
    always, _ = await found_with(garbled(times=9), "tea", "mumble")
    assert once == Assessment(baseline=0, optimized=0)
    assert always == Assessment(missing="optimized_bad_answer")


def garbled(*, times):
    """Answer so many times with nonsense about "mumble"."""
    left = [times]

    def answer(asked):
        if asked.body["input"] == "mumble" and left[0]:
            left[0] -= 1
            return "nonsense"
        return flags()(asked)

    return answer


async def test_budget():
    """A pair that the budget does not reach for is left out whole, and nothing is sent."""
    found, asked = await found_with(flags(), "tea", "tea", endpoint={"calls_per_minute": 1})
    assert (found, asked) == (Assessment(unavailable="budget"), [])


async def test_what_does_not_apply():
    """A reply that failed, and answers that say nothing, are not asked about."""
    async with a_fake(flags()) as fake, an_assessor(fake) as assessor:
        failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)
        assert await assessor.assess(a_pair(a_reply("tea"), failed)) == {}
        refusal = a_reply(answer=Answer(refusal="No bomb."))
        assert await assessor.assess(a_pair(refusal, refusal)) == {}
    assert fake.calls == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"request": '{"input": $text'}, r"moderation\.request: with \$text put in it is no JSON"),
        ({"request": '{"input": 1}'}, r"moderation\.request: has no \$text"),
        ({"flagged": "results["}, r'moderation\.flagged: "results\[" is not a JMESPath'),
    ],
)
def test_bad_settings(settings, problem):
    """A template that is no JSON or has no text, and no expression, are named with their key."""
    endpoint = EndpointSettings(url="http://127.0.0.1:1/")
    made = ModerationSettings(endpoint=endpoint, kind="json", **settings)
    with pytest.raises(ConfigError, match=problem):
        ModerationAssessor(made, HandClock())
