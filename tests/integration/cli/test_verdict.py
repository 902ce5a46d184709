"""`shadowmon verdict`, before a real console."""

from __future__ import annotations

import json
import threading

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from shadowmon.cli.main import main
from shadowmon.clock import SystemClock
from shadowmon.gates.gates import ASKED_BY_POST, routes
from shadowmon.records import Decision, Grade, Phase
from tests.consoles import a_desk, running
from tests.views import a_trial_view, a_verdict


@pytest.fixture
def desk():
    """A desk whose picture was drawn just now."""
    desk = a_desk()
    desk.show(at=SystemClock().now() + timedelta(hours=1))
    return desk


@pytest.fixture(autouse=True)
def daemon(desk, monkeypatch):
    """A console with gates; the variable SHADOWMON_URL says where."""
    monkeypatch.delenv("SHADOWMON_TOKEN", raising=False)
    with serving(desk) as address:
        monkeypatch.setenv("SHADOWMON_URL", f"http://{address}")
        yield


@contextmanager
def serving(desk):
    """Serve a desk and its gates."""
    more = routes(desk, SystemClock())
    with running(desk, more=more, asked_by_post=ASKED_BY_POST) as address:
        yield address


def stand(desk, grade, decision=Decision.HOLD, phase=Phase.PROGRESSING):
    """Let the trial stand somewhere."""
    verdict = a_verdict(
        grade=grade, decision=decision, sentence=f"so: {grade}", decided_at=desk.view().at
    )
    trial = a_trial_view(verdict=verdict)
    desk.show(trials=(replace(trial, state=replace(trial.state, phase=phase)),))


STANDINGS = [
    (Grade.ACCEPT, Decision.PROMOTE, "pass", 0),
    (Grade.REJECT, Decision.ROLL_BACK, "fail", 1),
    (Grade.RED_LINE, Decision.ROLL_BACK, "fail", 1),
    (Grade.REVIEW, Decision.HOLD, "insufficient", 3),
    (Grade.BORDERLINE, Decision.STEP_DOWN, "insufficient", 3),
    (Grade.WAIT, Decision.HOLD, "insufficient", 3),
]


@pytest.mark.parametrize("standing", STANDINGS)
def test_exit_codes(desk, capsys, standing):
    """0 pass, 1 fail, 3 insufficient; the answer says why."""
    grade, decision, word, code = standing
    stand(desk, grade, decision)

    assert main(["verdict", "int8", "--exit-code"]) == code
    assert capsys.readouterr().out == f"int8: {word}: so: {grade}\n"


def test_without_exit_code(desk):
    """Without --exit-code an answer is a 0, whatever it says."""
    stand(desk, Grade.REJECT, Decision.ROLL_BACK)

    assert main(["verdict", "int8"]) == 0


def test_json(desk, capsys):
    """With --json the whole answer is written, as Argo gets it."""
    stand(desk, Grade.ACCEPT, Decision.PROMOTE)

    assert main(["verdict", "int8", "--json", "--exit-code"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "pass"


def test_an_unknown_trial(capsys):
    """A trial that is not there is a wrong question, and no verdict; those that are get listed."""
    assert main(["verdict", "int-8", "--exit-code"]) == 2
    said = capsys.readouterr().err
    assert said == "shadowmon: no trial is called int-8 (there are: int8)\n"


def test_no_daemon(monkeypatch):
    """Where nothing answers nothing is known."""
    monkeypatch.setenv("SHADOWMON_URL", "http://127.0.0.1:1")

    assert main(["verdict", "int8", "--exit-code"]) == 3


@pytest.mark.parametrize("seconds", ["-1", "long", "nan", "1e9"])
def test_a_wrong_wait(seconds, capsys):
    """A wait that cannot be meant is wrong usage."""
    assert main(["verdict", "int8", "--wait", seconds]) == 2
    assert "--wait" in capsys.readouterr().err


def test_waiting_for_a_verdict(desk):
    """While it is insufficient it is asked again, and answered once it is decided."""
    stand(desk, Grade.WAIT)
    decided = threading.Timer(0.2, stand, (desk, Grade.ACCEPT, Decision.PROMOTE))
    decided.start()

    assert main(["verdict", "int8", "--exit-code", "--wait", "30"]) == 0
    decided.join()


def test_a_wait_has_an_end(desk):
    """What is not decided by then is insufficient."""
    stand(desk, Grade.WAIT)

    assert main(["verdict", "int8", "--exit-code", "--wait", "0.2"]) == 3
