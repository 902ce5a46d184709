"""
JSON under /api/v1, and what machines ask: /metrics, /-/healthy, /-/ready, /-/reload.

Rule 1: everything is read off one view, so that no two answers disagree.
Rule 2: what people ask goes to the desk as an operation, with who and why; there is no side door.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn

from aiohttp import web

from shadowmon.console import shapes
from shadowmon.console.answers import as_json, no_trial, refuse
from shadowmon.console.desk import Desk
from shadowmon.console.openapi.document import document
from shadowmon.console.plain import plain
from shadowmon.console.reading import (
    ID_MAX,
    LABEL_MAX,
    MANY_MAX,
    NAME_MAX,
    REASON_MAX,
    body_of,
    data_of,
    object_of,
    query_of,
    text_of,
    whole_of,
)
from shadowmon.records import EntryKind, ExchangeId, Grade, Label, Operation, Phase, TrialId
from shadowmon.view import GateResult, TrialView


Metrics = Callable[[str], Awaitable[tuple[bytes, str]]]
"""What `accept` asks for -> the exposition, and its content type."""

OPERATIONS: Mapping[str, Operation] = {
    "pause": Operation.PAUSE,
    "resume": Operation.RESUME,
    "roll-back": Operation.ROLL_BACK,
    "re-arm": Operation.RE_ARM,
    "approve": Operation.APPROVE,
    "loosen": Operation.LOOSEN,
}
_MORE_KEYS: Mapping[Operation, tuple[str, ...]] = {
    Operation.LOOSEN: ("evidence",),
    Operation.APPROVE: ("expires_seconds",),
}
APPROVED_SECONDS_MAX = 30 * 86_400
REASON_NEEDED = frozenset(
    {Operation.ROLL_BACK, Operation.RE_ARM, Operation.LOOSEN, Operation.APPROVE}
)

GATED: Mapping[str, Phase] = {
    phase.value.replace("_", "-"): phase for phase in (Phase.BENCHMARK, Phase.SIDE_BY_SIDE)
}
"""Phases before the shadow, whose results are reported from outside."""
GRADES = (Grade.ACCEPT, Grade.REVIEW, Grade.REJECT)

_THERE: Mapping[str, str] = {
    "status": "/api/v1/status",
    "trials": "/api/v1/trials",
    "journal": "/api/v1/journal",
    "description": "/api/v1/openapi.json",
    "metrics": "/metrics",
    "healthy": "/-/healthy",
    "ready": "/-/ready",
}
"""What a person may open next who came to the front door."""

_PAGE_MAX = 1000
_ENTRY_MAX = 2**53
_PAGE = 100


class Api:
    """Every handler; stateless but for what it was built with."""

    def __init__(self, desk: Desk, metrics: Metrics, *, body_seconds: float) -> None:
        self._desk = desk
        self._metrics = metrics
        self._body_seconds = body_seconds

    def routes(self) -> list[web.RouteDef]:
        """Return every route. Each is described in console/openapi/paths/."""
        return [
            web.get("/", self.front),
            web.get("/metrics", self.metrics),
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
            web.post("/-/reload", self.reload),
            web.get("/api/v1/status", self.status),
            web.get("/api/v1/trials", self.trials),
            web.get("/api/v1/trials/{trial}", self.trial),
            web.get("/api/v1/trials/{trial}/explain", self.explain),
            *(
                web.post(f"/api/v1/trials/{{trial}}/{word}", self._operation(operation))
                for word, operation in OPERATIONS.items()
            ),
            web.post("/api/v1/trials/{trial}/gates/{phase}", self.gate),
            web.get("/api/v1/journal", self.journal),
            web.post("/api/v1/labels", self.labels),
            web.get("/api/v1/openapi.json", self.openapi),
        ]

    async def front(self, request: web.Request) -> web.Response:
        """Say what is here."""
        query_of(request)
        return as_json(
            {
                "name": "shadowmon",
                "version": self._desk.view().version,
                "links": dict(_THERE),
                "guide": "docs/api.md; `shadowmon status --watch` draws it on a terminal",
            }
        )

    # --- for machines ---

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer Prometheus."""
        body, content_type = await self._metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthy(self, request: web.Request) -> web.Response:
        """Answer at all, which is what is asked: the loop turns."""
        del request
        return as_json({"healthy": True})

    async def ready(self, request: web.Request) -> web.Response:
        """Say whether the daemon can do its work, and why not."""
        del request
        problems = list(self._desk.view().problems)
        return as_json({"ready": not problems, "problems": problems}, 503 if problems else 200)

    async def reload(self, request: web.Request) -> web.Response:
        """Load the configuration again."""
        del request
        await self._desk.reload()
        return as_json({"reloaded": True})

    # --- reading ---

    async def status(self, request: web.Request) -> web.Response:
        """Tell of the daemon in short."""
        query_of(request)
        return as_json(shapes.status(self._desk.view()))

    async def trials(self, request: web.Request) -> web.Response:
        """Tell of every trial."""
        query_of(request)
        return as_json(shapes.trials(self._desk.view()))

    async def trial(self, request: web.Request) -> web.Response:
        """Tell of one trial."""
        query_of(request)
        return as_json(shapes.trial(self._find(request)))

    async def explain(self, request: web.Request) -> web.Response:
        """Tell how a verdict came about: the present one, or a journalled one."""
        query = query_of(request, "entry")
        if "entry" not in query:
            return as_json(shapes.explain(self._find(request)))
        number = whole_of(query, "entry", at_most=2**53)
        trial_id = TrialId(request.match_info["trial"])
        rows = await self._desk.journal(trial_id=trial_id, before=number + 1, limit=1)
        if not rows or rows[0].number != number:
            refuse(404, f"trial {plain(trial_id)} has no journal entry {number}")
        if rows[0].entry.kind is not EntryKind.VERDICT:
            kind = rows[0].entry.kind
            refuse(404, f"journal entry {number} is no verdict", f"it tells of a {kind}")
        return as_json(shapes.explain_entry(rows[0]))

    async def journal(self, request: web.Request) -> web.Response:
        """Tell what happened, the newest first."""
        query = query_of(request, "trial", "before", "limit")
        rows = await self._desk.journal(
            trial_id=TrialId(query["trial"]) if "trial" in query else None,
            before=whole_of(query, "before", at_most=2**53) if "before" in query else None,
            limit=whole_of(query, "limit", at_most=_PAGE_MAX) if "limit" in query else _PAGE,
        )
        return as_json(shapes.journal(rows))

    async def openapi(self, request: web.Request) -> web.Response:
        """Describe this API to programs."""
        del request
        return as_json(document())

    # --- asking ---

    def _operation(self, operation: Operation) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            keys = {"operator", "reason", *_MORE_KEYS.get(operation, ())}
            asked = object_of(await body_of(request, within_seconds=self._body_seconds), keys)
            operator = text_of(asked, "operator", at_most=NAME_MAX)
            needed = operation in REASON_NEEDED
            reason = text_of(asked, "reason", at_most=REASON_MAX, needed=needed)
            trial_id = TrialId(request.match_info["trial"])
            try:
                state = await self._desk.ask(
                    trial_id,
                    operation,
                    operator=operator,
                    reason=reason,
                    evidence=_entry_number(asked),
                    expires_seconds=_expires_seconds(asked),
                )
            except KeyError:
                self._unknown(trial_id)
            return as_json({"trial": trial_id, "state": shapes.state(state)})

        return handler

    async def gate(self, request: web.Request) -> web.Response:
        """Take the result of a phase before the shadow in."""
        phase = GATED.get(request.match_info["phase"])
        if phase is None:
            refuse(
                404, "no phase before the shadow is called that", f"there are: {', '.join(GATED)}"
            )
        told = object_of(
            await body_of(request, within_seconds=self._body_seconds),
            {"grade", "sentence", "reporter", "data"},
        )
        grade = text_of(told, "grade", at_most=NAME_MAX)
        if grade not in GRADES:
            refuse(
                422, f'"{plain(grade, limit=40)}" is no grade', f"there are: {', '.join(GRADES)}"
            )
        trial_id = TrialId(request.match_info["trial"])
        result = GateResult(
            phase=phase,
            grade=Grade(grade),
            sentence=text_of(told, "sentence", at_most=REASON_MAX),
            reporter=text_of(told, "reporter", at_most=NAME_MAX),
            data=data_of(told),
        )
        try:
            state = await self._desk.report(trial_id, result)
        except KeyError:
            self._unknown(trial_id)
        return as_json({"trial": trial_id, "state": shapes.state(state)})

    async def labels(self, request: web.Request) -> web.Response:
        """Take truths in."""
        told = await body_of(request, within_seconds=self._body_seconds)
        many = told if isinstance(told, list) else [told]
        if len(many) > MANY_MAX:
            hint = f"send at most {MANY_MAX:,} at one time"
            refuse(413, f"these are {len(many):,} labels", hint)
        accepted = self._desk.label(_labels(many))
        return as_json({"accepted": accepted, "unknown": len(many) - accepted})

    # --- small things ---

    def _find(self, request: web.Request) -> TrialView:
        trial_id = TrialId(request.match_info["trial"])
        found = {trial.trial_id: trial for trial in self._desk.view().trials}
        return found[trial_id] if trial_id in found else self._unknown(trial_id)

    def _unknown(self, trial_id: TrialId) -> NoReturn:
        no_trial(trial_id, (trial.trial_id for trial in self._desk.view().trials))


def _entry_number(asked: Mapping[str, Any]) -> int | None:
    number = asked.get("evidence")
    if number is None:
        return None
    # To JSON 7.0 is the same number as 7, and to JSON Schema it is an integer.
    is_whole = isinstance(number, int | float) and not isinstance(number, bool)
    if not is_whole or number != int(number) or not 1 <= number <= _ENTRY_MAX:
        refuse(400, "evidence cannot be used", "it is the number of a journal entry, from 1")
    return int(number)


def _expires_seconds(asked: Mapping[str, Any]) -> float | None:
    seconds = asked.get("expires_seconds")
    if seconds is None:
        return None
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 1 <= seconds <= APPROVED_SECONDS_MAX:
        hint = f"it is a number of seconds from 1 to {APPROVED_SECONDS_MAX:,}"
        refuse(400, "expires_seconds cannot be used", hint)
    return float(seconds)


def _labels(many: Sequence[Any]) -> list[Label]:
    """Read labels: all of them, or none."""
    keys = {"exchange_id", "label"}
    found = []
    for at, value in enumerate(many):
        where = f"label {at}"
        told = object_of(value, keys, where)
        exchange_id = text_of(told, "exchange_id", at_most=ID_MAX, where=f"{where}: ")
        label = text_of(told, "label", at_most=LABEL_MAX, where=f"{where}: ")
        found.append(Label(exchange_id=ExchangeId(exchange_id), label=label))
    return found
