"""
`python -m benchmarks.ext_proc_observer PORT [bare]`: takes what Envoy tells, as the daemon does.

`bare` reads every message and looks at none of it: what gRPC costs by itself.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from collections.abc import AsyncIterator, Mapping

from shadowmon.clock import SystemClock
from shadowmon.ipc import handover
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.ext_proc import End, ExtProc, Fate
from shadowmon.traffic.ext_proc_server import make_server
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import ExtProcSettings, RouteSettings


_PACKET_BYTES = 1 << 20
_RESPONSE_BODY_TAG = 5 << 3 | 2
_END_OF_BODY = b"\x10\x01"


async def observe(port: int, *, bare: bool) -> None:
    """Hand every exchange over until SIGTERM; at the other end it is read and thrown away."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings = ExtProcSettings(listen=f"127.0.0.1:{port}")
    write, read = handover.socket_pair()

    def hand_over(parcel: handover.Parcel) -> bool:
        return bool(handover.send(write, [parcel])) and bool(read.recv(_PACKET_BYTES))

    with write, read, socket.socket() as place:
        observer = ExtProc(
            settings,
            routes={"chat": RouteSettings(path_prefix="/", baseline="base")},
            models={RouteName("chat"): frozenset({ModelName("base")})},
            sampling=Sampling("sampling"),
            hand_over=hand_over,
            count=_count,
            clock=SystemClock(),
        )
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        place.bind(("127.0.0.1", port))
        server = make_server(settings, place, _drain if bare else observer.observe)
        await server.start()
        await stopping.wait()
        await server.stop(None)


async def _drain(messages: AsyncIterator[bytes], metadata: Mapping[str, str]) -> None:
    """Read until the answer's end, and leave."""
    del metadata
    async for message in messages:
        # The two last bytes of the body's own message: end_of_stream. Ours has no more after it.
        if message[0] == _RESPONSE_BODY_TAG and _END_OF_BODY in message[-8:]:
            return


def _count(end: End, fate: Fate) -> None:
    del end, fate


if __name__ == "__main__":
    asyncio.run(observe(int(sys.argv[1]), bare=sys.argv[2:] == ["bare"]))
