"""POST /api/v1/freeze and /api/v1/unfreeze."""

from __future__ import annotations

import pytest

from shadowmon.errors import RefusedError, StoreError


WHO_AND_WHY = {"operator": "ann", "reason": "incident 4711"}


def test_everything_is_frozen_and_shown(ask):
    """The answer and the status say by whom, since when and why; afterwards neither does."""
    frozen = ask("POST", "/api/v1/freeze", WHO_AND_WHY)
    shown = ask("GET", "/api/v1/status")
    unfrozen = ask("POST", "/api/v1/unfreeze", WHO_AND_WHY | {"reason": "over"})

    assert frozen.status == 200
    assert {**frozen.json["freeze"], "since": ""} == {**WHO_AND_WHY, "since": ""}
    assert shown.json["freeze"] == frozen.json["freeze"]
    assert (unfrozen.status, unfrozen.json) == (200, {"freeze": None})
    assert ask("GET", "/api/v1/status").json["freeze"] is None


@pytest.mark.parametrize("missing", ["operator", "reason"])
@pytest.mark.parametrize("path", ["/api/v1/freeze", "/api/v1/unfreeze"])
def test_who_and_why_are_asked_for(ask, path, missing):
    """Neither is done in silence."""
    told = {key: value for key, value in WHO_AND_WHY.items() if key != missing}
    answer = ask("POST", path, told)

    assert (answer.status, answer.message) == (400, f"{missing} is missing")


def test_what_may_not_be_done_is_said(ask, desk):
    """A freeze of what is frozen is a conflict; one that needs the store waits for it."""
    desk.refuses = RefusedError("nothing is frozen")
    assert ask("POST", "/api/v1/unfreeze", WHO_AND_WHY).status == 409

    desk.refuses, desk.unreachable = None, StoreError("the disk is full")
    assert ask("POST", "/api/v1/unfreeze", WHO_AND_WHY).status == 503


def test_it_is_an_operators(start):
    """With a token configured it takes the token."""
    ask = start(token="t-1")

    assert ask("POST", "/api/v1/freeze", WHO_AND_WHY).status == 401
    headers = {"Authorization": "Bearer t-1"}
    assert ask("POST", "/api/v1/freeze", WHO_AND_WHY, headers).status == 200
