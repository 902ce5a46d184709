"""
One model, served over HTTP: the Open Inference Protocol, version 2.

    python -m shadowmon.demo.model_server --weights int8.npz --name digits --version int8 --port N

It can be told to load other weights while it runs (the model repository extension). Name and
version stay what they were: that is the accident which the demo's last act is about, a server that
says it is one model and is another.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from aiohttp import web

from shadowmon.demo import tensors
from shadowmon.demo.digits import CLASSES, PIXELS
from shadowmon.demo.network import Network
from shadowmon.demo.quantise import load_weights
from shadowmon.demo.stopping import stop_when_told


BODY_MAX_BYTES = 1024 * 1024
CLOSE_SECONDS = 1.0
"""How long requests under way may still take once the server is told to stop."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Served:
    """What this process serves; `weights_file` and `network` are replaced together."""

    name: str
    version: str
    weights_file: Path
    network: Network
    answered: int = 0
    refused: int = 0


def serve_weights(*, name: str, version: str, weights_file: Path) -> Served:
    """
    Read the weights and return what is to be served.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no weights file.

    """
    network = load_weights(weights_file).network()
    return Served(name=name, version=version, weights_file=weights_file, network=network)


SERVED: web.AppKey[Served] = web.AppKey("served", Served)


def application(served: Served) -> web.Application:
    """Return the server's routes."""
    app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[_errors_as_json])
    app[SERVED] = served
    app.add_routes([web.get("/v2", _server), web.get("/v2/health/{what:live|ready}", _healthy)])
    for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        app.add_routes(
            [
                web.get(model, _model),
                web.get(model + "/ready", _model_ready),
                web.get(model + "/stats", _statistics),
                web.post(model + "/infer", _infer),
            ]
        )
    app.add_routes([web.post("/v2/repository/models/{name}/load", _load)])
    return app


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is {"error": sentence}, as the protocol wants it."""
    try:
        return await handler(request)
    except web.HTTPError as error:
        request.app[SERVED].refused += 1
        return _json({"error": error.text or error.reason}, status=error.status)


def _json(content: Any, *, status: int = 200) -> web.Response:  # noqa: ANN401 - anything JSON can say
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json"
    )


def _named(request: web.Request) -> Served:
    """Return what is served, if it is what the request's path names."""
    served = request.app[SERVED]
    name, version = request.match_info["name"], request.match_info.get("version", served.version)
    if (name, version) != (served.name, served.version):
        raise web.HTTPNotFound(
            text=f"no model {name} in version {version}; there is {served.name} in {served.version}"
        )
    return served


async def _server(_: web.Request) -> web.Response:
    extensions = ["model_repository", "statistics"]
    return _json({"name": "shadowmon-demo", "version": "2", "extensions": extensions})


async def _healthy(request: web.Request) -> web.Response:
    return _json({request.match_info["what"]: True})


async def _model(request: web.Request) -> web.Response:
    served = _named(request)
    return _json(
        {
            "name": served.name,
            "versions": [served.version],
            "platform": "numpy",
            "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, PIXELS]}],
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [-1]},
                {"name": "probabilities", "datatype": "FP32", "shape": [-1, CLASSES]},
            ],
        }
    )


async def _model_ready(request: web.Request) -> web.Response:
    served = _named(request)
    return _json({"name": served.name, "ready": True})


async def _statistics(request: web.Request) -> web.Response:
    """Say how many requests were answered and refused, and from which file the weights are."""
    served = _named(request)
    return _json(
        {
            "name": served.name,
            "version": served.version,
            "weights": served.weights_file.name,
            "inference_count": served.answered,
            "refused_count": served.refused,
        }
    )


async def _infer(request: web.Request) -> web.Response:
    served = _named(request)
    try:
        images, request_id = tensors.read_request(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    body = tensors.write_answer(
        served.network.probabilities(images),
        name=served.name,
        version=served.version,
        request_id=request_id,
    )
    served.answered += len(images)
    return web.Response(body=body, content_type="application/json")


async def _load(request: web.Request) -> web.Response:
    """Swap the weights: {"parameters": {"weights": "int2.npz"}}, a file beside the present one."""
    served = _named(request)
    file_name = _weights_named_in(await request.read())
    path = served.weights_file.with_name(file_name)
    try:
        network = load_weights(path).network()
    except OSError as error:
        raise web.HTTPNotFound(text=f"{file_name}: {error.strerror}") from error
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    served.network, served.weights_file = network, path
    return _json({"name": served.name, "version": served.version, "weights": file_name})


def _weights_named_in(body: bytes) -> str:
    """Return the file's bare name: a client may not lead the server out of its own folder."""
    try:
        name = msgspec.json.decode(body, type=dict[str, dict[str, str]])["parameters"]["weights"]
    except (msgspec.DecodeError, KeyError) as error:
        msg = 'name the weights: {"parameters": {"weights": "int2.npz"}}'
        raise web.HTTPBadRequest(text=msg) from error
    if Path(name).name != name or name == "..":
        raise web.HTTPBadRequest(
            text=f"{name}: give the bare name of a file beside the present one"
        )
    return name


async def run(served: Served, listening: socket.socket, *, until: asyncio.Event) -> None:
    """Serve on a listening socket until the event is set, then close in bounded time."""
    runner = web.AppRunner(application(served), access_log=None, shutdown_timeout=CLOSE_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await until.wait()
    finally:
        await runner.cleanup()


async def _main(served: Served, listening: socket.socket) -> None:
    until = asyncio.Event()
    stop_when_told(until)
    await run(served, listening, until=until)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m shadowmon.demo.model_server", description=__doc__
    )
    parser.add_argument("--weights", type=Path, required=True, help="an .npz file of the demo")
    parser.add_argument("--name", required=True, help="the model's name")
    parser.add_argument("--version", required=True, help="the version it says it is")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="listen on 127.0.0.1 at this port")
    where.add_argument("--fd", type=int, help="a listening socket that was inherited")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Serve until told to stop. Returns the exit code."""
    arguments = _arguments(sys.argv[1:] if given is None else given)
    try:
        served = serve_weights(
            name=arguments.name, version=arguments.version, weights_file=arguments.weights
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program of its own, told to people
        return 2
    if arguments.fd is not None:
        listening = socket.socket(fileno=arguments.fd)
    else:
        listening = socket.create_server(("127.0.0.1", arguments.port))
    with listening:
        asyncio.run(_main(served, listening))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
