"""
Flagger's hooks, and the gate paths of its load tester.

https://docs.flagger.app/usage/webhooks. A hook passes with 200, 201 or 202 and with nothing else,
204 included; the body of a refusal is shown in Flagger's log and events.

Rule 1: a canary that is not known is a 404, whatever is asked, for the hook `rollback` reads 200 as
        "roll back now": a mis-typed address must not take production down.
Rule 2: too little evidence holds (confirm-…) and never counts as a failed check (rollout), which
        would roll back.
Rule 3: what is asked changes nothing, but for the four paths that end in open or close; those are a
        person's, and go to the desk as operations.
"""

from __future__ import annotations

import enum

from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.errors import RefusedError, StoreError
from shadowmon.gates.answer import Answer, body_of, no_trial, shown
from shadowmon.gates.desk import GateDesk
from shadowmon.gates.standing import Standing, Word, about, standing
from shadowmon.records import Operation, Phase, RolloutState
from shadowmon.view import DaemonView


log = structlog.get_logger()

PATH = "/api/v1/gates/flagger/{hook}"


class Hook(enum.StrEnum):
    """What Flagger asks, and when."""

    CONFIRM_ROLLOUT = "confirm-rollout"
    PRE_ROLLOUT = "pre-rollout"
    ROLLOUT = "rollout"
    CONFIRM_TRAFFIC_INCREASE = "confirm-traffic-increase"
    CONFIRM_PROMOTION = "confirm-promotion"
    POST_ROLLOUT = "post-rollout"
    ROLLBACK = "rollback"
    EVENT = "event"


_ALL = frozenset(Word)
_NOT_FAILED = frozenset((Word.PASS, Word.INSUFFICIENT))

GOOD: Mapping[Hook, frozenset[Word]] = {
    Hook.CONFIRM_ROLLOUT: frozenset((Word.PASS,)),
    Hook.PRE_ROLLOUT: _NOT_FAILED,
    Hook.ROLLOUT: _NOT_FAILED,
    Hook.CONFIRM_TRAFFIC_INCREASE: frozenset((Word.PASS,)),
    Hook.CONFIRM_PROMOTION: frozenset((Word.PASS,)),
    Hook.POST_ROLLOUT: _NOT_FAILED,
    Hook.ROLLBACK: frozenset((Word.FAIL,)),
    Hook.EVENT: _ALL,
}
"""Which standings each hook answers with 200; the others get a 403 and the reason."""


class Canary(msgspec.Struct):
    """What Flagger sends, as far as it is read."""

    name: str = ""
    namespace: str = ""
    phase: str = ""
    checksum: str = ""
    metadata: dict[str, str] = {}

    def trial(self, view: DaemonView) -> str:
        """
        Return the name of the trial that is meant.

        `metadata.trial` names it; without that it is the one called like the canary, with its
        namespace before it if there is such a one.
        """
        if "trial" in self.metadata:
            return self.metadata["trial"]
        known = {trial.trial_id for trial in view.trials}
        whole = f"{self.namespace}.{self.name}"
        return whole if whole in known else self.name


def answer(hook: Hook, canary: Canary, view: DaemonView, *, now: datetime) -> Answer:
    """Answer one hook."""
    name = canary.trial(view)
    found = standing(view, name, now=now)
    if found is None:
        return no_trial(name, view)
    found = about(found, canary.metadata.get("version", ""))
    status = 200 if found.word in GOOD[hook] else 403
    return Answer(status=status, body=_said(found))


def _said(found: Standing) -> str:
    return f"{found.word}: {found.sentence}"


# --- the load tester's paths ---


class Gate(enum.StrEnum):
    """What the load tester's paths ask; each has a 404 for whoever is not known."""

    APPROVE = "/gate/approve"
    HALT = "/gate/halt"
    CHECK = "/gate/check"
    OPEN = "/gate/open"
    CLOSE = "/gate/close"
    ROLLBACK_CHECK = "/rollback/check"
    ROLLBACK_OPEN = "/rollback/open"
    ROLLBACK_CLOSE = "/rollback/close"


_APPROVED = Answer(status=200, body="Approved")
_FORBIDDEN = Answer(status=403, body="Forbidden")
_DONE = Answer(status=202, body="Accepted")

OPERATIONS: Mapping[Gate, Operation] = {
    Gate.OPEN: Operation.RESUME,
    Gate.CLOSE: Operation.PAUSE,
    Gate.ROLLBACK_OPEN: Operation.ROLL_BACK,
    Gate.ROLLBACK_CLOSE: Operation.RE_ARM,
}


def gate_answer(gate: Gate, canary: Canary, view: DaemonView, *, now: datetime) -> Answer:
    """
    Answer one of the paths that change nothing.

    /gate/check is open once the trial passes, /rollback/check once it has failed.
    """
    name = canary.trial(view)
    found = standing(view, name, now=now)
    if found is None:
        return no_trial(name, view)
    match gate:
        case Gate.APPROVE:
            return _APPROVED
        case Gate.CHECK:
            return _APPROVED if found.word is Word.PASS else _refused(found)
        case Gate.ROLLBACK_CHECK:
            return _APPROVED if found.word is Word.FAIL else _refused(found)
        case _:
            return _FORBIDDEN


def _refused(found: Standing) -> Answer:
    return Answer(status=_FORBIDDEN.status, body=f"{_FORBIDDEN.body}: {_said(found)}")


def is_so_already(operation: Operation, state: RolloutState) -> bool:
    """Say whether an operation would change nothing: a gate that is open may be opened again."""
    match operation:
        case Operation.RESUME:
            return not state.paused and not state.drifted
        case Operation.PAUSE:
            return state.paused
        case Operation.ROLL_BACK:
            return state.phase is Phase.ROLLED_BACK
        case _:
            return state.phase is not Phase.ROLLED_BACK


class Flagger:
    """The routes."""

    def __init__(self, desk: GateDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        asked = (gate for gate in Gate if gate not in OPERATIONS)
        return [
            web.post(PATH, self.hook),
            *(web.post(gate.value, self.gate) for gate in asked),
            *(web.post(gate.value, self.operate) for gate in OPERATIONS),
        ]

    async def hook(self, request: web.Request) -> web.Response:
        """Answer a hook."""
        word = request.match_info["hook"]
        if word not in set(Hook):
            hooks = ", ".join(Hook)
            return Answer(status=404, body=f"no hook is called so; there are: {hooks}").response()
        canary = await _canary(request)
        if canary is None:
            return _NO_CANARY.response()
        hook, view = Hook(word), self._desk.view()
        if hook is Hook.EVENT:
            log.info("gates.flagger_told", canary=shown(canary.name), phase=shown(canary.phase))
        return answer(hook, canary, view, now=self._clock.now()).response()

    async def gate(self, request: web.Request) -> web.Response:
        """Answer the load tester's paths that change nothing."""
        canary = await _canary(request)
        if canary is None:
            return _NO_CANARY.response()
        gate = Gate(request.path)
        return gate_answer(gate, canary, self._desk.view(), now=self._clock.now()).response()

    async def operate(self, request: web.Request) -> web.Response:
        """Open or close: a person's operation, journalled with the path as its reason."""
        canary = await _canary(request)
        if canary is None:
            return _NO_CANARY.response()
        answered = await self._operate(Gate(request.path), canary)
        return answered.response()

    async def _operate(self, gate: Gate, canary: Canary) -> Answer:
        view, operation = self._desk.view(), OPERATIONS[gate]
        name = canary.trial(view)
        found = next((trial for trial in view.trials if trial.trial_id == name), None)
        if found is None:
            return no_trial(name, view)
        if is_so_already(operation, found.state):
            return _DONE
        why = canary.metadata.get("reason", "")
        if operation is Operation.RE_ARM and not why:
            return Answer(
                status=422, body="to re-arm needs metadata.reason: why it may begin again"
            )
        who = canary.metadata.get("operator", "flagger gate")
        try:
            await self._desk.ask(
                found.trial_id, operation, operator=who, reason=why or f"asked by {gate}"
            )
        except RefusedError as refused:
            return Answer(status=409, body=str(refused))
        except StoreError:
            return Answer(status=409, body="not done, for it could not be journalled")
        return _DONE


_NO_CANARY = Answer(status=400, body="this is no JSON of Flagger's: it holds name and namespace")


async def _canary(request: web.Request) -> Canary | None:
    try:
        return msgspec.json.decode(await body_of(request), type=Canary)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
