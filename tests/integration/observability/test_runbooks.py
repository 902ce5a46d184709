"""What a runbook tells to type works as it stands, on a real daemon that is well."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys

from pathlib import Path
from typing import Any

import pytest

from shadowmon.cli.main import parser
from tests.daemons import Daemon, Model, Users, a_configuration, running
from tests.integration.observability.boards import ROOT, RUNBOOKS


PAGES = "\n".join(page.read_text() for page in sorted(RUNBOOKS.glob("*.md")))
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGES, re.DOTALL)
COMMANDS = sorted({line for block in BLOCKS for line in block.splitlines()})
INLINE = sorted(set(re.findall(r"`(shadowmon [a-z-]+ [^`]+)`", PAGES)))
OF_THE_MACHINE = ("df ", "dmesg ", "ps ", "uptime")
"""These ask the machine and not shadowmon: what they say is not ours."""
SECONDS = 30.0


def asked_of_shadowmon() -> list[str]:
    """Return the commands of all pages that ask the daemon, or of its files."""
    return [line for line in COMMANDS if not line.startswith(OF_THE_MACHINE)]


def searched() -> list[str]:
    """Return what the pages tell to look for in the log."""
    return [shlex.split(line)[1] for line in COMMANDS if re.fullmatch(r"grep .* LOG", line)]


async def test_every_command_says_something(tmp_path: Path) -> None:
    """Each of them ends well and prints something; a word of the log is only looked for."""
    models = [Model("fp32"), Model("int8")]
    async with models[0].serving(), models[1].serving():
        settings = a_configuration(models)
        settings["notify"] = {"webhooks": {"cd": {"url": "http://127.0.0.1:9/"}}}
        async with running(tmp_path, settings) as daemon, Users(daemon).asking():
            await daemon.until(lambda: has_pairs(daemon))
            said = await asyncio.gather(*(typed(line, daemon) for line in asked_of_shadowmon()))

    assert {line: told for line, told in said if told} == {}


async def has_pairs(daemon: Daemon) -> bool:
    """Was there something to see by now?"""
    return bool((await daemon.trial("int8"))["pairs"] >= 20)


async def typed(line: str, daemon: Daemon) -> tuple[str, str]:
    """Type a command as a page has it; return it, and what is wrong with it."""
    settings: Any = daemon.settings
    there = {
        "TRIAL": "int8",
        "FILE": str(daemon.path),
        "LOG": str(daemon.folder / "daemon.log"),
        "STORE": settings["store"]["path"],
        "MODEL": settings["models"]["fp32"]["url"],
    }
    command = re.sub(rf"\b({'|'.join(there)})\b", lambda found: there[found[1]], line)
    process = await asyncio.create_subprocess_shell(
        command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=daemon.folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "SHADOWMON_URL": f"http://{settings['console']['listen']}",
        },
    )
    async with asyncio.timeout(SECONDS):
        shown, _ = await process.communicate()
    is_search = line.startswith("grep ")
    is_well = process.returncode == 0 and shown.strip() and b'{"error": {' not in shown
    return line, "" if is_well or is_search else f"{process.returncode}: {shown[-500:]!r}"


def test_there_are_many() -> None:
    """The pages were found, and so were their commands."""
    assert len(asked_of_shadowmon()) > 30
    assert len(INLINE) >= 5


@pytest.mark.parametrize("line", INLINE)
def test_what_undoes_it_can_be_typed(line: str) -> None:
    """Commands within a sentence have the arguments that the command takes."""
    parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize("word", searched())
def test_what_is_looked_for_in_the_log_is_written_there(word: str) -> None:
    """Some event of shadowmon's own has that name, or that beginning."""
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))

    assert re.search(rf'"(?:[a-z]+\.)?{re.escape(word)}', source)
