"""`shadowmon gate`: published results, exit codes, and a daemon that is told."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from shadowmon.cli.main import main
from shadowmon.errors import RefusedError
from shadowmon.records import Grade, Phase
from tests.consoles import a_desk, running
from tests.recordings import mathematics


RESULTS = Path(__file__).parents[2] / "data" / "gate"


def gate(baseline, optimized, *more):
    """Run the command."""
    return main(["gate", str(baseline), str(optimized), *more])


@pytest.mark.parametrize(
    ("models", "task", "code", "said"),
    [
        # 0.985 x 0.7710 - 0.7248 = 0.0346, 2.06 errors of 0.0168; two figures ask for 1.96
        ("llama-3.1-8b llama-3.1-8b-nvfp4", "math", 1, "rejected: gsm8k exact_match,flexible"),
        ("llama-3.1-8b llama-3.1-8b", "math", 3, "for review: gsm8k"),
        # mmlu: 0.95 x 0.7292 - 0.7285 = -0.0358, 6.9 errors of 0.0052 below 0; the others likewise
        ("qwen3-8b qwen3-8b-q4km", "classification", 0, "accepted: mmlu"),
        # 0.95 x 0.7292 - 0.6559 = 0.0368, 6.9 errors of 0.0053 above; four figures ask for 2.24
        ("qwen3-8b qwen3-8b-opt-rtn-2bit", "classification", 1, "rejected: mmlu"),
    ],
)
def test_published_results(models, task, code, said, capsys):
    """The verdicts on published tables of quantised models are those worked out by hand."""
    paths = (RESULTS / f"{each}.json" for each in models.split())

    assert gate(*paths, "--task", task) == code

    text = capsys.readouterr().out
    assert "benchmark" in text
    assert said in text


def test_json(capsys):
    """For programs: every row with its figures."""
    paths = (RESULTS / "llama-3.1-8b.json", RESULTS / "llama-3.1-8b-nvfp4.json")

    assert gate(*paths, "--task", "math", "--metric", "exact_match", "--json") == 1

    told = json.loads(capsys.readouterr().out)
    assert [row["grade"] for row in told["rows"]] == ["reject", "review"]
    assert told["rows"][0]["absolute_drop"] == pytest.approx(0.0462)


@pytest.fixture
def answers(tmp_path):
    """Real answers of two models to the same questions, with labels, as two files."""
    lines = [json.loads(line) for line in mathematics(baseline="strong", optimized="weak")]
    for arm in ("baseline", "optimized"):
        told = [{"id": it["id"], "answer": it[arm], "label": it["label"]} for it in lines]
        (tmp_path / arm).write_text("".join(json.dumps(each) + "\n" for each in told))
    return tmp_path


def test_answers(answers, capsys):
    """Answers are scored as live pairs are; a much weaker model is rejected."""
    assert gate(answers / "baseline", answers / "optimized", "--task", "math") == 1

    text = capsys.readouterr().out
    assert "rejected: roll_back" in text
    assert "correct" in text


def test_answers_without_a_partner(answers, capsys):
    """Answers to other questions are no comparison."""
    path = answers / "optimized"
    path.write_text(path.read_text().split("\n", 1)[1])

    assert gate(answers / "baseline", path, "--task", "math") == 2
    assert "1 answers of " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--task", "poetry"], "--task must be one of: classification"),
        (["--task", "math", "--acceptable", "2"], "--acceptable must be above 0"),
        (["--task", "math", "--alpha", "1"], "--alpha must be above 0"),
        (["--task", "math", "--worse", "acc"], "--worse needs METRIC=lower"),
        (["--task", "math", "--post", "http://127.0.0.1:9"], "--post and --trial go together"),
        (["--task", "math", "--only", "mmlu"], "no results for mmlu (there are: none)"),
    ],
)
def test_what_cannot_be_used(more, said, capsys):
    """It is said what is wrong, with exit code 2."""
    path = RESULTS / "llama-3.1-8b.json"

    assert gate(path, path, *more) == 2
    assert said in capsys.readouterr().err


def test_what_a_damaged_file_says_is_shown_plainly(tmp_path, capsys):
    """A name in it may be anything: nothing of it moves a cursor, and it fills no screen."""
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    for path, name in ((ours, "a"), (theirs, "\x1b[2J" + "9" * 10_000)):
        path.write_text(json.dumps({"id": name, "correct": True}) + "\n")

    assert gate(ours, theirs, "--task", "math") == 2

    said = capsys.readouterr().err
    assert "\\x1b[2J999" in said
    assert len(said) < 500


def test_a_file_that_is_not_there(capsys):
    """A missing file is named."""
    assert gate("nowhere.json", "nowhere.json", "--task", "math") == 2
    assert "nowhere.json: there is no such file" in capsys.readouterr().err


def test_a_daemon_is_told(capsys, monkeypatch):
    """The same verdict passes, or ends, the benchmark phase of a trial."""
    monkeypatch.delenv("SHADOWMON_TOKEN", raising=False)
    desk = a_desk()
    paths = (RESULTS / "qwen3-8b.json", RESULTS / "qwen3-8b-q4km.json")

    with running(desk) as address:
        more = ["--task", "classification", "--post", f"http://{address}", "--trial", "int8"]
        assert gate(*paths, *more) == 0

    ((trial, result),) = desk.reported
    assert (trial, result.phase, result.grade) == ("int8", Phase.BENCHMARK, Grade.ACCEPT)
    assert len(result.data["rows"]) == 4
    assert "trial int8 is now" in capsys.readouterr().err


def test_a_daemon_that_refuses(capsys, monkeypatch):
    """A verdict that was not taken is no success, whatever it was."""
    monkeypatch.delenv("SHADOWMON_TOKEN", raising=False)
    desk = a_desk()
    desk.refuses = RefusedError("trial int8 is shadowing: a result for benchmark is not due")
    paths = (RESULTS / "qwen3-8b.json", RESULTS / "qwen3-8b-q4km.json")

    with running(desk) as address:
        more = ["--task", "classification", "--post", f"http://{address}", "--trial", "int8"]
        assert gate(*paths, *more) == 2

    assert "could not be told: trial int8 is shadowing" in capsys.readouterr().err
