"""The commands that talk to a daemon, before a real console."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from shadowmon.cli.main import main
from shadowmon.daemon.portrait import portrait
from shadowmon.errors import RefusedError
from shadowmon.records import EVERYTHING, Cell, MetricName, Operation, Scope, Ticked
from shadowmon.trial.trial import Trial
from tests.consoles import a_desk, running
from tests.factories import NOON
from tests.trials import a_plan


@pytest.fixture
def desk():
    """A desk with one trial."""
    return a_desk()


@pytest.fixture(autouse=True)
def daemon(desk, monkeypatch):
    """A console before the desk; the variable SHADOWMON_URL says where."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("USER", "ada")
    for name in ("LOGNAME", "SHADOWMON_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with running(desk) as address:
        monkeypatch.setenv("SHADOWMON_URL", f"http://{address}")
        yield address


def test_status(capsys):
    """`status` draws every trial, and is 0 for a daemon that is ready."""
    assert main(["status"]) == 0

    text = capsys.readouterr().out
    assert "int8 · classification · fp32 → int8" in text
    assert "shadow ─ 1% ─ [10%] ─ 50% ─ 100%" in text


def test_status_of_a_daemon_that_is_not_ready(desk, capsys):
    """A daemon that is not ready is drawn all the same, and the exit code is 1."""
    desk.show(problems=("no tick yet",))

    assert main(["status"]) == 1
    assert "not ready: no tick yet" in capsys.readouterr().out


def test_url_by_flag(daemon, capsys, monkeypatch):
    """The flag wins over the variable."""
    monkeypatch.setenv("SHADOWMON_URL", "http://127.0.0.1:1")

    assert main(["status", "--url", f"http://{daemon}/"]) == 0
    assert "int8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "operation", "said"),
    [
        ("pause", Operation.PAUSE, "int8: progressing, paused, 10 % of the traffic\n"),
        ("resume", Operation.RESUME, "int8: progressing, 10 % of the traffic\n"),
        ("roll-back", Operation.ROLL_BACK, "int8: rolled back, 0 % of the traffic\n"),
        ("re-arm", Operation.RE_ARM, "int8: shadowing, 0 % of the traffic\n"),
    ],
)
def test_operations(desk, capsys, word, operation, said):
    """An operation reaches the daemon with the user's name and reason; where it stands is told."""
    assert main([word, "int8", "--reason", "it looks odd"]) == 0

    assert desk.asked == [("int8", operation, "ada", "it looks odd")]
    assert capsys.readouterr().out == said


def test_everything_is_frozen_and_unfrozen(capsys):
    """It is said by whom and why, the status shows it, and the end is said too."""
    assert main(["freeze", "--reason", "incident 4711"]) == 0
    assert "everything is frozen by ada since " in capsys.readouterr().out

    assert main(["status"]) == 0
    assert "EVERYTHING IS FROZEN by ada since" in capsys.readouterr().out

    assert main(["unfreeze", "--reason", "it is over", "--operator", "grace"]) == 0
    assert capsys.readouterr().out == "nothing is frozen\n"


def test_operator_by_flag(desk):
    """Who asks can be said."""
    assert main(["pause", "int8", "--operator", "grace"]) == 0
    assert desk.asked[0][2] == "grace"


def test_refused(desk, capsys):
    """What the daemon refuses is said in its own words, with exit code 1."""
    desk.refuses = RefusedError("trial int8 is shadowing: there is nothing to roll back")

    assert main(["roll-back", "int8", "--reason", "x"]) == 1
    assert "shadowmon: trial int8 is shadowing: there is nothing" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["int9", "a/b?c#d", "../../-/reload", "\x1b[2J", "é", ""])
def test_no_such_trial(desk, capsys, name):
    """A name that is no trial's is refused, whatever is in it, and reaches nothing else."""
    assert main(["pause", name]) == 1

    err = capsys.readouterr().err
    assert err.startswith("shadowmon: ")
    assert "\x1b" not in err
    assert (desk.asked, desk.reloads) == ([], 0)


def test_token(desk, monkeypatch, capsys):
    """The token of the variable SHADOWMON_TOKEN opens what needs one."""
    with running(desk, token="s3cret") as address:
        monkeypatch.setenv("SHADOWMON_URL", f"http://{address}")
        assert main(["pause", "int8"]) == 1
        assert "needs the operator's token" in capsys.readouterr().err
        monkeypatch.setenv("SHADOWMON_TOKEN", "s3cret")
        assert main(["pause", "int8"]) == 0


def test_journal(capsys):
    """`journal` tells the newest entries, the newest last, each with its number, time and trial."""
    assert main(["journal", "int8", "--last", "2"]) == 0

    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("     6  2026-01-01 12:00:")
    assert last.startswith("     7  2026-01-01 12:00:")
    assert "  verdict         int8: " in last


def test_journal_for_programs(capsys):
    """`journal --json` tells each entry whole, on a line of its own."""
    assert main(["journal", "--json"]) == 0

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["number"] for entry in told] == [1, 2, 3, 4, 5, 6, 7]
    assert all(entry["hash"] for entry in told)


@pytest.mark.parametrize("last", ["0", "1001"])
def test_journal_of_no_entries(last, capsys):
    """A number of entries that no page holds is wrong usage."""
    assert main(["journal", "--last", last]) == 2
    assert "--last needs a number of entries, from 1 to 1000" in capsys.readouterr().err


def test_journal_of_nobody(capsys):
    """Where there is no entry that is said, for a name may be mis-typed."""
    assert main(["journal", "int9"]) == 0
    assert capsys.readouterr().out == "the journal has no entry of int9\n"


def test_explain(capsys):
    """`explain` prints what decides the present verdict, all of it, and a journalled one's."""
    assert main(["explain", "int8"]) == 0
    assert "trial int8, now, epoch 2" in capsys.readouterr().out
    assert main(["explain", "int8", "--all"]) == 0
    assert "counts     2200 40 17 53 4" in capsys.readouterr().out
    assert main(["explain", "int8", "--entry", "7"]) == 0
    assert "trial int8, journal entry 7" in capsys.readouterr().out
    assert main(["explain", "int8", "--decision", "7"]) == 0
    assert "trial int8, journal entry 7" in capsys.readouterr().out
    assert main(["explain", "int8", "--entry", "6"]) == 1
    assert "journal entry 6 is no verdict" in capsys.readouterr().err


def test_explain_recomputed(desk, capsys):
    """`explain --recompute` is 0 if every e-value is found again, and 1 if one is not."""
    trial, _ = Trial.open(a_plan(), now=NOON)
    totals = {cell(trial, "correct"): (10, 3, 7, 300, 1), cell(trial, "error"): (320, 0, 1, 0, 0)}
    trial.handle(Ticked(now=NOON, totals=totals))

    assert main(["explain", "int8", "--recompute"]) == 1
    assert "cannot be computed again" in capsys.readouterr().out

    desk.show(trials=(portrait(trial, 0),))
    assert main(["explain", "int8", "--recompute"]) == 0
    assert "by hand: the same" in capsys.readouterr().out


def cell(trial, metric):
    """Return the cell of all traffic."""
    state, name = trial.memory.state, MetricName(metric)
    return Cell(
        trial_id=state.trial_id,
        epoch=state.epoch,
        stage=state.stage_count if trial.plan.metrics[name].scope is Scope.STAGE else 0,
        metric=name,
        slice=EVERYTHING,
    )


def test_something_else_answers(free_port, tmp_path, capsys):
    """A server that is no shadowmon is told as such, with exit code 3."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline, said = time.monotonic() + 10, "Connection refused"
        while "Connection refused" in said and time.monotonic() < deadline:
            assert main(["status", "--url", f"http://127.0.0.1:{port}"]) == 3
            said = capsys.readouterr().err
    finally:
        server.terminate()
        server.wait(10)

    assert "answered 404 and no JSON: is it shadowmon's console?" in said


def test_as_a_process():
    """The installed command does the same as a process."""
    done = subprocess.run(
        [sys.executable, "-m", "shadowmon", "status"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert "fp32 → int8" in done.stdout.decode()


def watched(stdout, seen):
    """Watch until two pictures were seen, press Ctrl-C; return the exit code and the complaints."""
    watching = subprocess.Popen(
        [sys.executable, "-m", "shadowmon", "status", "--watch"],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "TERM": "xterm"},
    )
    found, deadline = b"", time.monotonic() + 10
    try:
        while found.count("fp32 → int8".encode()) < 2 and time.monotonic() < deadline:
            if select.select([seen], [], [], 0.2)[0]:
                found += os.read(seen, 65_536)
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=10)
    finally:
        watching.kill()
        watching.wait()
    assert found.count("fp32 → int8".encode()) >= 2
    return watching.returncode, err


def test_watch_into_a_pipe():
    """`status --watch` into a pipe tells one picture after the other, until Ctrl-C."""
    seen, stdout = os.pipe()
    try:
        assert watched(stdout, seen) == (130, b"")
    finally:
        os.close(seen)
        os.close(stdout)


def test_watch_on_a_terminal():
    """On a terminal it draws again and again in one place, and leaves the screen as it was."""
    seen, stdout = pty.openpty()
    try:
        assert watched(stdout, seen) == (130, b"")
        assert b"\x1b[?1049l" in os.read(seen, 1_000_000)
    finally:
        os.close(seen)
        os.close(stdout)
