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


def test_not_now(ask, desk):
    """In another phase there is nothing to compare."""
    desk.refuses = RefusedError("trial int8 is shadowing: there is nothing to compare now")

    assert ask("GET", f"{NEXT}?reviewer=ada").status == 409
