"""The plain aiohttp proxy that shadowmon's own is held against: server, client, streams between."""

from __future__ import annotations

import sys

import aiohttp

from aiohttp import web


HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def application(upstream: int) -> web.Application:
    """Make a proxy to one model server."""
    app = web.Application(client_max_size=100_000_000)
    session = web.AppKey("session", aiohttp.ClientSession)

    async def open_session(app: web.Application) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        app[session] = aiohttp.ClientSession(connector=connector, auto_decompress=False)

    async def close_session(app: web.Application) -> None:
        await app[session].close()

    async def pass_on(request: web.Request) -> web.StreamResponse:
        headers = [(n, v) for n, v in request.headers.items() if n.lower() not in HOP_BY_HOP]
        async with request.app[session].request(
            request.method,
            f"http://127.0.0.1:{upstream}{request.raw_path}",
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    app.on_startup.append(open_session)
    app.on_cleanup.append(close_session)
    app.router.add_route("*", "/{path:.*}", pass_on)
    return app


if __name__ == "__main__":
    web.run_app(
        application(int(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
    )
