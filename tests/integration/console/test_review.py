"""GET /api/v1/trials/{trial}/review/next and POST …/preferences."""

from __future__ import annotations

import pytest

from shadowmon.errors import RefusedError
from shadowmon.records import ExchangeId, SliceName
from shadowmon.view import ReviewTask, Said


NEXT = "/api/v1/trials/int8/review/next"
PREFER = "/api/v1/trials/int8/preferences"
TASK = ReviewTask(
    id=ExchangeId("q-1"),
    question={"instructions": "", "text": "Why?"},
    left={"text": "Because."},
    right={"outcome": "timeout"},
    slices=(SliceName("legal"),),
)


def test_the_next_comparison(ask, desk):
    """A task, and where the side by side stands; null once there is no more."""
    desk.task = TASK

    task = ask("GET", f"{NEXT}?reviewer=ada").json["task"]
    told = ask("POST", PREFER, {"task": "q-1", "reviewer": "ada", "choice": "left"})
    after = ask("GET", f"{NEXT}?reviewer=ada").json

    assert (task["id"], task["left"], task["slices"]) == ("q-1", {"text": "Because."}, ["legal"])
    assert told.json["standing"]["needed"] == 100
    assert desk.preferred == [("int8", "q-1", "ada", Said.LEFT)]
    assert after["task"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", NEXT, None, 400, "reviewer is missing"),
        ("GET", f"{NEXT}?reviewer=a&x=1", None, 400, 'no parameter is called "x"'),
        ("GET", "/api/v1/trials/x/review/next?reviewer=a", None, 404, 'no trial is called "x"'),
        ("POST", PREFER, {"task": "q", "reviewer": "a"}, 400, "choice is missing"),
        (
            "POST",
            PREFER,
            {"task": "q", "reviewer": "a", "choice": "up"},
            400,
            "no choice is called",
        ),
        ("POST", PREFER, {"reviewer": "a", "choice": "tie"}, 400, "task is missing"),
        (
            "POST",
            "/api/v1/trials/x/preferences",
            {"task": "q", "reviewer": "a", "choice": "tie"},
            404,
            'no trial is called "x"',
        ),
    ],
)
def test_what_cannot_be_used(method, path, body, status, said, ask):  # noqa: PLR0917 - one case
    """It is said what is wrong."""
    answer = ask(method, path, body)

    assert answer.status == status
    assert said in answer.message


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/trials/x/review/next?reviewer=a", None),
        (
            "POST",
            "/api/v1/trials/x/preferences",
            {"task": "q-1", "reviewer": "ada", "choice": "tie"},
        ),
    ],
)
def test_which_trials_there_are(method, path, body, ask):
    """Whoever mis-types a trial is told which there are."""
    assert ask(method, path, body).json["error"]["hint"] == "there are: int8"


def test_not_now(ask, desk):
    """In another phase there is nothing to compare."""
    desk.refuses = RefusedError("trial int8 is shadowing: there is nothing to compare now")

    assert ask("GET", f"{NEXT}?reviewer=ada").status == 409


@pytest.mark.parametrize(
    ("configured", "sent", "status"),
    [
        ({"token": "operator"}, "", 401),
        ({"token": "operator"}, "operator", 200),
        ({"token": "operator", "reviewer": "reader"}, "", 401),
        ({"token": "operator", "reviewer": "reader"}, "reader", 200),
        ({"reviewer": "reader"}, "", 401),
    ],
)
def test_texts_are_for_reviewers(start, configured, sent, status):
    """Where a token is configured nobody is handed production's texts without one."""
    ask = start(**configured)
    headers = {"Authorization": f"Bearer {sent}"} if sent else {}

    answer = ask("GET", f"{NEXT}?reviewer=ada", headers=headers)

    assert answer.status == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_reviewer_prefers_and_does_no_more(start, desk):
    """A reviewer's token takes a preference, and no operation."""
    desk.task = TASK
    ask = start(token="operator", reviewer="reader")
    headers = {"Authorization": "Bearer reader"}

    told = ask("POST", PREFER, {"task": "q-1", "reviewer": "ada", "choice": "tie"}, headers)
    paused = ask("POST", "/api/v1/trials/int8/pause", {"operator": "ada"}, headers)

    assert (told.status, paused.status) == (200, 401)


def test_another_site_reads_no_texts(ask):
    """A page of another site cannot have a browser on this machine fetch production's texts."""
    headers = {"Origin": "http://evil.example"}

    assert ask("GET", f"{NEXT}?reviewer=ada", headers=headers).status == 403
    assert ask("GET", f"{NEXT}?reviewer=ada", headers={"Host": "evil.example"}).status == 421
