"""The command line: arguments, exit codes, and what is not imported."""

from __future__ import annotations

import subprocess
import sys

from pathlib import Path

import pytest

from shadowmon import __version__
from shadowmon.cli.main import main


CASES = Path(__file__).parents[1] / "config" / "cases"
HEAVY = ("scipy", "numpy", "sqlalchemy", "aiohttp", "pydantic", "rich", "yaml", "asyncio")


def imported(*arguments):
    """Return the exit code of a command, and the first names of all that it imported."""
    code = (
        "import sys; from shadowmon.cli.main import main; "
        f"code = main({list(arguments)!r}); "
        "print('\\n'.join({name.partition('.')[0] for name in sys.modules}), file=sys.stderr); "
        "raise SystemExit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["plan", "--help"], ["replay", "--help"], ["--version"]],
)
def test_help_is_light(arguments):
    """Help imports nothing heavy, so that it is quick, and works where something is broken."""
    code, names = imported(*arguments)

    assert code == 0
    assert "shadowmon" in names
    assert not names.intersection(HEAVY)


def test_version(capsys):
    """The version is the package's."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"shadowmon {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run", "--fast"],
        ["pause"],
        ["roll-back", "int8"],
        ["re-arm", "int8"],
        ["freeze"],
        ["unfreeze"],
        ["explain", "int8", "--entry", "first"],
        ["plan"],
        ["plan", "a.yaml", "--rate", "fast"],
        ["replay"],
        ["replay", "a.jsonl", "--every", "few"],
        ["check-config"],
        ["status", "--url", "ftp://127.0.0.1"],
        ["status", "--url", "http://"],
        ["status", "--url", "http://127.0.0.1:99999"],
        ["run", "--set", "mirror.queue_max"],
        ["check-config", str(CASES / "good.proxy.yaml"), "--set", "=5"],
    ],
)
def test_wrong_usage(arguments, capsys):
    """Wrong usage is 2, with a word on what would be right."""
    assert main(arguments) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "shadowmon" in said.err


def test_token_that_cannot_be_sent(monkeypatch, capsys):
    """A token with a line end in it is refused, and not shown."""
    monkeypatch.setenv("SHADOWMON_TOKEN", "hunter2\r\nx: y")

    assert main(["status"]) == 2
    assert "hunter2" not in capsys.readouterr().err


def test_nobody_answers(capsys, free_port):
    """Where no daemon answers, that is said, and the exit code is 3."""
    url = f"http://127.0.0.1:{free_port()}"

    assert main(["status", "--url", url]) == 3
    assert capsys.readouterr().err == (
        f"shadowmon: no shadowmon answers at {url}: Connection refused\n"
    )


def test_interrupted(monkeypatch):
    """Ctrl-C ends a command with 130, without a traceback."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("shadowmon.cli.client.Client.get", interrupted)

    assert main(["status"]) == 130


def test_run_hands_on_what_was_given(monkeypatch):
    """`run` gives the file and the flags to the daemon, and its exit code is the daemon's."""
    given = []

    def daemon(path, overrides):
        given.append((path, overrides))
        return 7

    monkeypatch.setattr("shadowmon.daemon.supervisor.main", daemon)

    code = main(["run", "--config", "a.yaml", "--set", "a.b=1", "--set", "c={}"])

    assert (code, given) == (7, [(Path("a.yaml"), {"a.b": "1", "c": "{}"})])


def test_demo_hands_on_what_was_given(monkeypatch, tmp_path):
    """`demo` gives its flags to the story, and its exit code is the story's."""
    given = []

    def story(**flags):
        given.append(flags)
        return 0

    monkeypatch.setattr("shadowmon.demo.story.main", story)

    assert main(["demo", "--seed", "7", "--no-live", "--folder", str(tmp_path)]) == 0
    assert given == [{"seed": 7, "keep_running": False, "live": False, "folder": tmp_path}]


def test_check_config_as_a_process(tmp_path):
    """As a process too: words on stderr, exit code 2; and 0 for a good file."""
    bad, good = CASES / "bad.unknown_key.yaml", CASES / "good.proxy.yaml"

    runs = [
        subprocess.run(
            [sys.executable, "-m", "shadowmon", "check-config", str(path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        for path in (bad, good)
    ]

    assert [(run.returncode, run.stderr, run.stdout) for run in runs] == [
        (2, bad.with_suffix(".txt").read_text(), ""),
        (0, "", f"{good}: ok: 3 models, 1 route, 1 trial; store: {CASES / 'shadowmon.db'}\n"),
    ]


def test_reader_that_goes_away():
    """When whoever reads the output goes away, there is no traceback."""
    path = CASES / "good.several_trials.yaml"
    command = f"{sys.executable} -m shadowmon check-config {path} --print | head -n 1"

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("models:\n", "")
