"""Processes of the demo start, are missed, and end."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

from pathlib import Path

import pytest

from shadowmon.demo import processes as module
from shadowmon.demo.processes import DemoError, Processes


SLEEPER = ["-c", "import time; time.sleep(60)"]
DEAF = [
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
]


async def test_leaving_stops_all(tmp_path):
    """When the context is left no process is left behind."""
    async with Processes(tmp_path) as processes:
        running = [await processes.start(f"sleeper-{n}", SLEEPER) for n in range(3)]

    assert all(each.process.returncode == -15 for each in running)


async def test_deaf_process_is_killed(tmp_path, monkeypatch):
    """One that does not end when told is ended all the same, in bounded time."""
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)

    async with Processes(tmp_path) as processes:
        running = await processes.start("deaf", DEAF, piped=True)
        assert running.process.stdout is not None
        await running.process.stdout.readline()

    assert running.process.returncode == -9


async def test_death_is_told_with_last_words(tmp_path):
    """A process that ended by itself is an error with its exit code and the end of its log."""
    async with Processes(tmp_path) as processes:
        running = await processes.start("short", ["-c", "import sys; sys.exit('no more ink')"])
        await running.process.wait()

        with pytest.raises(DemoError, match=r"short ended with exit code 1; .*\nno more ink"):
            processes.check()


async def test_program_ends_when_the_story_is_killed(tmp_path, models):
    """Even SIGKILL of the story leaves no model server behind."""
    server = ["shadowmon.demo.model_server", "--name", "digits", "--version", "1"]
    server += ["--weights", str(models[0].file), "--port", "0"]
    story = textwrap.dedent(f"""
        import asyncio, pathlib
        from shadowmon.demo.processes import Processes

        async def main():
            async with Processes(pathlib.Path({str(tmp_path)!r})) as processes:
                server = await processes.start("server", {["-m", *server]!r})
                print(server.process.pid, flush=True)
                await server.process.wait()

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", story], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    deadline = time.monotonic() + 10
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid):
    """Is it there, and more than a corpse that nobody has buried?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
