"""The sandbox as the assessor has it; on a machine where none holds, that it refuses."""

from __future__ import annotations

import asyncio
import os

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shadowmon.assessors.code_tests import CodeTestsAssessor
from shadowmon.assessors.sandbox import self_test
from shadowmon.assessors.sandbox.attacks import attacks
from shadowmon.assessors.sandbox.pool import Sandbox
from shadowmon.assessors.sandbox.verdict import Verdict
from shadowmon.assessors.settings import SandboxSettings
from shadowmon.clock import SystemClock
from shadowmon.records import Assessment, Outcome
from tests.conftest import wait_until
from tests.factories import a_pair, a_reply
from tests.humaneval import ALL, EXCERPT, problems
from tests.integration.assessors.sandboxes import expected_tier, namespaces_work, path_with_bwrap


pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = SandboxSettings(allow_landlock=True, workers=2, timeout_seconds=2)
SOME = problems(EXCERPT)


@pytest_asyncio.fixture(name="opened", scope="module", loop_scope="module")
async def _opened():
    """An assessor whose sandbox is open; what came of each attack; and the signs outside."""
    tried: list[Any] = []

    async def try_all(link):
        tried[:] = await self_test_of(link)
        return tried

    self_test_of = self_test.try_all
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_with_bwrap())
        patch.setattr(self_test, "try_all", try_all)
        async with CodeTestsAssessor(SETTINGS, SystemClock()) as assessor:
            yield assessor, *(tried or ([], []))


@pytest.fixture(name="assessor", scope="module")
def _assessor(opened):
    return opened[0]


@pytest.fixture(name="sandbox", scope="module")
def _sandbox(assessor):
    return assessor.sandbox


def came_to(sandbox, verdict):
    """Return what must come of a program: its verdict, or nothing where there is no sandbox."""
    return Verdict.NOT_STARTED if sandbox.problem else verdict


async def test_tier_is_the_best_that_holds(sandbox):
    """Namespaces where they can be had, else Landlock, which was allowed; else a reason."""
    expected = expected_tier(allow_landlock=True, namespaces=namespaces_work())
    assert (sandbox.plan.tier if sandbox.plan else None) == expected
    assert bool(sandbox.problem) == (expected is None)


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.name)
async def test_attack_is_contained(sandbox, opened, attack):
    """Every attack comes to what it must; where there is no sandbox, it has not passed either."""
    _, tried, _ = opened
    verdicts = {each.attack.name: each.ran.verdict for each in tried}
    if sandbox.problem:
        assert verdicts.get(attack.name) is not Verdict.PASSED
    else:
        assert verdicts[attack.name] in attack.expected


async def test_no_sign_outside(opened):
    """No attack wrote or changed a file outside, killed the launcher, or left a process behind."""
    _, _, signs = opened
    assert signs == []


@pytest.mark.parametrize("problem", SOME, ids=lambda problem: problem.name)
async def test_right_and_broken_solutions(assessor, problem):
    """A right solution passes its tests; without its first line it does not."""
    pair = a_pair(a_reply(problem.solution), a_reply(problem.mutant), question=problem.question)
    expected = (
        Assessment(unavailable="no_sandbox")
        if assessor.sandbox.problem
        else Assessment(baseline=1.0, optimized=0.0)
    )
    assert await assessor.assess(pair) == {"tests_passed": expected}


async def test_nothing_to_test(assessor):
    """Without tests, or without a baseline's answer, there is nothing to say."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    assert await assessor.assess(a_pair()) == {}
    assert await assessor.assess(a_pair(failed, question=SOME[0].question)) == {}


async def test_optimized_model_failed(assessor):
    """An optimized model that failed to answer has not escaped its tests."""
    failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)
    pair = a_pair(a_reply(SOME[0].solution), failed, question=SOME[0].question)
    expected = (
        Assessment(unavailable="no_sandbox")
        if assessor.sandbox.problem
        else Assessment(missing="optimized_failed")
    )
    assert await assessor.assess(pair) == {"tests_passed": expected}


async def test_answer_without_code_fails(assessor):
    """An answer in words passes no test."""
    pair = a_pair(a_reply("Sorry, no."), a_reply("Sorry, no."), question=SOME[0].question)
    (found,) = (await assessor.assess(pair)).values()
    assert found.unavailable or (found.baseline, found.optimized) == (0.0, 0.0)


async def test_same_program_is_run_once(assessor):
    """Two answers with the same code have the same result, though the tests roll dice."""
    question = replace(
        SOME[0].question, text="", tests="import random; assert random.random() < 0.5"
    )
    pair = a_pair(
        a_reply("```python\nx = 1\n```"), a_reply("```python\nx = 1\n```"), question=question
    )
    for found in [await assessor.assess(pair) for _ in range(8)]:
        assert found["tests_passed"].baseline == found["tests_passed"].optimized


async def test_parts_share_a_module_and_no_line(sandbox):
    """Each part sees the names of those before it, and swallows nothing of the next."""
    ran = await sandbox.run(["from __future__ import annotations\nx = 1", "assert x == 1"])
    assert ran.verdict is came_to(sandbox, Verdict.PASSED)
    ran = await sandbox.run(["x = '''", "'''\nassert x"])
    assert ran.verdict is came_to(sandbox, Verdict.FAILED)


async def test_demonstration_is_not_run(sandbox):
    """What an answer shows under `if __name__ == "__main__"` is not part of its code."""
    ran = await sandbox.run(['if __name__ == "__main__": input()'])
    assert ran.verdict is came_to(sandbox, Verdict.PASSED)


async def test_any_text_is_a_program(sandbox):
    """Long programs, half a surrogate and NUL are run, or fail, as Python has it."""
    long = "x = 1\n" * 100_000
    assert (await sandbox.run([long])).verdict is came_to(sandbox, Verdict.PASSED)
    assert (await sandbox.run(["x = '\ud800'"])).verdict is came_to(sandbox, Verdict.PASSED)
    assert (await sandbox.run(["x = '\0'"])).verdict is Verdict.FAILED


async def test_many_at_one_time(sandbox):
    """More programs than places wait for their turn, and each gets its own verdict."""
    programs = [[f"assert {number} % 3"] for number in range(12)]
    verdicts = [ran.verdict for ran in await asyncio.gather(*map(sandbox.run, programs))]
    expected = [Verdict.PASSED if number % 3 else Verdict.FAILED for number in range(12)]
    assert verdicts == [came_to(sandbox, each) for each in expected]


@pytest.mark.parametrize(
    ("written", "verdict"), [(1_000, Verdict.PASSED), (200_000, Verdict.FLOODED)]
)
async def test_what_a_program_may_write_is_bounded(monkeypatch, written, verdict):
    """By `output_max_bytes`: more of it is no answer, whatever it would have come to."""
    monkeypatch.setenv("PATH", path_with_bwrap())
    settings = SETTINGS.model_copy(update={"output_max_bytes": 2_048})
    async with CodeTestsAssessor(settings, SystemClock()) as assessor:
        ran = await assessor.sandbox.run([f"print('x' * {written})"])
        assert ran.verdict is came_to(assessor.sandbox, verdict)


async def test_launcher_is_lost(sandbox):
    """A program whose launcher dies was not started; the next one has a new launcher."""
    if sandbox.problem:
        assert sandbox.launcher_id is None
        return
    running = asyncio.ensure_future(sandbox.run(["import time; time.sleep(60)"]))
    await asyncio.sleep(0.2)
    os.kill(sandbox.launcher_id, 9)
    assert (await running).verdict is Verdict.NOT_STARTED
    assert (await sandbox.run(["x = 1"])).verdict is Verdict.PASSED
    assert sandbox.restarts == 1


async def test_closing_ends_what_runs():
    """A sandbox that is closed leaves neither launcher nor program, and runs no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_with_bwrap())
        patch.setattr(self_test, "attacks", lambda: attacks()[:1])
        sandbox = await Sandbox(SETTINGS, SystemClock()).__aenter__()
    launcher, problem = sandbox.launcher_id, sandbox.problem
    running = asyncio.ensure_future(sandbox.run(["import time; time.sleep(60)"]))
    await asyncio.sleep(0.2)
    await sandbox.__aexit__(None, None, None)
    assert (await running).verdict is Verdict.NOT_STARTED
    assert (await sandbox.run(["x = 1"])).error == "the sandbox is closed"
    assert problem or not Path(f"/proc/{launcher}").exists()


async def test_attack_that_succeeds_closes_the_sandbox(monkeypatch):
    """If one attack is not contained, nothing is ever run, and the reason names it."""
    monkeypatch.setenv("PATH", path_with_bwrap())
    escaping = replace(attacks()[3], name="read_usr", program='open("/usr/bin/env", "rb").read()')
    monkeypatch.setattr(self_test, "attacks", lambda: [attacks()[0], escaping])
    async with CodeTestsAssessor(SETTINGS, SystemClock()) as assessor:
        assert assessor.sandbox.plan is None
        if expected_tier(allow_landlock=True, namespaces=namespaces_work()):
            assert "read_usr passed" in assessor.sandbox.problem
        pair = a_pair(a_reply("x = 1"), a_reply("x = 2"), question=SOME[0].question)
        assert await assessor.assess(pair) == {"tests_passed": Assessment(unavailable="no_sandbox")}


async def test_no_sandbox_to_be_had(monkeypatch):
    """Without bwrap and without leave for Landlock the assessor opens, refuses, and says why."""
    monkeypatch.setenv("PATH", "/nonexistent")
    async with CodeTestsAssessor(SandboxSettings(), SystemClock()) as assessor:
        assert assessor.sandbox.problem == (
            "namespaces: no bwrap on PATH (install bubblewrap);"
            " landlock: not allowed (assessors.sandbox.allow_landlock)"
        )
        pair = a_pair(a_reply("x = 1"), a_reply("x = 1"), question=SOME[0].question)
        assert await assessor.assess(pair) == {"tests_passed": Assessment(unavailable="no_sandbox")}
        wait_until(lambda: assessor.sandbox.launcher_id is None, seconds=1)


@pytest.mark.slow
async def test_all_of_humaneval(assessor):
    """Every right solution passes, and at most two pass without their first line."""
    every = problems(ALL) if ALL.exists() else SOME
    pairs = [
        a_pair(a_reply(each.solution), a_reply(each.mutant), question=each.question)
        for each in every
    ]
    found = [(await assessor.assess(pair))["tests_passed"] for pair in pairs]
    if not assessor.sandbox.problem:
        assert sum(each.baseline or 0 for each in found) == len(every)
        assert sum(each.optimized or 0 for each in found) <= 2
