"""
Which model serves this request, and is it watched? Pure: nothing here reads a clock or a socket.

Rule 1: the same key meets the same model for as long as the weights stand, and when a weight
        rises users move one way only: from the baseline to the optimized model.
Rule 2: who is served by what and what is sampled are decided on two independent lines
        (`shadowmon.sticky`): with one line the sample would be a subset of one arm.
Rule 3: a request without a key stands where its own id puts it, never where a constant would.
Rule 4: who is pinned meets the same model whatever the weights say, but never one whose trial was
        rolled back.
Rule 5: a call of our own mirror that comes by here is served, and not mirrored again.
"""

from __future__ import annotations

import enum
import hmac

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from shadowmon.ipc import brief
from shadowmon.proxy.memory import Memory
from shadowmon.proxy.plan import Plan, PlannedPins, PlannedRoute
from shadowmon.records import SHADOW_HEADER
from shadowmon.sticky import SPAN, place, salt_of


SOURCE = "proxy"
"""What the hand-over calls us."""

REQUEST_ID_MAX = 128
"""Bytes; a longer request id is not taken for one."""

_USERS_REMEMBERED = 8192
"""In each of two generations, of some 1 MB. With more users than that taking turns it remembers
nobody in time, and where each stands is hashed anew."""
_KEY_REMEMBERED_LENGTH = 128

_OUR_OWN = SHADOW_HEADER.encode()

PIN, PIN_TOKEN = b"x-shadowmon-arm", b"x-shadowmon-arm-token"
"""A request's own choice, and what allows it to choose. Neither goes on to a model server."""
_TRACE = b"traceparent"


class Watch(enum.Enum):
    """Is the exchange handed over to be mirrored and scored?"""

    YES = enum.auto()
    SAMPLED_OUT = enum.auto()
    NO_TRIAL = enum.auto()


# Members of an Enum are slow to look up in Python 3.11.
_YES, _SAMPLED_OUT, _NO_TRIAL = Watch


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What was decided for one request."""

    route: str
    """Empty for a request that only the default model serves."""
    model: str
    baseline: str
    trial: int | None
    """The trial whose optimized model was chosen, by its number on the board."""
    id: bytes
    """The exchange's, as it came, or of our own making."""
    watch: Watch
    told: bytes = b""
    """Of the route and the model, for the hand-over: see `ipc.brief.arm`."""
    added: bytes = b""
    """Field lines, each with its end, that the request is given on its way; usually none."""

    @property
    def exchange_id(self) -> str:
        """The exchange's id as text."""
        return self.id.decode("utf-8", "replace")


class _Arm(NamedTuple):
    """Who may serve a route's requests."""

    trial: int | None
    """By its number on the board; None: the baseline."""
    model: str
    told: bytes
    """See `Choice`."""


def _arm(route: str, model: str, trial: int | None) -> _Arm:
    return _Arm(trial, model, brief.arm(SOURCE, route, model))


def _always(_: int) -> bool:
    return True


class Picker:
    """Decides for each request; one for each worker, made from its plan."""

    def __init__(self, plan: Plan, *, active: Callable[[int], bool] = _always) -> None:
        """
        Look everything up that does not change.

        Args:
            plan: The worker's.
            active: Is a trial, by its number on the board, under way?

        """
        sampling_salt = salt_of(plan.sampling_salt)
        self._routes = [
            (route.path_prefix.encode(), _Route(plan, route, sampling_salt, active))
            for route in sorted(plan.routes, key=lambda route: -len(route.path_prefix.encode()))
        ]
        self._default = plan.default_model
        self.wanted = frozenset[bytes]().union(*(route.wanted for _, route in self._routes))
        """Fields that `pick` needs to see, by lower-case name."""
        self.hidden: frozenset[bytes] = (
            frozenset((PIN, PIN_TOKEN))
            if any(route.pins and route.pins.header_token for route in plan.routes)
            else frozenset()
        )
        """Those that go no further."""

    def pick(
        self,
        path: bytes,
        found: dict[bytes, bytes],
        weight: Callable[[int], int],
        new_id: Callable[[], str],
    ) -> Choice | None:
        """
        Choose for one request.

        Args:
            path: As on the wire.
            found: The request's values for `Picker.wanted`, as far as it has them, and others.
            weight: A trial's weight now, in basis points, by its number on the board.
            new_id: Makes an id for a request that has none.

        Returns:
            None if there is no model for it.

        """
        for prefix, route in self._routes:
            if path.startswith(prefix):
                return route.pick(found, weight, new_id)
        if self._default is None:
            return None
        return Choice("", self._default, self._default, None, b"", _NO_TRIAL)


class _Route:
    """One route, with everything looked up that does not change from request to request."""

    def __init__(
        self,
        plan: Plan,
        route: PlannedRoute,
        sampling_salt: bytes,
        active: Callable[[int], bool],
    ) -> None:
        self._name = route.name
        self._baseline = route.baseline
        self._trials = [
            (trial.number, _arm(route.name, trial.optimized, trial.number))
            for trial in plan.trials
            if trial.route == route.name
        ]
        self._alone = _arm(route.name, route.baseline, None)
        self._id_field = route.request_id_header.lower().encode()
        self._key_field = route.sticky_header.lower().encode() if route.sticky_header else None
        self._cookie = route.sticky_cookie.encode() if route.sticky_cookie else None
        self._salt = salt = salt_of(plan.rollout_salt, route.name)
        self._stands = Memory(
            lambda key: place(salt, key), most=_USERS_REMEMBERED, longest=_KEY_REMEMBERED_LENGTH
        )
        """Where a user's key stands."""
        self._sampling_salt = sampling_salt
        self._sampled_below = round(route.sample_rate * SPAN)
        self._pins = _Pins(route.pins) if route.pins is not None else None
        self._active = active
        self._adds_id = plan.add_request_id
        self._adds_trace = plan.add_trace_context
        self.wanted = {self._id_field, _OUR_OWN}
        if self._adds_trace:
            self.wanted.add(_TRACE)
        if self._key_field:
            self.wanted.add(self._key_field)
        if self._cookie:
            self.wanted.add(b"cookie")

    def pick(
        self,
        found: dict[bytes, bytes],
        weight: Callable[[int], int],
        new_id: Callable[[], str],
    ) -> Choice:
        name = found.get(self._id_field, b"")
        own_id = name if 0 < len(name) <= REQUEST_ID_MAX else new_id().encode()
        trial, model, told = self._serving(found, weight, own_id)
        watch = _NO_TRIAL if _OUR_OWN in found else self._watch(own_id)
        added = b""
        if self._adds_id and not name:
            added = b"%b: %b\r\n" % (self._id_field, own_id)
        if self._adds_trace and _TRACE not in found:
            added += _traceparent(new_id())
        return Choice(self._name, model, self._baseline, trial, own_id, watch, told, added)

    def _serving(
        self, found: dict[bytes, bytes], weight: Callable[[int], int], own_id: bytes
    ) -> _Arm:
        if self._pins is not None:
            pinned = self._pins.of(found, self._key(found))
            if pinned == _BASELINE:
                return self._alone
            if pinned == _OPTIMIZED:
                return self._first_active()
        stands = -1
        below = 0
        for number, arm in self._trials:
            share = weight(number)
            if not share:
                continue
            if stands < 0:
                key = self._key(found)
                stands = self._stands[key] if key else place(self._salt, own_id)
            below += share
            if stands < below:
                return arm
        return self._alone

    def _first_active(self) -> _Arm:
        for number, arm in self._trials:
            if self._active(number):
                return arm
        return self._alone

    def _key(self, found: dict[bytes, bytes]) -> bytes:
        if self._key_field:
            return found.get(self._key_field, b"")
        if self._cookie:
            return _cookie(found.get(b"cookie", b""), self._cookie)
        return b""

    def _watch(self, own_id: bytes) -> Watch:
        if not self._trials:
            return _NO_TRIAL
        if not 0 < self._sampled_below < SPAN:
            return _YES if self._sampled_below else _SAMPLED_OUT
        stands = place(self._sampling_salt, own_id)
        return _YES if stands < self._sampled_below else _SAMPLED_OUT


_BASELINE, _OPTIMIZED = b"baseline", b"optimized"


class _Pins:
    """Who meets which model of one route, whatever the weights say."""

    def __init__(self, pins: PlannedPins) -> None:
        self._listed = dict.fromkeys(map(str.encode, pins.baseline), _BASELINE)
        self._listed |= dict.fromkeys(map(str.encode, pins.optimized), _OPTIMIZED)
        self._token = None if pins.header_token is None else pins.header_token.encode()

    def of(self, found: dict[bytes, bytes], key: bytes) -> bytes | None:
        """Return the arm that a request is pinned to: by its own choice, else by the list."""
        chosen = found.get(PIN)
        if chosen in {_BASELINE, _OPTIMIZED} and self._may_choose(found):
            return chosen
        return self._listed.get(key)

    def _may_choose(self, found: dict[bytes, bytes]) -> bool:
        # Compared in constant time, so that how long it takes tells nothing of the token.
        sent = found.get(PIN_TOKEN, b"")
        return self._token is not None and hmac.compare_digest(sent, self._token)


def _traceparent(seed: str) -> bytes:
    """Begin a trace (W3C Trace Context, section 3.2), sampled, with ids made from the seed."""
    digest = blake2b(seed.encode(), digest_size=24).hexdigest()
    return b"traceparent: 00-%b-%b-01\r\n" % (digest[:32].encode(), digest[32:].encode())


def _cookie(field: bytes, name: bytes) -> bytes:
    """Return a cookie's value (RFC 6265, section 5.4), empty if it is not there."""
    for pair in field.split(b";"):
        key, _, value = pair.partition(b"=")
        if key.strip(b" \t") == name:
            return value.strip(b" \t")
    return b""
