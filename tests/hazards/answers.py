"""Hazards of an answer: where it ends, whom it belongs to, and what is no answer at all."""

from __future__ import annotations

import asyncio

from tests.hazards.stage import GET, Stage, hazard, lines, names, post
from tests.integration.proxy.rig import OK, Answer, Visit, answering


def saying(*pieces: bytes, then_close: bool = True):
    """Answer each request with these pieces."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            for piece in pieces:
                await visit.say(piece)
                await asyncio.sleep(0.005)
            if then_close:
                return

    return script


async def failed(stage: Stage, *pieces: bytes) -> Answer | None:
    """Have the model server say this; return what a user takes for an answer of it, if anything."""
    stage.plays(saying(*pieces))
    answer = await stage.reply(GET)
    return None if answer is None or answer.status >= 500 else answer


@hazard
async def fields_of_one_connection_in_an_answer(stage: Stage) -> None:
    """A field that an answer's Connection names, and Keep-Alive, are not passed on."""
    stage.plays(
        answering(
            b"HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
            b"Proxy-Connection: close\r\nContent-Length: 0\r\n\r\n"
        )
    )
    answer = await stage.ask(GET)
    assert not {b"x-hop", b"proxy-connection"} & names(answer.head)
    assert b"keep-alive: timeout=5" not in lines(answer.head)


@hazard
async def cookies_and_odd_bytes_of_an_answer(stage: Stage) -> None:
    """Repeated Set-Cookie stay apart and in order, and bytes beyond ASCII stay what they are."""
    stage.plays(
        answering(
            b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-b: \xe9\xff\r\n"
            b"content-length: 0\r\n\r\n"
        )
    )
    got = lines((await stage.ask(GET)).head)
    assert [line for line in got if line.startswith((b"set-cookie", b"x-b"))] == [
        b"set-cookie: a=1",
        b"set-cookie: b=2",
        b"x-b: \xe9\xff",
    ]


@hazard
async def compressed_answers(stage: Stage) -> None:
    """A compressed body stays compressed, though it is none."""
    body = b"\x1f\x8bnot really"
    stage.plays(
        answering(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
    )
    answer = await stage.ask(GET)
    assert answer.body == body
    assert b"content-encoding: gzip" in lines(answer.head)


@hazard
async def early_hints(stage: Stage) -> None:
    """A 103 is passed on or swallowed, and the answer comes."""
    stage.plays(saying(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", OK))
    user = await stage.user()
    answer = await user.ask(GET)
    if answer.status == 103:
        answer = await user.answer()
    assert (answer.status, answer.body) == (200, b"ok")


@hazard
async def a_continue_that_nobody_asked_for(stage: Stage) -> None:
    """A 100 of the model server's is not taken for the answer."""
    stage.plays(saying(b"HTTP/1.1 100 Continue\r\n\r\n", OK))
    user = await stage.user()
    answer = await user.ask(post(b"a"))
    if answer.status == 100:
        answer = await user.answer()
    assert (answer.status, answer.body) == (200, b"ok")


@hazard
async def answers_to_head(stage: Stage) -> None:
    """An answer to HEAD has no body whatever its length says, and the connection goes on."""
    stage.plays(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", OK))
    user = await stage.user()
    head = await user.ask(GET.replace(b"GET", b"HEAD"), to_head=True)
    assert b"content-length: 5" in lines(head.head)
    assert (await user.ask(GET)).body == b"ok"


@hazard
async def answers_without_a_body(stage: Stage) -> None:
    """204 and 304 have no body, and the connection goes on."""
    for status in (b"204 No Content", b"304 Not Modified\r\netag: x"):
        stage.plays(answering(b"HTTP/1.1 " + status + b"\r\n\r\n", OK))
        user = await stage.user()
        assert (await user.ask(GET)).status in (204, 304)
        assert (await user.ask(GET)).body == b"ok"
        stage.model.visits[-1].writer.transport.abort()
        await asyncio.sleep(0.02)


@hazard
async def a_body_where_none_may_be(stage: Stage) -> None:
    """What follows a 204 is no body and no answer to the next request."""
    stage.plays(saying(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nx-stolen: 1\r\n\r\n"))
    user = await stage.user()
    assert (await user.ask(GET)).status == 204
    stage.plays(answering(OK))
    try:
        answer = await user.ask(GET)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    assert b"x-stolen" not in names(answer.head)


async def _cut(stage: Stage, *pieces: bytes) -> None:
    """See that a user notices that an answer was cut short."""
    stage.plays(saying(*pieces))
    user = await stage.user()
    try:
        answer = await user.ask(GET)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    assert answer.status >= 500, "a clean end"


@hazard
async def an_answer_shorter_than_its_length(stage: Stage) -> None:
    """An answer that ends before its length is cut, never made to look whole."""
    await _cut(stage, b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", b"short")


@hazard
async def chunks_without_a_last_one(stage: Stage) -> None:
    """A stream that ends without its last chunk is cut, never made to look whole."""
    await _cut(stage, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\nab\r\n")


@hazard
async def a_chunk_cut_in_two(stage: Stage) -> None:
    """A stream that ends within a chunk is cut."""
    await _cut(stage, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"5\r\nab")


@hazard
async def malformed_chunks_in_an_answer(stage: Stage) -> None:
    """An answer whose chunks are malformed is cut, never ended cleanly."""
    for chunks in (b"zz\r\nab\r\n0\r\n\r\n", b"2\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n"):
        await _cut(stage, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunks)


@hazard
async def a_head_cut_short(stage: Stage) -> None:
    """An answer that ends within its head is a 502."""
    assert await failed(stage, b"HTTP/1.1 200 OK\r\ncontent-le") is None


@hazard
async def two_lengths_in_an_answer(stage: Stage) -> None:
    """An answer with two different lengths is not passed on."""
    two = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\nabcde"
    assert await failed(stage, two) is None


@hazard
async def a_length_beside_chunks_in_an_answer(stage: Stage) -> None:
    """An answer with both a length and chunks never reaches a user with both."""
    both = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    answer = await failed(stage, both)
    assert answer is None or {b"content-length", b"transfer-encoding"} - names(answer.head)


@hazard
async def codings_of_an_answer_that_are_none(stage: Stage) -> None:
    """An answer in a coding that is nearly chunked is not passed on as if it were chunked."""
    for coding in (b"chunked, chunked", b"xchunked"):
        answer = await failed(
            stage, b"HTTP/1.1 200 OK\r\ntransfer-encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
        )
        assert answer is None, coding


@hazard
async def no_http_at_all(stage: Stage) -> None:
    """What does not begin as an answer is a 502."""
    for garbage in (
        b"hello\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"\x00" * 99,
    ):
        assert await failed(stage, garbage) is None, garbage


@hazard
async def fields_of_an_answer_that_are_none(stage: Stage) -> None:
    """A NUL, a line without a colon or a blank before one in an answer's head are a 502."""
    for line in (b"x-a: a\x00b", b"no field", b"content-length : 2"):
        answer = await failed(
            stage, b"HTTP/1.1 200 OK\r\n" + line + b"\r\ncontent-length: 2\r\n\r\nok"
        )
        assert answer is None, line


@hazard
async def a_head_of_an_answer_that_does_not_end(stage: Stage) -> None:
    """An answer's head of 1 MB is a 502, not kept."""
    assert await failed(stage, b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 2**20 + b"\r\n\r\n") is None


@hazard
async def two_answers_to_one_request(stage: Stage) -> None:
    """What comes behind an answer is nobody's: the next user gets its own."""
    extra = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen"
    stage.plays(saying(OK + extra, then_close=False))
    first, second = await stage.user(), await stage.user()
    assert (await first.ask(GET)).body == b"ok"
    stage.plays(answering(OK))
    assert (await second.ask(GET)).body == b"ok"
    assert (await first.ask(GET)).body == b"ok"


@hazard
async def an_answer_that_nobody_asked_for(stage: Stage) -> None:
    """What comes on an idle connection is thrown away with it."""
    stage.plays(answering(OK))
    await stage.ask(GET)
    await stage.model.visits[-1].say(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen")
    await asyncio.sleep(0.02)
    assert (await stage.ask(GET)).body == b"ok"


@hazard
async def an_answer_that_ends_with_its_connection(stage: Stage) -> None:
    """An answer without a length arrives whole, and its end is its connection's."""
    stage.plays(saying(b"HTTP/1.1 200 OK\r\n\r\n", b"all ", b"of it"))
    assert (await stage.ask(GET)).body == b"all of it"


@hazard
async def an_answer_to_an_old_client(stage: Stage) -> None:
    """A user of HTTP/1.0 gets no chunks."""
    stage.plays(
        answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    )
    user = await stage.user()
    await user.say(b"GET /v1/models HTTP/1.0\r\nHost: a\r\n\r\n")
    head, _, body = (await user.rest()).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in names(head + b"\r\n\r\n")
    assert body == b"ok" or head[9:10] == b"4", "neither an answer nor a refusal"


@hazard
async def a_switch_that_nobody_asked_for(stage: Stage) -> None:
    """A 101 to a plain request opens no tunnel."""
    stage.plays(
        saying(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", b"x")
    )
    answer = await stage.reply(GET)
    assert answer is None or answer.status >= 500


@hazard
async def trailers_of_an_answer(stage: Stage) -> None:
    """A stream with trailers ends, and the connection goes on."""
    stage.plays(
        answering(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n"
            b"2\r\nok\r\n0\r\nx-t: 1\r\n\r\n",
            OK,
        )
    )
    user = await stage.user()
    assert (await user.ask(GET)).body == b"ok"
    assert (await user.ask(GET)).body == b"ok"
