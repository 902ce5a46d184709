"""Real prover processes, real formulas, and formulas that nobody should try to calculate."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

from pathlib import Path

import pytest
import pytest_asyncio

from shadowmon.assessors import symbolic_math, symbolic_math_pool
from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math import SymbolicMathAssessor
from shadowmon.clock import SystemClock
from shadowmon.errors import ConfigError
from shadowmon.records import Assessment
from shadowmon.scoring.mathematics.scorer import ANSWERS_DIFFER
from tests.factories import a_pair, a_reply
from tests.formulas import HOSTILE
from tests.integration.assessors.endpoints import HandClock


pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = SymbolicMathSettings(timeout_seconds=0.6)
CLOCK = HandClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def assessor():
    """Start one prover for all tests; starting takes two seconds."""
    async with SymbolicMathAssessor(SETTINGS, CLOCK) as started:
        yield started


def boxed(one, other):
    """Return a pair whose final answers these are."""
    return a_pair(a_reply(rf"\boxed{{{one}}}"), a_reply(rf"\boxed{{{other}}}"))


async def found(assessor, one, other):
    """Return what was found of two final answers; None if nothing was to be found."""
    return (await assessor.assess(boxed(one, other))).get(ANSWERS_DIFFER)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(x+1)^2", "x^2+2x+1"),
        ("[0,1)", "0<=x<1"),
        ("0<=x<1", "[0,1)"),
        ("1e3", r"10^2 \cdot 10"),
        ("5", r"\sqrt{25}"),
        (r"\frac{\sqrt{3}}{3}", "1/\\sqrt{3}"),
        ("2 pi", r"2\pi"),
        ("\u221a8", "2\u221a2"),
        ("x = 3 or x = 5", r"\{5, 3\}"),
        ("y = 2x+1", "y = 1+2x"),
        ("x**10 + 1", "1 + x^{10}"),
    ],
)
async def test_equal_formulas(assessor, one, other):
    """Formulas that are equal are proven equal, in either order, in LaTeX or plain writing."""
    assert await found(assessor, one, other) == Assessment(distance=0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2x", "3x"), ("(1,2)", "(2,1)"), ("1/0", "x+1"), ("5", r"\sqrt{26}"), ("@@(1", "x+1")],
)
async def test_different_formulas(assessor, one, other):
    """What is not proven equal, or cannot be read, is different."""
    assert await found(assessor, one, other) == Assessment(distance=1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1e3", "1000"), ("18", "19"), (r"\text{Monday}", "Monday"), ("x^{2}", "x^2"), ("on", "no")],
)
async def test_what_needs_no_proof(assessor, one, other):
    """Numbers, phrases and what is written alike are not sent to a prover."""
    assert await found(assessor, one, other) is None


async def test_pairs_without_answers(assessor):
    """Where a text comes to no answer there is nothing to prove."""
    formula, nothing = a_reply("x+1"), a_reply("I do not know.")
    assert await assessor.assess(a_pair(formula, nothing)) == {}
    assert await assessor.assess(a_pair(nothing, formula)) == {}


async def test_hostile_formulas(assessor):
    """Each costs a second or two, and neither the prover nor the event loop."""
    provers, restarts = assessor.process_ids, assessor.restarts
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def tick():
        while True:
            due = loop.time() + 0.01
            await asyncio.sleep(0.01)
            late.append(loop.time() - due)

    async with asyncio.TaskGroup() as tasks:
        ticker = tasks.create_task(tick())
        for formula in HOSTILE:
            began = loop.time()
            assessment = await found(assessor, formula, "x+1")
            assert loop.time() - began < 3.0
            assert assessment is not None
            assert assessment.missing in {"timeout", "memory", "crash"}
        ticker.cancel()

    # Other work runs on this machine: one tick in a hundred may be late for its sake.
    assert sorted(late)[len(late) * 99 // 100] < 0.05
    assert assessor.process_ids == provers
    assert assessor.restarts == restarts + len(HOSTILE)
    assert await found(assessor, "x+1", "1+x") == Assessment(distance=0.0)


async def test_a_prover_is_bounded(assessor):
    """It may have no more memory than the settings say, leaves no core, and stands aside."""
    (prover,) = assessor.process_ids
    limits = Path(f"/proc/{prover}/limits").read_text().splitlines()
    bounds = {line[:25].strip(): line[25:].split() for line in limits}
    assert bounds["Max address space"][1] == str(SETTINGS.memory_max_bytes)
    assert bounds["Max core file size"][1] == "0"
    assert os.getpriority(os.PRIO_PROCESS, prover) >= 10


async def test_a_finding_is_kept(assessor):
    """The same two formulas are not tried twice, in whatever order they come."""
    first = await found(assessor, HOSTILE[0], "x+3")
    began = time.perf_counter()
    assert await found(assessor, "x+3", HOSTILE[0]) == first
    assert time.perf_counter() - began < SETTINGS.timeout_seconds / 2


async def test_findings_are_forgotten_in_turn(assessor, monkeypatch):
    """No more findings are kept than there is room for; the oldest goes first."""
    monkeypatch.setattr(symbolic_math, "CACHE_MAX", 2)
    for number in range(4):
        await found(assessor, "x+1", f"x+1+{number}y")
    kept = list(assessor._found)
    assert [other for _, other in kept[-2:]] == ["x+1+2y", "x+1+3y"]


async def test_a_prover_that_is_killed_costs_one_question(assessor):
    """The question it was asked is missing; the next one has a new process."""
    (prover,), restarts = assessor.process_ids, assessor.restarts
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(found(assessor, HOSTILE[0], "x+5"))
        await asyncio.sleep(0.2)
        os.kill(prover, signal.SIGKILL)
    assert asked.result() == Assessment(missing="crash")
    assert await found(assessor, "x+5", "5+x") == Assessment(distance=0.0)
    assert assessor.restarts == restarts + 1
    assert prover not in assessor.process_ids


async def test_questions_that_wait_too_long_are_missing(assessor, monkeypatch):
    """Who waits for a prover that hostile formulas keep busy is counted, not left out."""
    monkeypatch.setattr(symbolic_math_pool, "WAITING_PROOFS_MAX", 0.1)
    first, second = await asyncio.gather(
        found(assessor, HOSTILE[0], "x+6"), found(assessor, "x+6", "6+x")
    )
    assert first == Assessment(missing="timeout")
    assert second == Assessment(missing="busy")


async def test_without_a_prover_formulas_are_unavailable(assessor, monkeypatch, tmp_path):
    """While none can be started all pairs with a formula are unavailable, those alike as well."""
    (tmp_path / "math_verify.py").write_text("raise OSError('broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    os.kill(assessor.process_ids[0], signal.SIGKILL)
    while assessor.process_ids:
        await asyncio.sleep(0.01)
    assert await found(assessor, "x+7", "7+x") == Assessment(unavailable="prover")
    assert await found(assessor, "x+7", "x+7") == Assessment(unavailable="prover")
    assert await found(assessor, "18", "18") is None
    monkeypatch.delenv("PYTHONPATH")
    assert await found(assessor, "x+7", "7+x") == Assessment(unavailable="prover")
    CLOCK.moved += symbolic_math_pool.RETRY_SECONDS
    assert await found(assessor, "x+7", "7+x") == Assessment(distance=0.0)


async def test_a_prover_that_cannot_load_is_a_startup_error(monkeypatch, tmp_path):
    """What keeps a prover from starting is told, with the key of the settings and what it needs."""
    (tmp_path / "math_verify.py").write_text("raise OSError('broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"assessors\.symbolic_math: OSError: broken.*`math`"):
        await SymbolicMathAssessor(SETTINGS, SystemClock()).__aenter__()


async def test_missing_extra_is_named(monkeypatch):
    """Without the extra nothing is started, and the message says what to install."""
    monkeypatch.setitem(sys.modules, "math_verify", None)
    with pytest.raises(ConfigError, match=r"shadowmon\[math\]"):
        SymbolicMathAssessor(SETTINGS, SystemClock())


PARENT = """
import asyncio, sys
from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math import SymbolicMathAssessor
from shadowmon.clock import SystemClock
from tests.factories import a_pair, a_reply

async def main():
    settings = SymbolicMathSettings(timeout_seconds=60.0)
    async with SymbolicMathAssessor(settings, SystemClock()) as assessor:
        print(*assessor.process_ids, flush=True)
        await assessor.assess(a_pair(a_reply(sys.argv[1]), a_reply("x+1")))

asyncio.run(main())
"""


async def test_provers_die_with_their_parent():
    """A parent that is killed leaves no process behind, not even one that is busy with a proof."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, HOSTILE[0]], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        prover = int(parent.stdout.readline())
        children = Path(f"/proc/{prover}/task/{prover}/children")
        left = time.monotonic() + 10
        while not (trying := children.read_text()) and time.monotonic() < left:
            await asyncio.sleep(0.01)
        parent.kill()
    processes = [Path(f"/proc/{pid}") for pid in (prover, *map(int, trying.split()))]
    assert len(processes) == 2
    while any(map(_runs, processes)) and time.monotonic() < left:
        await asyncio.sleep(0.01)
    assert not any(map(_runs, processes))


def _runs(process):
    """Say whether a process is there and more than a zombie that nobody has waited for."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
