"""
HAProxy by a map: one entry says how many of 10,000 users the optimized model gets.

The configuration gives each user a place among 10,000, by a hash of what they stay together by, and
sends those below the entry's figure to the optimized model (deploy/haproxy/haproxy.cfg). So every
share down to a hundredth of a percent is met, and a rising one moves nobody back.
"""

from __future__ import annotations

from shadowmon.actuators.haproxy_socket import RuntimeApi, parse_map
from shadowmon.errors import ActuatorError
from shadowmon.records import ALL_TRAFFIC, NO_TRAFFIC, Weight


_NOT_THERE = "entry not found"


class MapEntry:
    """One entry of a map."""

    def __init__(self, api: RuntimeApi, *, path: str, key: str) -> None:
        self._api = api
        self._path = path
        self._key = key

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        try:
            await self._api.do(f"set map {self._path} {self._key} {weight}")
        except ActuatorError as error:
            if _NOT_THERE not in str(error):
                raise
            await self._api.do(f"add map {self._path} {self._key} {weight}")

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`. Without an entry it is none, as in the configuration."""
        entries = parse_map(await self._api.ask(f"show map {self._path}"), self._path)
        values = {value for key, value in entries if key == self._key}
        if not values:
            return NO_TRAFFIC
        value = values.pop()
        if values or not value.isdecimal() or int(value) > ALL_TRAFFIC:
            msg = (
                f"entry {self._key} of map {self._path} is {value[:20]}"
                f"{' and something else' if values else ''}: it must be one figure of 0 to "
                f"{ALL_TRAFFIC}"
            )
            raise ActuatorError(msg)
        return Weight(int(value))
