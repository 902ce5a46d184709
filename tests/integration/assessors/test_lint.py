"""The linter, with the real ruff."""

from __future__ import annotations

import asyncio

from contextlib import asynccontextmanager

import pytest

from shadowmon.assessors import lint
from shadowmon.assessors.lint import LintAssessor, cleanliness, ruff_program
from shadowmon.assessors.linter import Linter, LintTrouble
from shadowmon.assessors.settings import LintSettings
from shadowmon.errors import ConfigError
from shadowmon.records import Assessment, Outcome, Question
from tests.factories import a_pair, a_reply


CLEAN = "def f(x):\n    return x\n"
DIRTY = "import os\n\ndef f(x=[]):\n    return y\n"
"""An import that is not used, a default that is shared, a name that nobody defined: three."""
QUICK = LintSettings(gathering_seconds=0.01)


def fenced(source):
    return f"```python\n{source}```"


@asynccontextmanager
async def a_linter(tmp_path, script="", **settings):
    """Open a linter; with a script, that in the place of ruff."""
    program = ruff_program()
    if script:
        path = tmp_path / "ruff"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        program = str(path)
    async with Linter(LintSettings(gathering_seconds=0.05, **settings), program) as linter:
        yield linter


async def assess(baseline, optimized, **changes):
    async with LintAssessor(QUICK) as assessor:
        return await assessor.assess(a_pair(a_reply(baseline), a_reply(optimized), **changes))


async def test_figures():
    """Clean code has 1; three findings in three lines have 1 / (1 + 10)."""
    found = await assess(fenced(CLEAN), fenced(DIRTY))
    assert found == {"lint_clean": Assessment(baseline=1.0, optimized=1 / 11)}


async def test_where_it_applies():
    """Only where the baseline's code can be parsed; an answer must not escape."""
    assert await assess("Hello.", fenced(CLEAN)) == {}
    assert await assess("```python\nx = (\n```", fenced(CLEAN)) == {}
    assert await assess(fenced(CLEAN), "Hello.") == {"lint_clean": Assessment(missing="no_code")}
    assert await assess(fenced(CLEAN), "```python\nx = (\n```") == {
        "lint_clean": Assessment(baseline=1.0, optimized=0.0)
    }
    async with LintAssessor(QUICK) as assessor:
        failed = a_reply(outcome=Outcome.ERROR, answer=None)
        pair = a_pair(a_reply(fenced(CLEAN)), failed)
        assert await assessor.assess(pair) == {"lint_clean": Assessment(missing="optimized_failed")}


async def test_question_is_read_with_its_answer():
    """What the question imports and defines is known; defining its function is no finding."""
    question = Question(text='from typing import List\n\n\ndef f(x: List[int]):\n    """Do."""\n')
    whole = fenced("def f(x: List[int]):\n    return x\n")
    found = await assess("    return x\n", whole, question=question)
    assert found == {"lint_clean": Assessment(baseline=1.0, optimized=1.0)}


async def test_no_comment_silences_anything(tmp_path):
    """An answer cannot excuse itself."""
    async with a_linter(tmp_path) as linter:
        assert await linter.findings("# ruff: noqa\nimport os  # noqa\n") == 1


async def test_one_run_for_many(tmp_path):
    """Sources that come together are linted together, each with its own findings."""
    script = f'echo run >> {tmp_path}/runs; exec {ruff_program()} "$@"'
    async with a_linter(tmp_path, script) as linter:
        sources = [f"{DIRTY if place % 2 else CLEAN}# {place}\n" for place in range(30)]
        found = await asyncio.gather(*map(linter.findings, sources), linter.findings(sources[0]))
    assert found == [3 if place % 2 else 0 for place in range(30)] + [0]
    assert (tmp_path / "runs").read_text() == "run\n"


async def test_full_batch_does_not_wait(tmp_path):
    """As many as fit into a batch go at once; those beyond are in the next one."""
    async with a_linter(tmp_path, batch_max=2) as linter:
        sources = [f"x = {place}\n" for place in range(5)]
        assert await asyncio.gather(*map(linter.findings, sources)) == [0] * 5


async def test_source_that_breaks_the_linter(tmp_path):
    """It has no findings, and costs the other sources of its batch none of theirs."""
    script = f'grep -q poison ./* && kill -9 $$; exec {ruff_program()} "$@"'
    async with a_linter(tmp_path, script) as linter:
        sources = [DIRTY, "x = 'poison'\n", CLEAN]
        found = await asyncio.gather(*map(linter.findings, sources))
    assert found == [3, LintTrouble.BROKEN, 0]


async def test_linter_that_hangs(tmp_path):
    """A run is ended at its deadline."""
    async with a_linter(tmp_path, "exec sleep 60", timeout_seconds=0.2) as linter:
        assert await linter.findings(CLEAN) is LintTrouble.BROKEN


async def test_linter_that_is_not_there():
    """Where it cannot be started, every source's findings are unavailable."""
    async with Linter(QUICK, "/nonexistent/ruff") as linter:
        assert await linter.findings(CLEAN) is LintTrouble.DOWN


async def test_closing_leaves_nobody_waiting(tmp_path):
    """Whoever still waits when the linter closes is told that it is down."""
    async with a_linter(tmp_path, "exec sleep 60") as linter:
        waiting = asyncio.ensure_future(linter.findings(CLEAN))
        await asyncio.sleep(0.2)
    assert await waiting is LintTrouble.DOWN


async def test_whose_trouble_it_is(tmp_path, monkeypatch):
    """A baseline that breaks the linter is left out; an optimized answer that does is missing."""
    path = tmp_path / "ruff"
    path.write_text(f'#!/bin/sh\ngrep -q poison ./* && exit 2; exec {ruff_program()} "$@"\n')
    path.chmod(0o755)
    monkeypatch.setattr(lint, "ruff_program", lambda: str(path))
    poison = fenced("x = 'poison'\n")
    assert await assess(poison, fenced(CLEAN)) == {
        "lint_clean": Assessment(unavailable="linter_broken")
    }
    assert await assess(fenced(CLEAN), poison) == {
        "lint_clean": Assessment(missing="linter_broken")
    }


def test_it_is_an_extra(monkeypatch):
    """Without ruff the configuration is refused, and says what to install."""
    monkeypatch.setattr(lint, "find_spec", lambda _: None)
    with pytest.raises(
        ConfigError, match=r"assessors.lint: ruff is not installed .*shadowmon\[code\]"
    ):
        LintAssessor(QUICK)


def test_blank_lines_do_not_thin_out_findings():
    """Only lines with something on them are counted."""
    assert cleanliness("\n\nx\n\n" + "\n" * 100, 1) == cleanliness("x", 1) == 1 / 11
