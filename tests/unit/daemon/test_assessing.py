"""Assessors at work: attached, counted, and bounded, whatever they do."""

from __future__ import annotations

import asyncio

import pytest

from shadowmon.clock import SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon import assessing, build
from shadowmon.daemon.assessing import Assessing
from shadowmon.records import Assessment, TrialId
from shadowmon.telemetry.tallies import Tallies
from tests.factories import a_pair


ENDPOINT = {"url": "http://127.0.0.1:9"}
CHAT = TrialId("int8")


class Finds:
    """Finds what it is told to, or fails in the way it is told to."""

    metrics = ("semantic_divergence",)

    def __init__(self, found=None, *, error=None, hangs=False):
        self.found = found or {}
        self.error = error
        self.hangs = hangs
        self.is_open = False
        self.asked = 0

    async def __aenter__(self):
        self.is_open = True
        return self

    async def __aexit__(self, *_):
        self.is_open = False

    async def assess(self, pair):
        del pair
        self.asked += 1
        if self.error:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()
        return self.found


@pytest.fixture
def settings():
    return Settings.model_validate(
        {
            "models": {
                "fp16": {"url": "http://127.0.0.1:1"},
                "int8": {"url": "http://127.0.0.1:2"},
            },
            "routes": {
                "chat": {
                    "path_prefix": "/v1/",
                    "baseline": "fp16",
                    "codec": "openai",
                    "self_check_rate": 0.1,
                }
            },
            "trials": {CHAT: {"route": "chat", "optimized": "int8", "task": "chat"}},
            "assessors": {
                "semantic": {"endpoint": ENDPOINT},
                "moderation": {"endpoint": ENDPOINT},
                "deadline_seconds": 0.05,
            },
        }
    )


@pytest.fixture
def assess(settings, monkeypatch):
    """Assess one pair with stand-ins; return the pair, and what was counted."""

    async def run(semantic, moderation=None, *, twin=False):
        stands_for = {"semantic": semantic, "moderation": moderation or Finds()}
        monkeypatch.setattr(build, "assessor", lambda name, *_: stands_for[name])
        tallies = Tallies()
        async with Assessing(settings, SystemClock(), tallies) as bench:
            assert semantic.is_open
            pair = a_pair(trial_id=CHAT)
            found = await (bench.assess_twin(pair) if twin else bench.assess(pair))
        assert not semantic.is_open
        return found, {each.labels: each.value for each in tallies.snapshot()}

    return run


async def test_what_is_found_is_attached_and_counted(assess):
    """Each metric's assessment goes with the pair to the scorers."""
    found = Assessment(distance=0.25)
    flags = Assessment(baseline=0.0, optimized=1.0)

    pair, counted = await assess(Finds({"semantic_divergence": found}), Finds({"moderated": flags}))

    assert pair.assessments == {"semantic_divergence": found, "moderated": flags}
    assert counted == {
        (CHAT, "semantic_divergence", assessing.FOUND): 1,
        (CHAT, "moderated", assessing.FOUND): 1,
    }


async def test_one_that_raises_is_unavailable(assess):
    """The pair is left out of its metrics, and the others' findings stay."""
    flags = Assessment(missing="judge_unreadable")

    pair, counted = await assess(Finds(error=RuntimeError("x")), Finds({"moderated": flags}))

    assert pair.assessments["semantic_divergence"] == Assessment(unavailable=assessing.FAILED)
    assert counted[CHAT, "semantic_divergence", assessing.FAILED] == 1
    assert counted[CHAT, "moderated", assessing.MISSING] == 1


async def test_one_that_hangs_is_unavailable_at_the_deadline(assess):
    """A pair never waits without a bound."""
    async with asyncio.timeout(5):
        pair, _ = await assess(Finds(hangs=True))

    assert pair.assessments["semantic_divergence"] == Assessment(unavailable=assessing.DEADLINE)


async def test_a_twin_is_asked_about_only_what_has_a_noise_floor(assess):
    """The baseline against itself: its divergences; and it is not counted as a pair."""
    semantic, moderation = Finds({"semantic_divergence": Assessment(distance=0.1)}), Finds()

    twin, counted = await assess(semantic, moderation, twin=True)

    assert (semantic.asked, moderation.asked) == (1, 0)
    assert twin.assessments == {"semantic_divergence": Assessment(distance=0.1)}
    assert counted == {}
