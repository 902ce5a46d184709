"""Bodies of strangers' requests, read whole and within bounds: of each, and of all together."""

from __future__ import annotations

import asyncio

from aiohttp import web

from shadowmon.traffic.settings import SourceSettings


class TooLargeError(Exception):
    """The body is larger than what one request may bring."""


class TooMuchError(Exception):
    """The bodies of all requests are, together."""


class Bodies:
    """Reads the bodies of one listener's requests."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._held = 0
        """Bytes of the bodies that are being read now."""

    async def read(self, request: web.BaseRequest) -> bytes:
        """
        Read the whole body; chunked framing is taken off, content codings are not.

        Raises:
            TooLargeError: If it is too large.
            TooMuchError: If too much is being read at this time.
            TimeoutError: If it takes too long.
            ConnectionError: If the peer broke off.
            web.RequestPayloadError: If the framing is wrong.

        """
        if (request.content_length or 0) > self._settings.body_max_bytes:
            raise TooLargeError
        if request.headers.get("expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._settings.body_timeout_seconds):
                # Not iter_chunks(): it never ends on the second request without a body.
                while piece := await request.content.readany():
                    pieces.append(piece)
                    size += len(piece)
                    self._held += len(piece)
                    if size > self._settings.body_max_bytes:
                        raise TooLargeError
                    if self._held > self._settings.total_max_bytes:
                        raise TooMuchError
        finally:
            self._held -= size
        return b"".join(pieces)
