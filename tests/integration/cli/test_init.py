"""`shadowmon init`: from flags, a recording or a daemon to a configuration that can be used."""

from __future__ import annotations

import json

import pytest
import yaml

from shadowmon.cli.main import main
from shadowmon.config.load import load
from shadowmon.policy.settings import ACCEPTABLE_LOSS, Task
from tests.consoles import a_desk, running
from tests.recordings import a_line, mathematics


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in which everything runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHADOWMON_TOKEN", raising=False)
    return tmp_path


def init(*more):
    """Run the command without questions."""
    return main(["init", "--yes", *more])


@pytest.mark.parametrize("task", Task)
def test_defaults_can_be_used(task, folder, capsys):
    """For every task, what is written is a configuration, and tighter than the task's own limit."""
    assert init("--task", task.value) == 0

    path = folder / "shadowmon.yaml"
    trial = load(path, environment={}, overrides={}).trials["optimized"]
    assert trial.task is task
    assert trial.policy.acceptable == pytest.approx(0.75 * ACCEPTABLE_LOSS[task], rel=0.01)
    assert main(["check-config", str(path)]) == 0
    assert "ok: 2 models, 1 route, 1 trial" in capsys.readouterr().out


def test_help_lists_the_tasks_there_are(capsys):
    """What may be said of the models' task is read without asking for it wrongly first."""
    assert main(["init", "--help"]) == 0

    said = " ".join(capsys.readouterr().out.split())
    assert f"what the models are for: {', '.join(Task)} (chat)" in said


def test_every_flag(folder):
    """What a person says stands in the file: addresses as keys, words as comments on one line."""
    flags = {
        "--task": "code",
        "--baseline-url": "http://127.0.0.1:9001",
        "--optimized-url": "http://127.0.0.1:9002",
        "--codec": "openai",
        "--listen": "127.0.0.1:8088",
        "--failure": "the build breaks\nproxy: {listen: nowhere}",
        "--discovery": "CI",
        "--costs": "an hour",
        "--labels": "some",
        "--acceptable": "0.02",
    }

    assert init(*[word for pair in flags.items() for word in pair], "-o", "it.yaml") == 0

    text = (folder / "it.yaml").read_text()
    told = yaml.safe_load(text)
    assert told["models"]["baseline"]["url"] == "http://127.0.0.1:9001"
    assert told["trials"]["optimized"]["policy"]["acceptable"] == 0.015
    assert told["trials"]["optimized"]["labels"]["expected"] == "some"
    assert told["proxy"]["listen"] == "127.0.0.1:8088"
    assert "when the model is wrong: the build breaks\\nproxy" in text
    assert "said to be 2.0 % of quality" in text


def test_measured_from_a_recording(folder):
    """The baseline's own answers say how often it is wrong."""
    lines = mathematics(baseline="strong", optimized="weak")
    (folder / "answers.jsonl").write_bytes(b"".join(lines))

    assert init("--task", "math", "--labels", "all", "--from", "answers.jsonl") == 0

    text = (folder / "shadowmon.yaml").read_text()
    assert "700 answers, from answers.jsonl" in text
    assert "is wrong: 43.1 %" in text  # 302 of 700, see tests/data/gsm8k/README.md
    assert "fails to answer: 0.0 %" in text


def test_where_the_errors_are(folder):
    """The slice with the most errors comes first."""
    kinds = [("easy", "yes")] * 9 + [("hard", "no"), ("easy", "no"), ("hard", "yes")]
    lines = [
        {"id": str(number), "answer": {"label": said}, "label": "yes", "slices": [kind]}
        for number, (kind, said) in enumerate(kinds)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert init("--task", "classification", "--from", "a.jsonl") == 0

    text = (folder / "shadowmon.yaml").read_text()
    assert "is wrong: 16.7 %" in text
    assert text.index("in hard: 50.0 % of 2") < text.index("in easy: 10.0 % of 10")


def test_answers_without_labels(folder):
    """Without labels it is said that nobody knows how often the baseline is wrong."""
    (folder / "a.jsonl").write_bytes(a_line())

    assert init("--from", "a.jsonl") == 0
    assert "is not known: there are no labels" in (folder / "shadowmon.yaml").read_text()


def test_measured_by_a_daemon(folder):
    """A daemon that watches the baseline already is asked."""
    with running(a_desk()) as address:
        assert init("--from", f"http://{address}", "--trial", "int8") == 0

    assert f"from http://{address}, trial int8" in (folder / "shadowmon.yaml").read_text()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--task", "poetry"], 2, "--task must be one of"),
        (["--labels", "few"], 2, "--labels must be one of"),
        (["--acceptable", "2"], 2, "--acceptable must be above 0"),
        (["--acceptable", "much"], 2, "--acceptable must be above 0"),
        (["--from", "nowhere.jsonl"], 2, "nowhere.jsonl: cannot be read"),
        (["--from", "http://127.0.0.1:9"], 2, "needs --trial"),
        (["--from", "http://127.0.0.1:9", "--trial", "x"], 2, "no shadowmon answers"),
        (["--codec", "morse"], 2, "morse"),
        (["--baseline-url", "nowhere"], 2, "models.baseline.url"),
        (["-o", "no/such/folder.yaml"], 1, "cannot be written"),
    ],
)
def test_what_cannot_be_used(more, code, said, folder, capsys):
    """It is said what is wrong."""
    assert init(*more) == code
    assert said in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_kept(folder, capsys):
    """Nothing is written over without --force."""
    path = folder / "shadowmon.yaml"
    path.write_text("mine")

    assert init() == 1
    assert path.read_text() == "mine"
    assert "is there already" in capsys.readouterr().err
    assert init("--force") == 0
    assert path.read_text() != "mine"


def test_questions(folder, monkeypatch):
    """On a terminal what no flag says is asked; an empty answer takes the default."""
    asked, answers = [], iter(["chat"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)

    def answer(question):
        asked.append(question)
        return next(answers, "")

    monkeypatch.setattr("builtins.input", answer)

    assert main(["init", "--listen", "127.0.0.1:8088"]) == 0

    assert asked[0].startswith("what the models are for: classification, summarization, chat, ")
    assert asked[0].endswith(" [chat]: ")
    assert not any("users are to connect" in question for question in asked)
    assert (
        yaml.safe_load((folder / "shadowmon.yaml").read_text())["trials"]["optimized"]["task"]
        == "chat"
    )


def test_an_answer_that_cannot_be_used_is_asked_for_again(folder, monkeypatch, capsys):
    """Nothing that was said before is lost by a slip."""
    answers = iter(["poetry", "chat", "", "", "morse", "openai", "", "", "", "", "", "2 %", "0.02"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))

    assert main(["init"]) == 0

    said = capsys.readouterr().out
    assert "it must be one of: classification, " in said
    assert "(not morse)" in said
    assert "it must be above 0 and below 1" in said
    written = yaml.safe_load((folder / "shadowmon.yaml").read_text())
    assert written["trials"]["optimized"]["task"] == "chat"
    assert written["trials"]["optimized"]["policy"]["acceptable"] == 0.015


@pytest.mark.parametrize("task", Task)
def test_what_is_written_needs_no_second_look(task, folder, capsys):
    """Whatever the task, check-config has no advice about what init wrote."""
    init("--task", task.value)
    capsys.readouterr()

    main(["check-config", str(folder / "shadowmon.yaml")])

    assert "look again" not in capsys.readouterr().out


def test_a_second_look_is_asked_for(folder, capsys):
    """check-config accepts what few people mean, and says so below."""
    init("--task", "chat")
    path = folder / "shadowmon.yaml"
    path.write_text(path.read_text().replace("self_check_rate: 0.1", "self_check_rate: 0"))
    capsys.readouterr()

    assert main(["check-config", str(path)]) == 0

    accepted, advised = capsys.readouterr().out.splitlines()
    assert "ok: 2 models, 1 route, 1 trial" in accepted
    assert "look again: routes.production.self_check_rate: is 0" in advised
