"""
HAProxy by weights: those of a backend's servers.

A weight there is 0 to 256. Whole percents are met exactly; other shares as close as two such
numbers come (0.5 % too; below 0.39 % none does, and the weight is refused). What was set for a
share is read back as that share. The backend must balance dynamically (roundrobin, leastconn, or a
hash with `hash-type consistent`); with a hash a few users move back when a weight rises, for the
ring has few points. By a map (haproxy_map.py) none does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from shadowmon.actuators.haproxy_socket import RuntimeApi, ServerState, parse_states
from shadowmon.actuators.ratio import Ratio, closest, share_of
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


log = structlog.get_logger()

MOST = 256
_OFF_BY_MAX = 0.1
"""A share may be met within a tenth of itself, and not worse."""


class ServerWeights:
    """One backend's servers: the baseline's, and the optimized model's."""

    def __init__(
        self,
        api: RuntimeApi,
        *,
        backend: str,
        baseline: Sequence[str],
        optimized: Sequence[str],
    ) -> None:
        self._api = api
        self._backend = backend
        self._baseline = baseline
        self._optimized = optimized
        self._set: tuple[Weight, Ratio] | None = None

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        ratio = closest(
            weight,
            most=MOST,
            baseline_servers=len(self._baseline),
            optimized_servers=len(self._optimized),
        )
        self._refuse_if_far(weight, ratio)
        wanted = [(name, ratio.baseline) for name in self._baseline]
        wanted += [(name, ratio.optimized) for name in self._optimized]
        self._set = (weight, ratio)
        await self._api.do(*(f"set weight {self._backend}/{name} {at}" for name, at in wanted))

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        answer = await self._api.ask(f"show servers state {self._backend}")
        states = parse_states(answer, self._backend)
        self._refuse_others(states)
        if self._set is not None and self._is_in_effect(self._set[1], states):
            return self._set[0]
        optimized = sum(states[name].weight for name in self._optimized)
        everything = optimized + sum(states[name].weight for name in self._baseline)
        if not everything:
            msg = f"every server of backend {self._backend} has weight 0: nobody is served"
            raise ActuatorError(msg)
        return share_of(optimized, everything)

    def _is_in_effect(self, ratio: Ratio, states: Mapping[str, ServerState]) -> bool:
        return all(states[name].weight == ratio.baseline for name in self._baseline) and all(
            states[name].weight == ratio.optimized for name in self._optimized
        )

    def _refuse_others(self, states: Mapping[str, ServerState]) -> None:
        """A backend with other servers gives them a share that nobody decided."""
        ours = {*self._baseline, *self._optimized}
        if missing := sorted(ours - states.keys()):
            msg = f"backend {self._backend} has no server {', '.join(missing)}"
            raise ActuatorError(msg)
        if others := sorted(name for name in states.keys() - ours if states[name].weight):
            msg = (
                f"backend {self._backend} also sends to {', '.join(others)}: name every server "
                "under baseline or optimized, or give the others weight 0"
            )
            raise ActuatorError(msg)

    def _refuse_if_far(self, weight: Weight, ratio: Ratio) -> None:
        load = ratio.optimized * len(self._optimized)
        gets = share_of(load, load + ratio.baseline * len(self._baseline))
        if abs(gets - weight) > _OFF_BY_MAX * min(weight, 10_000 - weight):
            msg = (
                f"{weight / 100:g}% cannot be set with weights of 0 to {MOST}: the closest is "
                f"{gets / 100:g}%; choose another stage"
            )
            raise ActuatorError(msg)
        if gets != weight:
            log.info("actuator.weight_rounded", wanted=weight, applied=gets, backend=self._backend)
