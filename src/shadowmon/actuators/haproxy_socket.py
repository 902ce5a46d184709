"""
HAProxy's runtime API (https://docs.haproxy.org/2.6/management.html, 9.3): one line of commands, one
answer, one connection.
"""

from __future__ import annotations

import asyncio
import contextlib

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadowmon.actuators.letting_go import answered
from shadowmon.errors import ActuatorError


_ANSWER_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """One server of a backend, as HAProxy has it now."""

    weight: int
    is_up: bool
    """False too while it is in maintenance, or drains."""


class RuntimeApi:
    """One HAProxy."""

    def __init__(self, address: str, *, seconds: float) -> None:
        """
        Args:
            address: `unix:/path` or `host:port`.
            seconds: How long an answer may take.

        """
        self._address = address
        self._seconds = seconds

    async def ask(self, line: str) -> str:
        """Return what is answered; an ActuatorError if nothing is."""
        return await command(self._address, line, seconds=self._seconds)

    async def do(self, *lines: str) -> None:
        """
        Do all of these, one after the other.

        Raises:
            ActuatorError: If HAProxy says anything: it is silent about what is done.

        """
        # HAProxy's threads do what was written, though we have gone: see letting_go.py.
        answer = await answered(self.ask("; ".join(lines)))
        if said := " ".join(answer.split()):
            msg = f"HAProxy at {self._address} refused: {said[:200]}"
            raise ActuatorError(msg)


async def command(address: str, line: str, *, seconds: float) -> str:
    """
    Send one line, and return all that is answered.

    Args:
        address: `unix:/path` or `host:port`.
        line: Commands with `;` between them; they are done in order, in one go.
        seconds: How long it may take.

    Raises:
        ActuatorError: If there is no answer.

    """
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await _connect(address)
            try:
                writer.write(line.encode() + b"\n")
                return await _read(reader, address)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        problem = f"no answer within {seconds:g} s"
    except OSError as error:
        problem = error.strerror or str(error)
    msg = f"HAProxy at {address}: {problem}"
    raise ActuatorError(msg)


async def _read(reader: asyncio.StreamReader, address: str) -> str:
    answer = b""
    while piece := await reader.read(65_536):
        answer += piece
        if len(answer) > _ANSWER_MAX_BYTES:
            msg = f"HAProxy at {address} answers without end"
            raise ActuatorError(msg)
    return answer.decode("utf-8", "replace")


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


def parse_states(answer: str, backend: str) -> Mapping[str, ServerState]:
    """
    Read what `show servers state <backend>` answers: a version, a line of names, and the servers.

    Raises:
        ActuatorError: If it is something else, such as why there is nothing to be shown.

    """
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) < 2 or lines[0].strip() != "1" or not lines[1].startswith("# "):  # noqa: PLR2004
        said = " ".join(answer.split())[:200]
        msg = f"HAProxy does not show the servers of backend {backend}: {said or 'it said nothing'}"
        raise ActuatorError(msg)
    names = lines[1].removeprefix("# ").split()
    states = {}
    for line in lines[2:]:
        row = dict(zip(names, line.split(), strict=False))
        states[row["srv_name"]] = ServerState(
            weight=int(row["srv_uweight"]),
            # 2 is SRV_ST_RUNNING; any administrative bit takes a server out of the balance.
            is_up=row["srv_op_state"] == "2" and row["srv_admin_state"] == "0",
        )
    return states


def parse_map(answer: str, path: str) -> Sequence[tuple[str, str]]:
    """
    Read what `show map <path>` answers: a line `<address> <key> <value>` for each entry.

    Raises:
        ActuatorError: If it is something else, such as why there is nothing to be shown.

    """
    entries = []
    for line in answer.splitlines():
        match line.split(maxsplit=2):
            case []:
                continue
            case [address, key, value] if address.startswith("0x"):
                entries.append((key, value))
            case _:
                said = " ".join(answer.split())[:200]
                msg = f"HAProxy does not show map {path}: {said}"
                raise ActuatorError(msg)
    return entries
