"""The daemon, asked over HTTP as any stranger would ask it."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec

from shadowmon.demo.journal import Line


PAGE = 200
"""Journal entries in one answer."""


class DaemonApi:
    """The part of /api/v1 that the story reads. It changes nothing."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._url = f"http://{address}"
        self._read = 0

    async def is_ready(self) -> bool:
        """Say whether the daemon answers and wants traffic."""
        try:
            async with self._session.get(f"{self._url}/-/ready") as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def status(self) -> dict[str, Any]:
        """Return /api/v1/status."""
        return await self._get("/api/v1/status")

    async def trials(self) -> dict[str, Any]:
        """Return /api/v1/trials."""
        return await self._get("/api/v1/trials")

    async def new_lines(self) -> list[Line]:
        """Return what was journalled since the last call, oldest first."""
        new: list[Line] = []
        page = await self._get(f"/api/v1/journal?limit={PAGE}")
        while True:
            lines = [msgspec.convert(entry, Line) for entry in page["entries"]]
            new += [line for line in lines if line.number > self._read]
            before = page["next_before"]
            if before is None or before <= self._read + 1:
                break
            page = await self._get(f"/api/v1/journal?limit={PAGE}&before={before}")
        self._read = max((line.number for line in new), default=self._read)
        return new[::-1]

    async def _get(self, path: str) -> dict[str, Any]:
        async with self._session.get(self._url + path) as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=dict[str, Any])
