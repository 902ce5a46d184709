"""
Pairs that somebody else made, as they come: one JSON line each, of the present and of one trial.

A line is a recorded pair (daemon/recorded.py) that may say more, and less:

    {"id": "q-17", "baseline": {"text": "18", "seconds": 0.8}, "optimized": {"text": "26"},
     "request": {"messages": […]}, "target": "/v1/chat/completions", "user": "u-5"}

- `request` is the request's body (any JSON), to be read by the route's codec, for what was asked
  and for slices by field; `target` is its path, the route's prefix if it is left out. Whoever has
  no request in the route's wire format says what was asked as `question`, or not at all.
- `user` names whose request it was: a user's pairs are not independent. Only a digest is kept.
- `slices` are added to those that the request is in; each must be configured.
- `label` and `at` are refused: labels are told to the labels' own endpoint, and a live pair is of
  now. Pairs of the past are judged by `shadowmon replay`.

Rule 1: a line is looked at where it comes in (`check`), but for what the codec must read; it is
        read where it is scored. What is wrong only there is counted as refused.
Rule 2: a reason never quotes what a model said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shadowmon.config.settings import Settings
from shadowmon.daemon.recorded import LineError, Reader, Recorded
from shadowmon.errors import CodecError
from shadowmon.mirror.pairing import TrialRef
from shadowmon.records import (
    NOTHING_ASKED,
    Answer,
    Exchange,
    ExchangeId,
    Headers,
    ModelName,
    Pair,
    Question,
    RouteName,
    SliceName,
    TrialId,
)
from shadowmon.traffic.asker import digest_of
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.codecs.codec import Ask, Codec
from shadowmon.traffic.sighting import SightingError
from shadowmon.traffic.slicing import Slicing


_OWN = ("request", "target", "user")
_ELSEWHERE = {
    "label": "labels are told to POST /api/v1/labels",
    "at": "a live pair is of now; judge pairs of the past with shadowmon replay",
}
_TEXT_MAX = 1024
_JSON: Headers = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePair:
    """One line."""

    recorded: Recorded
    request: bytes | None
    """The request's body; None if the line has none."""
    target: str | None
    user: str


class LiveReader:
    """Reads the lines of one trial."""

    def __init__(
        self,
        *,
        codec: Codec,
        baseline: ModelName,
        optimized: ModelName,
        slices: Iterable[str],
    ) -> None:
        """
        Args:
            codec: Reads answers that are as they came over the wire.
            baseline: The two models' names.
            optimized: See there.
            slices: Names that are configured.

        """
        self._reader = Reader(codec=codec, baseline=baseline, optimized=optimized)
        self._slices = frozenset(map(SliceName, slices))

    def read(self, line: bytes) -> LivePair:
        """
        Read one line.

        Raises:
            LineError: If it is no live pair.

        """
        try:
            found = strict_json.loads(line)
        except CodecError as error:
            raise LineError(str(error)) from None
        if not isinstance(found, dict):
            msg = "the line must be a JSON object"
            raise LineError(msg)
        for key, why in _ELSEWHERE.items():
            if key in found:
                msg = f"{key} is not for a live pair: {why}"
                raise LineError(msg)
        own = {key: found.pop(key) for key in _OWN if key in found}
        recorded = self._reader.read_told(found)
        self._check_slices(found.get("slices") or ())
        return LivePair(
            recorded=recorded,
            request=strict_json.dumps(own["request"]) if "request" in own else None,
            target=_target(own),
            user=_text(own, "user") or "",
        )

    def _check_slices(self, named: Iterable[str]) -> None:
        for name in named:
            if name not in self._slices:
                msg = "slices must each be the name of a configured one (traffic.slices)"
                raise LineError(msg)


class _Unread:
    """Stands for a codec where lines are only looked at."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        del settings

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`."""
        del exchange
        return Ask()

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status, headers, body
        return Answer()

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`."""
        del model, parameters
        return body


class Checking:
    """Looks at lines where they come in."""

    def __init__(self, settings: Settings) -> None:
        self._readers = {
            TrialId(name): LiveReader(
                codec=_Unread({}),
                baseline=ModelName(settings.routes[trial.route].baseline),
                optimized=ModelName(trial.optimized),
                slices=settings.traffic.slices,
            )
            for name, trial in settings.trials.items()
        }

    def __call__(self, trial: TrialId, line: bytes) -> ExchangeId:
        """
        Return a line's id.

        Raises:
            SightingError: If it is no live pair.

        """
        try:
            return self._readers[trial].read(line).recorded.id
        except (LineError, CodecError) as error:
            raise SightingError(str(error)) from None


class LivePairs:
    """Reads the lines of all trials where they are scored."""

    def __init__(self, settings: Settings, codecs: Mapping[RouteName, Codec]) -> None:
        self._slicing = Slicing(settings.traffic.slices, slices_max=settings.traffic.slices_max)
        self._codecs = codecs
        self._prefixes = {name: route.path_prefix for name, route in settings.routes.items()}
        self._readers = {
            TrialId(name): LiveReader(
                codec=codecs[RouteName(trial.route)],
                baseline=ModelName(settings.routes[trial.route].baseline),
                optimized=ModelName(trial.optimized),
                slices=settings.traffic.slices,
            )
            for name, trial in settings.trials.items()
        }

    def pair(self, exchange: Exchange, ref: TrialRef) -> Pair:
        """
        Return the pair that an exchange's line is; its rate is not set yet.

        Args:
            exchange: As it came: its body is the line.
            ref: The trial, as it stands at this moment.

        Raises:
            LineError: If it is no live pair of the trial.

        """
        live = self._readers[ref.trial_id].read(exchange.body)
        recorded = live.recorded
        asked = replace(
            exchange,
            target=live.target or self._prefixes[exchange.route],
            headers=_JSON if live.request is not None else (),
            body=live.request or b"",
        )
        return Pair(
            trial_id=ref.trial_id,
            epoch=ref.epoch,
            stage=ref.stage,
            exchange_id=exchange.id,
            baseline=recorded.baseline,
            optimized=recorded.optimized,
            baseline_again=recorded.baseline_again,
            slices=recorded.slices | self._slicing.slices_of(asked),
            received_at=exchange.received_at,
            cluster=digest_of(live.user),
            question=self._question(live, asked),
        )

    def _question(self, live: LivePair, asked: Exchange) -> Question:
        if live.request is None or live.recorded.question != NOTHING_ASKED:
            return live.recorded.question
        try:
            return self._codecs[asked.route].read_request(asked).question
        except CodecError as error:
            msg = f"request: {error}"
            raise LineError(msg) from None


def _target(own: Mapping[str, Any]) -> str | None:
    target = _text(own, "target")
    if target is not None and not target.startswith("/"):
        msg = "target must be a path; begin it with /"
        raise LineError(msg)
    return target


def _text(own: Mapping[str, Any], key: str) -> str | None:
    value = own.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX:
        msg = f"{key} must be text of up to {_TEXT_MAX} characters, and not empty"
        raise LineError(msg)
    return value
