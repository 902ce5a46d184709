"""`shadowmon judge`: a judge on recorded pairs beside what people said; then `judge-report`."""

from __future__ import annotations

import asyncio
import json

from contextlib import asynccontextmanager

import pytest
import yaml

from shadowmon.cli.main import main
from shadowmon.records import Choice, ExchangeId, Preference, TrialId
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Save
from tests.factories import NOON
from tests.integration.assessors.endpoints import a_fake
from tests.integration.assessors.judges import always_first, honest, judge
from tests.recordings import a_line


ANSWERS = {
    "q-0": ("a good answer", "an answer"),
    "q-1": ("an answer", "a good answer"),
    "q-2": ("one thing", "another"),
    "q-3": ("an answer", "a longer, good answer"),
}


def preference(task, choice, reviewer="ann", epoch=1):
    """Return one reviewer's word."""
    return Preference(
        trial_id=TrialId("int8"),
        epoch=epoch,
        task=ExchangeId(task),
        reviewer=reviewer,
        choice=choice,
        at=NOON,
    )


@asynccontextmanager
async def a_folder(folder, *said, judging=honest):
    """A configuration, its pairs and what people said of them, before a judge that judges so."""
    pairs, database = folder / "pairs.jsonl", folder / "shadowmon.db"
    pairs.write_bytes(
        b"".join(
            a_line(id=name, baseline={"text": one}, optimized={"text": other})
            for name, (one, other) in ANSWERS.items()
        )
        + a_line(id="q-4", baseline={"text": "alone"}, optimized={"outcome": "timeout"})
    )
    store = SqlStore(StoreSettings(path=database))
    await store.open()
    await store.commit(Save(preferences=said))
    await store.close()
    async with a_fake(judge(judging)) as fake:
        trial = {
            "route": "chat",
            "optimized": "int8",
            "task": "custom",
            "review": {"pairs": str(pairs)},
            "actuator": "dry_run",
        }
        settings = {
            "models": {name: {"url": "http://127.0.0.1:9"} for name in ("fp16", "int8")},
            "routes": {"chat": {"baseline": "fp16"}},
            "trials": {"int8": trial},
            "rollout": {"side_by_side": "require"},
            "proxy": {"listen": "127.0.0.1:8080"},
            "store": {"path": str(database)},
            "assessors": {"judge": {"endpoint": {"url": fake.url, "model": "j"}}},
        }
        (folder / "shadowmon.yaml").write_text(yaml.safe_dump(settings))
        yield folder


async def judged(folder, *more):
    """Run the command on the folder's configuration; return its exit code and its lines."""
    config, rows = str(folder / "shadowmon.yaml"), folder / "rows.jsonl"
    words = ["judge", "--config", config, "-o", str(rows), *more]
    code = await asyncio.to_thread(main, words)
    lines = rows.read_text().splitlines() if rows.exists() else []
    return code, {row["id"]: row for row in map(json.loads, lines)}


async def test_each_pair_is_judged_beside_people(tmp_path, capsys):
    """Several people's word is their mean; what nobody looked at has none; nothing is quoted."""
    said = [
        preference("q-0", Choice.BASELINE),
        preference("q-1", Choice.OPTIMIZED),
        preference("q-1", Choice.BASELINE, "bob"),
        preference("q-2", Choice.SKIP),
        preference("q-3", Choice.BOTH_BAD),
    ]
    async with a_folder(tmp_path, *said) as folder:
        code, rows = await judged(folder)

    assert code == 0
    choices = {name: (row["judge"], row["human"]) for name, row in rows.items()}
    assert choices == {
        "q-0": ("baseline", "baseline"),
        "q-1": ("optimized", "tie"),
        "q-2": ("tie", None),
        "q-3": ("optimized", "tie"),
    }
    assert rows["q-3"]["optimized_chars"] == len("a longer, good answer")
    assert "good" not in (tmp_path / "rows.jsonl").read_text()
    told = capsys.readouterr()
    assert "rows.jsonl: 4 comparisons, 3 of them judged by people too" in told.out
    assert "1 pairs left out: one of the models said nothing" in told.err


async def test_what_it_writes_is_what_the_report_reads(tmp_path, capsys):
    """From recorded pairs to what the judge is worth, by two commands."""
    said = [preference(name, Choice.TIE) for name in ANSWERS]
    async with a_folder(tmp_path, *said) as folder:
        await judged(folder)
    capsys.readouterr()

    assert main(["judge-report", str(tmp_path / "rows.jsonl")]) == 0
    assert "4 comparisons, 4 of them judged by people too" in capsys.readouterr().out


async def test_only_the_newest_epoch_counts(tmp_path):
    """What was said of another version of the model is not of these pairs."""
    said = [preference("q-0", Choice.BASELINE), preference("q-1", Choice.OPTIMIZED, epoch=2)]
    async with a_folder(tmp_path, *said) as folder:
        _, rows = await judged(folder)

    assert [name for name, row in rows.items() if row["human"]] == ["q-1"]


async def test_a_judge_that_fails_its_canaries_is_not_heard(tmp_path, capsys):
    """One that always names the first answer is worth nothing; no file is written."""
    async with a_folder(tmp_path, judging=always_first) as folder:
        code, rows = await judged(folder)

    assert (code, rows) == (1, {})
    assert "the judge is not to be trusted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--trial", "int4"], 2, "needs assessors.judge, a trial"),
        (["nowhere.jsonl"], 1, "PAIRS: nowhere.jsonl cannot be read"),
        (["--store", "/no/such.db"], 1, "/no/such.db"),
        (["--set", "assessors.judge=null"], 2, "needs assessors.judge"),
    ],
)
async def test_what_is_lacking_is_said(tmp_path, capsys, more, code, said):
    """And nothing is asked of the judge."""
    async with a_folder(tmp_path) as folder:
        found, rows = await judged(folder, *more)

    assert (found, rows) == (code, {})
    assert said in capsys.readouterr().err
