"""`plan` and `replay`: real files, and a journal that a real control loop wrote."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys

from pathlib import Path

import pytest

from shadowmon.cli.main import main
from shadowmon.config.load import load
from shadowmon.daemon.build import trial_plans
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from tests.journals import write_journal
from tests.recordings import CONFIGURATION, a_line, mathematics


CASES = Path(__file__).parents[2] / "unit" / "config" / "cases"
PROXY = CASES / "good.proxy.yaml"
SEVERAL = CASES / "good.several_trials.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with recordings and a configuration, and everything runs in it."""
    monkeypatch.chdir(tmp_path)
    worse = mathematics(baseline="strong", optimized="weak")
    better = mathematics(baseline="weak", optimized="strong")
    (tmp_path / "worse.jsonl").write_bytes(b"".join(worse))
    (tmp_path / "better.jsonl").write_bytes(b"".join(better))
    (tmp_path / "shadowmon.yaml").write_text(CONFIGURATION)
    (tmp_path / "empty.db").touch()
    return tmp_path


# --- plan ---


def test_plan(capsys):
    """`plan` tells of every trial of a configuration."""
    assert main(["plan", str(SEVERAL), "--rate", "5", "--share", "bank=0.03", "--plot"]) == 0

    text = capsys.readouterr().out
    assert text.count("\ntrial ") + text.startswith("trial ") == 2
    assert text.count("What your traffic cannot prove") + text.count("can prove all of this") == 2
    assert text.count("median pairs until it is proven") == 2


def test_plan_of_one_trial_as_json(capsys):
    """One trial, for programs."""
    assert main(["plan", str(SEVERAL), "--trial", "int4", "--json"]) == 0

    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [each["trial"] for each in trials] == ["int4"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([str(CASES / "bad.unknown_key.yaml")], "bad.unknown_key.yaml: "),
        (["nowhere.yaml"], "nowhere.yaml: the file: cannot be read"),
        ([str(PROXY), "--trial", "int5"], "no trial int5 is configured; there are: int8"),
        ([str(PROXY), "--share", "bank=0.1"], "no slice bank is configured; there are: none"),
        ([str(SEVERAL), "--share", "bank=2"], "--share needs SLICE=SHARE"),
        ([str(SEVERAL), "--share", "bank"], "--share needs SLICE=SHARE"),
        ([str(PROXY), "--rate", "0"], "--rate must be above 0"),
        ([str(PROXY), "--rate", "nan"], "--rate must be above 0"),
        ([str(PROXY), "--error-rate", "2"], "--error-rate must be above 0 and at most 1"),
        ([str(PROXY), "--loss", "-1"], "--loss must be 0 or more and at most 1"),
        ([str(CASES / "good.free_ports.yaml"), "--trial", "x"], "no trial x is configured"),
    ],
)
def test_plan_of_something_wrong(arguments, said, capsys):
    """What is wrong is said, with exit code 2."""
    assert main(["plan", *arguments]) == 2
    assert said in capsys.readouterr().err


# --- replay of recorded pairs ---


@pytest.mark.usefixtures("folder")
def test_replay_of_a_weaker_model(capsys):
    """Real answers of a much weaker model are rejected, with counts, intervals and the story."""
    assert main(["replay", "worse.jsonl", "--config", "shadowmon.yaml"]) == 0

    text = capsys.readouterr().out
    assert text.startswith("trial weak: weak against strong, math, judged by correct (labels)\n")
    assert "700 pairs; configuration " in text
    assert "verdict: roll_back (reject)\n" in text
    assert "  correct: baseline 57.0 %, optimized 22.0 %; relative drop 61.5 % [" in text
    assert "on the way, with a look after every 100 pairs:\n      100  roll_back: " in text


@pytest.mark.usefixtures("folder")
def test_replay_without_a_configuration(capsys):
    """Without one, the defaults of the task do; the other way round, the model is accepted."""
    assert main(["replay", "better.jsonl", "--task", "math", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["trial"]["verdict"]["decision"] == "promote"
    assert (told["pairs"], told["refused"], told["shards"]) == (700, {}, [[1, 1]])


@pytest.mark.usefixtures("folder")
def test_shards_and_merge(capsys):
    """Three processes that share the work, merged, tell the same as one."""
    assert main(["replay", "worse.jsonl", "-c", "shadowmon.yaml", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    for shard in ("1/3", "2/3", "3/3"):
        part = f"part{shard[0]}.json"
        assert (
            main(["replay", "worse.jsonl", "-c", "shadowmon.yaml", "--shard", shard, "-o", part])
            == 0
        )
    capsys.readouterr()

    assert main(["replay", "merge", "part3.json", "part1.json", "part2.json", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == whole | {"looks": []}


def test_merge_to_a_part(folder):
    """What was merged can be written as a part again, byte for byte that of one process."""
    for shard in ("1/2", "2/2", "1/1"):
        part = f"part{shard[0]}of{shard[2]}.json"
        assert main(["replay", "worse.jsonl", "--shard", shard, "-o", part]) == 0

    assert main(["replay", "merge", "part1of2.json", "part2of2.json", "-o", "whole.json"]) == 0

    assert (folder / "whole.json").read_bytes() == (folder / "part1of1.json").read_bytes()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "name the recorded pairs"),
        (["nowhere.jsonl"], 2, "nowhere.jsonl: there is no such file"),
        (["worse.jsonl", "--shard", "3/2"], 2, "--shard needs I/N"),
        (["worse.jsonl", "--shard", "0/2"], 2, "--shard needs I/N"),
        (["worse.jsonl", "--every", "0"], 2, "--every needs a number of pairs"),
        (["worse.jsonl", "--task", "poetry"], 2, "--task must be one of: classification"),
        (["worse.jsonl", "--codec", "morse"], 2, 'no codec is called "morse"'),
        (["worse.jsonl", "-c", "nowhere.yaml"], 2, "nowhere.yaml: the file: cannot be read"),
        (["worse.jsonl", "--trial", "int4"], 2, 'no trial is called "int4"'),
        (["worse.jsonl", "-o", "no/part.json"], 1, "no/part.json: cannot be written"),
        (["merge"], 1, "there is no part to merge"),
        (["merge", "nowhere.json"], 1, "nowhere.json: No such file or directory"),
        (["merge", "worse.jsonl"], 1, "worse.jsonl: it is no part of a replay"),
        (["--store", "shadowmon.db"], 2, "--store needs --config"),
        (["--store", "no.db", "-c", "shadowmon.yaml"], 1, "no.db: cannot be read: unable to open"),
        (["--store", "empty.db", "-c", "shadowmon.yaml"], 1, "empty.db: holds no journal"),
        (["--store", "worse.jsonl", "-c", "shadowmon.yaml"], 1, "file is not a database"),
    ],
)
def test_replay_of_something_wrong(capsys, arguments, code, said):
    """What cannot be replayed is said, with the exit code that fits."""
    assert main(["replay", *arguments]) == code
    assert said in capsys.readouterr().err


def test_lines_that_are_no_pairs(folder, capsys):
    """Lines that are refused are told with their place; with none left the exit code is 1."""
    (folder / "odd.jsonl").write_bytes(a_line() + b"{}\n" + a_line())
    (folder / "none.jsonl").write_bytes(b"{}\n")

    assert main(["replay", "odd.jsonl"]) == 0
    text = capsys.readouterr().out
    assert "1 lines refused: the line lacks id\n  odd.jsonl:2\n" in text
    assert "1 lines refused: its id was there before\n  odd.jsonl:3\n" in text
    assert main(["replay", "none.jsonl"]) == 1


@pytest.mark.usefixtures("folder")
def test_replay_as_a_process():
    """As a process, into a pipe, there is no bar and nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "shadowmon", "replay", "worse.jsonl", "-c", "shadowmon.yaml"],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"verdict: roll_back (reject)" in done.stdout


# --- replay of a journal ---


def written_by(path, configuration):
    """Let a real control loop write a journal into a real database."""
    plan = trial_plans(load(configuration, environment={}))[0]

    async def life():
        store = SqlStore(StoreSettings(path=path))
        await store.open()
        try:
            await write_journal(store, plan)
        finally:
            await store.close()

    asyncio.run(life())


@pytest.fixture
def journal(folder):
    """A journal of a trial that climbed and fell, with the configuration it was written by."""
    (folder / "shadowmon.yaml").write_text(JOURNALLED)
    written_by(folder / "shadowmon.db", folder / "shadowmon.yaml")
    return folder / "shadowmon.db"


JOURNALLED = """\
models:
  fp32: {url: "http://127.0.0.1:9001"}
  int8: {url: "http://127.0.0.1:9002"}
routes:
  digits: {baseline: fp32}
trials:
  int8:
    route: digits
    optimized: int8
    task: classification
    labels: {expected: all}
    actuator: dry_run
rollout:
  shadow_min_dwell_seconds: 0
  stages: [{percent: 1, min_dwell_seconds: 0}, {percent: 100, min_dwell_seconds: 0}]
scoring: {unsafe_patterns: [bomb]}
traffic:
  slices: {bank: {header: x-tenant, equals: bank, edge: true}}
  tap: {listen: "127.0.0.1:9190"}
"""


@pytest.mark.usefixtures("journal")
def test_journal_under_the_same_rules(capsys):
    """Under the rules that it was written by, every decision is the same to the last bit."""
    assert main(["replay", "--store", "shadowmon.db", "-c", "shadowmon.yaml"]) == 0

    text = capsys.readouterr().out
    first, *verdicts, last = text.splitlines()
    assert first.endswith("entries, and the hash chain holds")
    assert len(verdicts) >= 4
    assert all(line.endswith("; the same to the last bit") for line in verdicts)
    assert "then roll_back (red_line), now roll_back (red_line)" in verdicts[-1]
    assert last == f"{len(verdicts)} verdicts: {len(verdicts)} the same to the last bit"


@pytest.mark.usefixtures("journal")
def test_journal_under_other_rules(capsys):
    """Under other rules the configuration's hash is another, and what they say is told."""
    key = "trials.int8.policy.acceptable=0.001"
    arguments = ["replay", "--store", "shadowmon.db", "-c", "shadowmon.yaml", "--set", key]

    assert main(arguments) == 0
    assert "now hold (wait); decided otherwise under other rules: " in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["verdicts"]
    assert {each["same_rules"] for each in told} == {False}
    assert {each["now"]["decision"] for each in told} >= {"hold"}


def test_journal_while_the_daemon_writes(journal, capsys):
    """A database that a daemon has open, with its lock, can be judged; nothing of it changes."""
    before = journal.read_bytes()

    async def meanwhile():
        store = SqlStore(StoreSettings(path=journal))
        await store.open()
        try:
            return await asyncio.to_thread(
                main, ["replay", "--store", "shadowmon.db", "-c", "shadowmon.yaml"]
            )
        finally:
            await store.close()

    assert asyncio.run(meanwhile()) == 0
    assert "the same to the last bit" in capsys.readouterr().out
    assert journal.read_bytes() == before


def test_journal_that_was_changed(journal, capsys):
    """A changed entry breaks the chain: that is said, and no verdict is believed."""
    with sqlite3.connect(journal) as connection:
        connection.execute("DROP TRIGGER journal_is_not_changed")
        connection.execute(
            "UPDATE journal SET sentence = 'promote: all is well' WHERE number ="
            " (SELECT min(number) FROM journal WHERE kind = 'verdict')"
        )
    connection.close()

    assert main(["replay", "--store", "shadowmon.db", "-c", "shadowmon.yaml"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert "shadowmon.db: journal entry" in said.err
    assert "its hash does not fit" in said.err


@pytest.mark.usefixtures("journal")
def test_journal_of_one_trial(capsys):
    """One trial's verdicts can be asked for; another's are none."""
    arguments = ["replay", "--store", "shadowmon.db", "-c", "shadowmon.yaml", "--trial"]

    assert main([*arguments, "int8"]) == 0
    assert main([*arguments, "int4"]) == 0
    assert capsys.readouterr().out.endswith("\n0 verdicts\n")
