"""
JSON under /api/v1, and what machines ask: /metrics, /-/healthy, /-/ready, /-/reload.

Rule 1: everything is read off one view, so that no two answers disagree.
Rule 2: what people ask goes to the desk as an operation, with who and why; there is no side door.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from aiohttp import web

from shadowmon.console import shapes
from shadowmon.console.answers import as_json, refuse
from shadowmon.console.body import BodyError, read_json
from shadowmon.console.desk import Desk
from shadowmon.console.openapi import document
from shadowmon.console.plain import plain
from shadowmon.records import EntryKind, ExchangeId, Label, Operation, TrialId
from shadowmon.view import TrialView


Metrics = Callable[[str], tuple[bytes, str]]
"""What `accept` asks for -> the exposition, and its content type."""

OPERATIONS: Mapping[str, Operation] = {
    "pause": Operation.PAUSE,
    "resume": Operation.RESUME,
    "roll-back": Operation.ROLL_BACK,
    "re-arm": Operation.RE_ARM,
    "loosen": Operation.LOOSEN,
}
REASON_NEEDED = frozenset({Operation.ROLL_BACK, Operation.RE_ARM, Operation.LOOSEN})

LABELS_MAX = 10_000
_NAME_MAX = 100
_REASON_MAX = 1000
_ID_MAX = 256
_LABEL_MAX = 1024
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
        """Return every route. Each is documented in console/openapi.py."""
        return [
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
            web.get("/api/v1/journal", self.journal),
            web.post("/api/v1/labels", self.labels),
            web.get("/api/v1/openapi.json", self.openapi),
        ]

    # --- for machines ---

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer Prometheus."""
        body, content_type = self._metrics(request.headers.get("Accept", ""))
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
        _query(request)
        return as_json(shapes.status(self._desk.view()))

    async def trials(self, request: web.Request) -> web.Response:
        """Tell of every trial."""
        _query(request)
        return as_json(shapes.trials(self._desk.view()))

    async def trial(self, request: web.Request) -> web.Response:
        """Tell of one trial."""
        _query(request)
        return as_json(shapes.trial(self._find(request)))

    async def explain(self, request: web.Request) -> web.Response:
        """Tell how a verdict came about: the present one, or a journalled one."""
        query = _query(request, "entry")
        if "entry" not in query:
            return as_json(shapes.explain(self._find(request)))
        number = _whole(query, "entry", at_most=2**53)
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
        query = _query(request, "trial", "before", "limit")
        rows = await self._desk.journal(
            trial_id=TrialId(query["trial"]) if "trial" in query else None,
            before=_whole(query, "before", at_most=2**53) if "before" in query else None,
            limit=_whole(query, "limit", at_most=_PAGE_MAX) if "limit" in query else _PAGE,
        )
        return as_json(shapes.journal(rows))

    async def openapi(self, request: web.Request) -> web.Response:
        """Describe this API to programs."""
        del request
        return as_json(document())

    # --- asking ---

    def _operation(self, operation: Operation) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            more = {"evidence"} if operation is Operation.LOOSEN else set()
            keys = {"operator", "reason"} | more
            asked = _object(await self._json(request), keys)
            operator = _text(asked, "operator", at_most=_NAME_MAX)
            needed = operation in REASON_NEEDED
            reason = _text(asked, "reason", at_most=_REASON_MAX, needed=needed)
            trial_id = TrialId(request.match_info["trial"])
            try:
                state = await self._desk.ask(
                    trial_id,
                    operation,
                    operator=operator,
                    reason=reason,
                    evidence=_entry_number(asked),
                )
            except KeyError:
                self._unknown(trial_id)
            return as_json({"trial": trial_id, "state": shapes.state(state)})

        return handler

    async def labels(self, request: web.Request) -> web.Response:
        """Take truths in."""
        told = await self._json(request)
        many = told if isinstance(told, list) else [told]
        if len(many) > LABELS_MAX:
            hint = f"send at most {LABELS_MAX:,} at one time"
            refuse(413, f"these are {len(many):,} labels", hint)
        accepted = self._desk.label(_labels(many))
        return as_json({"accepted": accepted, "unknown": len(many) - accepted})

    # --- small things ---

    def _find(self, request: web.Request) -> TrialView:
        trial_id = TrialId(request.match_info["trial"])
        found = {trial.trial_id: trial for trial in self._desk.view().trials}
        return found[trial_id] if trial_id in found else self._unknown(trial_id)

    def _unknown(self, trial_id: TrialId) -> NoReturn:
        there = ", ".join(plain(trial.trial_id) for trial in self._desk.view().trials)
        refuse(
            404,
            f'no trial is called "{plain(trial_id, limit=80)}"',
            f"there are: {there}" if there else "no trial is configured",
        )

    async def _json(self, request: web.Request) -> Any:  # noqa: ANN401 - any JSON value
        if request.content_type != "application/json":
            refuse(415, "the body must be JSON", "send content-type: application/json")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            refuse(415, "the body must not be compressed", "leave content-encoding out")
        async with asyncio.timeout(self._body_seconds):
            body = await request.read()
        try:
            return read_json(body)
        except BodyError as wrong:
            refuse(400, f"the body is not JSON that can be taken: {wrong}")


def _entry_number(asked: Mapping[str, Any]) -> int | None:
    number = asked.get("evidence")
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _ENTRY_MAX:
        refuse(400, "evidence cannot be used", "it is the number of a journal entry, from 1")
    return number


def _query(request: web.Request, *known: str) -> Mapping[str, str]:
    """Return the query's parameters; each is known, and given once."""
    for name in request.query:
        if name not in known:
            hint = f"there are: {', '.join(known)}" if known else "there are none"
            refuse(400, f'no parameter is called "{plain(name, limit=80)}"', hint)
        if len(request.query.getall(name)) > 1:
            refuse(400, f"the parameter {name} is given more than once")
    return dict(request.query)


def _whole(query: Mapping[str, str], name: str, *, at_most: int) -> int:
    text = query[name]
    allowed = f"it must be a whole number from 1 to {at_most}"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(at_most))):
        refuse(400, f"the parameter {name} cannot be used", allowed)
    value = int(text)
    if not 1 <= value <= at_most:
        refuse(400, f"the parameter {name} cannot be used", allowed)
    return value


def _object(value: Any, known: set[str], where: str = "the body") -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        refuse(400, f"{where} must be an object", f"with the keys {_listed(known)}")
    strange = sorted(value.keys() - known)
    if strange:
        refuse(
            400,
            f'{where} has no key "{plain(strange[0], limit=80)}"',
            f"there are: {_listed(known)}",
        )
    return value


def _text(
    asked: Mapping[str, Any], key: str, *, at_most: int, needed: bool = True, where: str = ""
) -> str:
    value = asked.get(key, "")
    if not isinstance(value, str):
        refuse(400, f"{where}{key} must be text")
    value = value.strip()
    if needed and not value:
        refuse(400, f"{where}{key} is missing", f"{key} must not be empty")
    if len(value) > at_most:
        refuse(400, f"{where}{key} is too long", f"at most {at_most} characters are taken")
    return value


def _labels(many: Sequence[Any]) -> list[Label]:
    """Read labels: all of them, or none."""
    keys = {"exchange_id", "label"}
    found = []
    for at, value in enumerate(many):
        where = f"label {at}"
        told = _object(value, keys, where)
        exchange_id = _text(told, "exchange_id", at_most=_ID_MAX, where=f"{where}: ")
        label = _text(told, "label", at_most=_LABEL_MAX, where=f"{where}: ")
        found.append(Label(exchange_id=ExchangeId(exchange_id), label=label))
    return found


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
