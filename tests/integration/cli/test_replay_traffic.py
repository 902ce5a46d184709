"""`replay` of recorded traffic, as a process, against model servers behind real sockets."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys

from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from shadowmon.cli.main import main
from tests.integration.mirror.model_server import ModelServer, a_model_server, http
from tests.traffic_files import gor, gor_file, http_request, http_response, jsonl, saying, zipped


CONFIGURATION = """\
models:
  base: {{url: "{base}"}}
  int8: {{url: "{int8}", connections_max: 4, price: {{per_second: 0.001}}}}
routes: {{chat: {{baseline: base}}}}
trials: {{int8: {{route: chat, optimized: int8, task: chat, actuator: dry_run}}}}
traffic: {{tap: {{listen: "127.0.0.1:9190"}}, redaction: {{patterns: ["hunter[0-9]"]}}}}
"""
QUESTION = re.compile(rb"question \d+")


class Models:
    """Two model servers, and what they were asked."""

    def __init__(self, base: ModelServer, int8: ModelServer) -> None:
        self.base, self.int8 = base, int8

    def asked(self) -> list[bytes]:
        """Return what the optimized model was asked, in order."""
        return [found[0] for each in self.int8.requests if (found := QUESTION.search(each))]


@asynccontextmanager
async def models(tmp_path: Any, *, seconds: float = 0.0):
    """Serve two models that take their time, with a configuration that names them."""

    def answering(text):
        async def answer(connection):
            await asyncio.sleep(seconds)
            await connection.send(http(json.dumps(saying(text)).encode()))

        return answer

    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(a_model_server(answering("the answer is 18")))
        int8 = await stack.enter_async_context(a_model_server(answering("the answer is 19")))
        configuration = CONFIGURATION.format(base=base.url, int8=int8.url)
        (tmp_path / "shadowmon.yaml").write_text(configuration)
        yield Models(base, int8)


async def started(tmp_path, *arguments):
    """Start a replay."""
    command = [sys.executable, "-m", "shadowmon", "replay", *arguments, "-c", "shadowmon.yaml"]
    return await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def ended(process):
    """Return how a replay ended, and what it said."""
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


async def replayed(tmp_path, *arguments):
    """Run a replay to its end."""
    return await ended(await started(tmp_path, *arguments))


async def until_pairs(tmp_path, count):
    """Wait until so many pairs are written."""
    file = tmp_path / "pairs.jsonl"
    async with asyncio.timeout(30):
        while not file.exists() or file.read_bytes().count(b"\n") < count:
            await asyncio.sleep(0.01)


def written(tmp_path):
    """Return the pairs that are in the file."""
    return [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]


async def test_from_a_file_to_a_verdict(tmp_path):
    """A recording is asked of the model, judged, and written; what was written is judged alike."""
    (tmp_path / "requests.gor.gz").write_bytes(zipped(gor_file(40, answered=True)))
    async with models(tmp_path) as servers:
        arguments = ("requests.gor.gz", "--speed", "max", "-o", "pairs.jsonl", "--json")
        code, out, err = await replayed(tmp_path, *arguments)
        calls = (len(servers.base.requests), len(servers.int8.requests))
        _, again, _ = await replayed(tmp_path, "pairs.jsonl", "--json")

    assert (code, err) == (0, "")
    told, folded = json.loads(out), json.loads(again)
    assert calls == (0, 40)
    assert told["pairs"] == len(written(tmp_path)) == 40
    assert told["traffic"] == {
        "requests": 40,
        "begun": 40,
        "asked": 40,
        "resumed_pairs": 0,
        "behind_seconds": 0.0,
        "stopped_by": None,
    }
    assert folded["trial"] == told["trial"]
    assert folded["looks"] == told["looks"]
    assert written(tmp_path)[0]["question"]["text"].startswith("question")
    assert not (tmp_path / "pairs.jsonl.state").exists()


async def test_interrupted_and_resumed(tmp_path):
    """Ctrl-C finishes what is under way, says how to go on, and nothing is asked twice."""
    (tmp_path / "r.gor").write_bytes(gor_file(60, answered=True))
    arguments = ("r.gor", "--speed", "max", "-o", "pairs.jsonl")
    async with models(tmp_path, seconds=0.1) as servers:
        process = await started(tmp_path, *arguments)
        await until_pairs(tmp_path, 6)
        process.send_signal(signal.SIGINT)
        code, out, err = await ended(process)
        before = servers.asked()
        done = len(written(tmp_path))
        resumed = await replayed(tmp_path, *arguments, "--resume")
        asked = servers.asked()

    assert code == 130
    assert f"stopped after {done} of 60 requests; the same command with --resume goes on" in err
    assert f"\n{done} of 60 recorded requests; models were called for {done}\n" in out
    assert len(before) == done < 60  # whatever was sent was waited for
    assert resumed[0] == 0
    assert f"60 of 60 recorded requests, {done} pairs by an earlier run" in resumed[1]
    assert len(asked) == len(set(asked)) == 60
    assert len({each["id"] for each in written(tmp_path)}) == 60


async def test_killed_and_resumed(tmp_path):
    """After a kill at any moment no pair that was written is made again, and none is lost."""
    (tmp_path / "r.gor").write_bytes(gor_file(40, answered=True))
    arguments = ("r.gor", "--speed", "max", "-o", "pairs.jsonl")
    async with models(tmp_path, seconds=0.1) as servers:
        process = await started(tmp_path, *arguments)
        await until_pairs(tmp_path, 6)
        process.kill()
        await ended(process)
        kept = written(tmp_path)
        before = len(servers.asked())
        with (tmp_path / "pairs.jsonl").open("a") as file:
            file.write('{"id": "cut by the ki')
        code, out, _ = await replayed(tmp_path, *arguments, "--resume", "--json")
        after = servers.asked()[before:]

    assert code == 0
    assert json.loads(out)["pairs"] == 40
    assert written(tmp_path)[: len(kept)] == kept
    assert len(after) == len(set(after)) == 40 - len(kept)
    assert len({each["id"] for each in written(tmp_path)}) == 40


async def test_a_limit_and_on(tmp_path):
    """What a limit left out can be asked later."""
    (tmp_path / "r.gor").write_bytes(gor_file(10, answered=True))
    arguments = ("r.gor", "--speed", "max", "-o", "pairs.jsonl")
    async with models(tmp_path) as servers:
        first = await replayed(tmp_path, *arguments, "--limit", "4")
        second = await replayed(tmp_path, *arguments, "--resume")
        asked = servers.asked()

    assert (first[0], second[0]) == (0, 0)
    assert "4 of 4 recorded requests" in first[1]
    assert len(asked) == len(set(asked)) == 10


async def test_secrets_are_not_written(tmp_path):
    """What redaction takes out is in no pair."""
    body = {"messages": [{"role": "user", "content": "my password is hunter2, question 1"}]}
    answer = {"body": saying("so it is hunter2")}
    (tmp_path / "r.jsonl").write_bytes(jsonl({"id": "hunter3", "body": body, "answer": answer}))
    async with models(tmp_path) as servers:
        code, out, err = await replayed(tmp_path, "r.jsonl", "-o", "pairs.jsonl")
        sent = servers.int8.requests[0]

    assert code == 0
    assert b"hunter2" in sent
    assert "hunter" not in (tmp_path / "pairs.jsonl").read_text() + out + err


def a_ready_pair():
    """Return records of one request that both models answered."""
    replayed = http_response(saying("b"))
    return gor(1, "a", http_request()) + gor(2, "a", http_response()) + gor(3, "a", replayed)


def test_without_a_configuration(tmp_path, monkeypatch, capsys):
    """Where both answers were recorded no configuration is needed; else each lack is counted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "both.gor").write_bytes(a_ready_pair())
    (tmp_path / "one.gor").write_bytes(gor_file(2))

    assert main(["replay", "both.gor", "--task", "chat"]) == 0
    assert "\n1 pairs; configuration " in capsys.readouterr().out
    assert main(["replay", "one.gor", "--task", "chat"]) == 1
    text = capsys.readouterr().out
    assert "2 records refused: a model's answer is missing, and without --config no " in text
    assert "\n  one.gor:1\n" in text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with traffic, pairs and a configuration, and everything runs in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "both.gor").write_bytes(a_ready_pair())
    (tmp_path / "pairs.jsonl").write_bytes(
        jsonl({"id": "x", "baseline": {"text": "a"}, "optimized": {"text": "a"}})
    )
    private = CONFIGURATION.format(base="http://127.0.0.1:9", int8="http://127.0.0.1:9")
    private = private.replace("redaction:", "privacy: scores_only, redaction:")
    (tmp_path / "private.yaml").write_text(private)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["both.gor", "--speed", "0"], 2, "--speed needs a factor above 0, such as 10, or max"),
        (["both.gor", "--speed", "inf"], 2, "--speed needs a factor above 0"),
        (["both.gor", "--speed", "fast"], 2, "--speed needs a factor above 0"),
        (["both.gor", "--limit", "0"], 2, "--limit needs a number of requests, 1 or more"),
        (["both.gor", "--resume"], 2, "--resume needs --output: what was done is there"),
        (["both.gor", "--shard", "1/2"], 2, "--shard is for pairs: write them with --output"),
        (["pairs.jsonl", "--speed", "2"], 2, "--speed is for recorded traffic, and these are "),
        (["pairs.jsonl", "--resume"], 2, "--resume is for recorded traffic, and these are pairs"),
        (["both.gor", "pairs.jsonl"], 1, "these files are of different formats (goreplay, pairs)"),
        (["both.gor", "-o", "pairs.jsonl"], 1, "pairs.jsonl: is there already; go on with it by"),
        (["both.gor", "-o", "new.jsonl", "--resume"], 1, "there is nothing to go on with"),
        (["both.gor", "--format", "har"], 1, ""),
        (["both.gor", "-c", "private.yaml", "-o", "new.jsonl"], 1, "no answer may be written"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_something_wrong(capsys, arguments, code, said):
    """What cannot be done is said, with the exit code that fits."""
    assert main(["replay", *arguments]) == code
    assert said in capsys.readouterr().err
