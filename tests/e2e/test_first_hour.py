"""What a new user does first, from an empty folder: `init`, `check-config`, `run`, a verdict."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time

from pathlib import Path

import aiohttp
import pytest

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.ports import free_port


SECONDS = 60.0
CHAT_PATH = "/v1/chat/completions"


async def answer(request: web.Request) -> web.Response:
    """Answer as any server does that speaks OpenAI's chat completions."""
    asked = (await request.json())["messages"][-1]["content"]
    message = {"role": "assistant", "content": f"You said: {asked}"}
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "any",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10},
        }
    )


@contextlib.asynccontextmanager
async def a_model():
    """Serve one; yields its address."""
    app = web.Application()
    app.router.add_post(CHAT_PATH, answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


class Beginner:
    """A person in an empty folder, who does what the README says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        console = f"127.0.0.1:{free_port()}"
        # Others may be at work on this machine; a new user would have the default address.
        self.environment = os.environ | {
            "SHADOWMON_CONSOLE__LISTEN": console,
            "SHADOWMON_URL": f"http://{console}",
        }

    def command(self, *words: str) -> str:
        """Run a command that must work; return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "shadowmon", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def answers(self, *answers: str) -> str:
        """Let `init` ask, on a terminal; return what was seen there."""
        ours, its = pty.openpty()
        command = [sys.executable, "-m", "shadowmon", "init"]
        with subprocess.Popen(command, cwd=self.folder, stdin=its, stdout=its, stderr=its) as init:
            os.close(its)
            seen = b""
            for each in answers:
                while not seen.rstrip(b" ").endswith(b":"):
                    seen += os.read(ours, 4096)
                os.write(ours, each.encode() + b"\n")
                seen += os.read(ours, 4096)
            with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
                while piece := os.read(ours, 4096):
                    seen += piece
            assert init.wait(SECONDS) == 0, seen.decode()
        os.close(ours)
        return seen.decode()

    @contextlib.contextmanager
    def running(self):
        """Run the daemon as the README says, until Ctrl-C; yields what it writes."""
        log = self.folder / "run.log"
        with log.open("wb") as out:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "shadowmon", "run", "--config", "shadowmon.yaml"],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield log
        finally:
            os.killpg(daemon.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
            try:
                code = daemon.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                raise
        assert code == 0, log.read_text()
        assert "Traceback" not in log.read_text()


async def test_from_an_empty_folder_to_the_first_verdict(tmp_path):
    """`init` asks; its file is accepted, runs as it is, and users' requests lead to a verdict."""
    beginner, listen = Beginner(tmp_path), f"127.0.0.1:{free_port()}"
    async with a_model() as baseline, a_model() as optimized:
        asked = await asyncio.to_thread(
            beginner.answers, "chat", baseline, optimized, "", listen, *[""] * 5
        )
        assert "shadowmon.yaml: written" in asked
        assert "ok: 2 models" in await asyncio.to_thread(
            beginner.command, "check-config", "shadowmon.yaml"
        )
        with beginner.running():
            verdict = await first_verdict(beginner, f"http://{listen}{CHAT_PATH}")
            shown = await asyncio.to_thread(beginner.command, "status")
            explained = await asyncio.to_thread(beginner.command, "explain", "optimized")

    assert verdict["decision"] == "hold"
    assert "shadowing   wants 0 %, has 0 % of the traffic" in shown
    assert "mean of chrf_divergence_excess in slice all is below" in explained


async def first_verdict(beginner: Beginner, url: str):
    """Ask as users do until a verdict rests on their requests; return it."""
    trials = f"{beginner.environment['SHADOWMON_URL']}/api/v1/trials"
    deadline = time.monotonic() + SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError):
                question = {"messages": [{"role": "user", "content": f"Hello {time.time()}"}]}
                async with session.post(url, json={"model": "any"} | question) as told:
                    said = json.loads(await told.text())["choices"][0]["message"]["content"]
                    assert said.startswith("You said: Hello"), said
                async with session.get(trials) as told:
                    (trial,) = (await told.json())["trials"]
                if trial["verdict"] and trial["pairs"] >= 20:
                    return trial["verdict"]
            await asyncio.sleep(0.05)
    pytest.fail((beginner.folder / "run.log").read_text()[-3000:])


def test_ctrl_c_while_it_starts_ends_it_in_peace(tmp_path):
    """Its processes are still loading then: nobody is shown a traceback."""
    beginner = Beginner(tmp_path)
    beginner.command("init", "--yes", "--listen", f"127.0.0.1:{free_port()}")

    with beginner.running() as log:
        deadline = time.monotonic() + SECONDS
        while "daemon.process_started" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.005)
