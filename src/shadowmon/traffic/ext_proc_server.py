"""
The gRPC server that Envoy's external processing filter calls. Needs the extra `ext_proc`.

grpcio carries the bytes; what they say is read by hand (`ext_proc_wire`). It opens its own
listening socket, by SO_REUSEPORT beside one that only holds the place.
"""

from __future__ import annotations

import socket

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import Any, Protocol

from shadowmon.errors import Complaint, ConfigError
from shadowmon.traffic.settings import ExtProcSettings


SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
METHOD = "Process"

KEY = "traffic.ext_proc.listen"

_PIECE_MAX_BYTES = 2 * 1024 * 1024
"""Envoy tells in one message what it had read, up to 1 MiB (`per_connection_buffer_limit_bytes`).
gRPC breaks a stream with a larger message off, which counts as aborted."""
_KEEPALIVE_SECONDS = 30
_KEEPALIVE_PATIENCE_SECONDS = 10


class Server(Protocol):
    """What is used of `grpc.aio.Server`."""

    async def start(self) -> None:
        """Begin to serve."""

    async def stop(self, grace: float | None) -> None:
        """End; streams that are still open after so many seconds are cut."""


def missing_extra() -> Complaint | None:
    """Say what to install, if gRPC is not there."""
    if find_spec("grpc") is not None:
        return None
    return Complaint(
        key=KEY,
        problem="needs gRPC, and grpcio is not installed",
        hint="install the extra: pip install 'shadowmon[ext-proc]'",
    )


def make_server(
    settings: ExtProcSettings,
    place: socket.socket,
    observe: Callable[[AsyncIterator[bytes], Mapping[str, str]], Awaitable[None]],
) -> Server:
    """
    Return a server that listens already; it belongs to the event loop that runs now.

    Args:
        settings: Limits.
        place: Bound where to listen, with SO_REUSEPORT, and not listening itself.
        observe: Follows one stream; see `ExtProc.observe`.

    Raises:
        ConfigError: If the extra is not installed, or the address cannot be had.

    """
    complaint = missing_extra()
    if complaint is not None:
        raise ConfigError(complaint)
    # Loaded by those who want it and by nobody else.
    import grpc  # noqa: PLC0415

    async def process(messages: AsyncIterator[bytes], call: Any) -> None:  # noqa: ANN401 - grpcio has no types
        metadata = {key: _text(value) for key, value in call.invocation_metadata() or ()}
        await observe(messages, metadata)

    handler = grpc.method_handlers_generic_handler(
        SERVICE, {METHOD: grpc.stream_stream_rpc_method_handler(process)}
    )
    server = grpc.aio.server(
        handlers=[handler],
        options=[
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", _message_max_bytes(settings)),
            # An Envoy that is gone without a word leaves its streams open; this ends them.
            ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
            ("grpc.keepalive_timeout_ms", _KEEPALIVE_PATIENCE_SECONDS * 1000),
        ],
    )
    address = _address(place)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        complaint = Complaint(key=KEY, problem=f"cannot listen on {address}")
        raise ConfigError(complaint) from error
    opened: Server = server
    return opened


def _message_max_bytes(settings: ExtProcSettings) -> int:
    return min(settings.exchange_max_bytes + _PIECE_MAX_BYTES, (1 << 31) - 1)


def _address(place: socket.socket) -> str:
    host, port = place.getsockname()[:2]
    return f"[{host}]:{port}" if place.family is socket.AF_INET6 else f"{host}:{port}"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else ""
