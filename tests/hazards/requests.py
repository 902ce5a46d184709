"""Hazards of a request's head: who the fields are for, and how the request is told apart."""

from __future__ import annotations

from tests.hazards.stage import (
    GET,
    Stage,
    hazard,
    lines,
    names,
    post,
    refuses,
    with_fields,
)
from tests.integration.proxy.rig import OK, answering


@hazard
async def fields_listed_in_connection_end_here(stage: Stage) -> None:
    """A field that a request's Connection names is for the proxy, and goes no further."""
    await stage.ask(with_fields(b"Connection: x-hop, close", b"X-Hop: 1", b"X-End: 2"))
    assert b"x-hop" not in names(stage.seen())


@hazard
async def hop_by_hop_fields_end_here(stage: Stage) -> None:
    """Fields of one connection (RFC 9110, section 7.6.1) are not passed on."""
    await stage.ask(with_fields(b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive"))
    assert not {b"keep-alive", b"proxy-connection"} & names(stage.seen())


@hazard
async def te_is_not_passed_on_alone(stage: Stage) -> None:
    """TE belongs to one connection: passed on, it would have to stand in Connection."""
    await stage.ask(with_fields(b"TE: gzip;q=0.5", b"Connection: TE"))
    assert b"gzip" not in stage.seen()


@hazard
async def a_length_beside_chunked(stage: Stage) -> None:
    """A request with both a length and chunks never reaches the model server with both."""
    both = with_fields(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nG")
    answer = await stage.reply(both)
    seen = stage.seen()
    assert {b"content-length", b"transfer-encoding"} - names(seen), seen
    assert answer is None or answer.status >= 400 or seen.endswith(b"\r\n0\r\n\r\n")


TRANSFER_CODINGS = [
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked;x=1",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked",
]


@hazard
async def codings_that_are_nearly_chunked(stage: Stage) -> None:
    """Nothing but exactly one `chunked` is taken for chunks, or passed on as if it were."""
    for coding in TRANSFER_CODINGS:
        await refuses(stage, with_fields(coding, body=b"0\r\n\r\n"))


@hazard
async def a_coding_behind_a_space(stage: Stage) -> None:
    """A space before the colon does not hide Transfer-Encoding from one of two readers."""
    await refuses(stage, with_fields(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"))


@hazard
async def chunked_in_http_1_0(stage: Stage) -> None:
    """HTTP/1.0 has no chunks: such a request is refused, for its end is anyone's guess."""
    await refuses(
        stage,
        b"POST /v1/x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )


LENGTHS = [
    b"Content-Length: +2",
    b"Content-Length: -2",
    b"Content-Length: 0x2",
    b"Content-Length: 2 2",
    b"Content-Length: 2,2,3",
    b"Content-Length: 2\r\nContent-Length: 3",
    b"Content-Length: 2_0",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length: \xb2",
    b"Content-Length: ",
]


@hazard
async def lengths_that_are_none(stage: Stage) -> None:
    """Only digits are a length, and only one length is."""
    for length in LENGTHS:
        await refuses(stage, with_fields(length, body=b"ab"))


@hazard
async def a_length_behind_a_space(stage: Stage) -> None:
    """A space before the colon does not hide Content-Length from one of two readers."""
    await refuses(stage, with_fields(b"Content-Length : 2", body=b"ab"))


@hazard
async def a_nul_in_a_value(stage: Stage) -> None:
    """A NUL ends a string in some languages: it is not passed on."""
    await refuses(stage, with_fields(b"X-A: a\x00b"))


@hazard
async def a_carriage_return_in_a_value(stage: Stage) -> None:
    """A lone CR ends a line for some readers: refused, or a space in its place (RFC 9112, 2.2)."""
    answer = await stage.reply(with_fields(b"X-A: a\rX-B: b"))
    assert answer is None or answer.status >= 400 or b"x-a: a X-B: b" in lines(stage.seen())


@hazard
async def a_line_without_a_colon(stage: Stage) -> None:
    """A line that is no field is not passed on."""
    await refuses(stage, with_fields(b"no field at all"))


@hazard
async def names_that_are_none(stage: Stage) -> None:
    """A field's name is a token: no empty one, no space, no bracket, no byte beyond ASCII."""
    for line in (b": a", b"X A: a", b"X(A): a", b"X\xe9: a", b"X\x7fA: a"):
        await refuses(stage, with_fields(line))


@hazard
async def a_space_before_the_first_field(stage: Stage) -> None:
    """A blank after the request line does not make a field part of it."""
    await refuses(stage, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n")


@hazard
async def bare_line_feeds(stage: Stage) -> None:
    """Lines that end without CR are refused, or passed on with it."""
    answer = await stage.reply(b"GET /v1/a HTTP/1.1\nHost: a\nX-A: 1\n\n")
    assert b"\n" not in stage.seen().replace(b"\r\n", b"")
    assert answer is None or answer.status in (200, 400)


@hazard
async def a_folded_line(stage: Stage) -> None:
    """A value over two lines is refused, or passed on as one line (RFC 9112, section 5.2)."""
    await stage.reply(with_fields(b"X-A: a\r\n b: c"))
    assert b"\r\n b" not in stage.seen()


@hazard
async def no_host(stage: Stage) -> None:
    """An HTTP/1.1 request without a Host is a 400 (RFC 9112, section 3.2)."""
    await refuses(stage, b"GET /v1/a HTTP/1.1\r\nX-A: 1\r\n\r\n")


@hazard
async def two_hosts(stage: Stage) -> None:
    """A request with two Hosts is a 400."""
    await refuses(stage, b"GET /v1/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")


@hazard
async def a_host_that_is_none(stage: Stage) -> None:
    """A Host with blanks, slashes or a user's name in it is a 400."""
    for host in (b"Host: a b", b"Host: a/b", b"Host: u@a"):
        await refuses(stage, with_fields(host=host))


@hazard
async def a_target_and_a_host_that_differ(stage: Stage) -> None:
    """Where the target names a host, no model server is told of another one."""
    answer = await stage.reply(b"GET http://a/v1/x HTTP/1.1\r\nHost: b\r\n\r\n")
    assert answer is None or answer.status >= 400 or b"host: b" not in lines(stage.seen())


@hazard
async def a_field_that_does_not_end(stage: Stage) -> None:
    """A field of 300 KB is refused before it is kept."""
    await refuses(stage, with_fields(b"X-A: " + b"a" * 300_000))


@hazard
async def fields_without_number(stage: Stage) -> None:
    """Twenty thousand fields are refused."""
    await refuses(stage, with_fields(*(b"X-%d: a" % number for number in range(20_000))))


@hazard
async def a_target_that_does_not_end(stage: Stage) -> None:
    """A target of 300 KB is refused."""
    await refuses(stage, b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")


@hazard
async def other_versions(stage: Stage) -> None:
    """What is not HTTP/1 is not passed on as if it were."""
    for line in (
        b"GET /",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.10",
        b"GET / http/1.1",
        b"GET / HTTP/1",
    ):
        await refuses(stage, line + b"\r\nHost: a\r\n\r\n")


@hazard
async def request_lines_that_are_none(stage: Stage) -> None:
    """A blank too many, a tab, a control character in the request line are refused."""
    for line in (b"GET  / HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET /\x01 HTTP/1.1", b"G(T / HTTP/1.1"):
        await refuses(stage, line + b"\r\nHost: a\r\n\r\n")


@hazard
async def a_tunnel_by_connect(stage: Stage) -> None:
    """CONNECT is for forward proxies."""
    await refuses(stage, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")


@hazard
async def a_wish_for_h2c(stage: Stage) -> None:
    """An upgrade to cleartext HTTP/2 would tunnel requests past the proxy unread."""
    await stage.ask(
        with_fields(
            b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"
        )
    )
    assert not {b"upgrade", b"http2-settings"} & names(stage.seen())


@hazard
async def empty_lines_before_a_request(stage: Stage) -> None:
    """An empty line before a request is passed over (RFC 9112, section 2.2)."""
    assert (await stage.ask(b"\r\n" + GET)).status == 200


@hazard
async def methods_of_any_name(stage: Stage) -> None:
    """A method that nobody has heard of is the model server's business."""
    for method in (b"QUERY", b"PURGE", b"M-SEARCH", b"X"):
        assert (await stage.ask(method + b" /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")).status == 200
        assert stage.seen().startswith(method + b" /v1/a ")


TARGETS = [
    b"/v1/a%2Fb",
    b"/v1//a",
    b"/v1/a/../b",
    b"/v1/./a",
    b"/v1/a;b=c",
    b"/v1/a?b=%20&c=/d/../e",
    b"/v1/%7Euser%2e",
    b"/v1/a?",
]


@hazard
async def targets_as_they_came(stage: Stage) -> None:
    """A path goes on byte for byte: nothing decoded, merged or made shorter."""
    for target in TARGETS:
        await stage.ask(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert stage.seen().startswith(b"GET " + target + b" HTTP/1.1\r\n"), target


@hazard
async def end_to_end_fields_as_they_came(stage: Stage) -> None:
    """Values keep their bytes, repeated fields their order, and no Accept or agent is made up."""
    sent = [b"x-a:  two  blanks", b"cookie: a=1", b"x-r: 1", b"x-r: 2", b"x-b: \xe9\xff", b"x-e:"]
    await stage.ask(with_fields(*sent))
    seen = stage.seen()
    got = [
        line.replace(b":", b": ", 1).rstrip()
        for line in (
            name + b":" + value.strip()
            for name, _, value in (each.partition(b":") for each in lines(seen))
        )
    ]
    wanted = [b"x-a: two  blanks", b"cookie: a=1", b"x-r: 1", b"x-r: 2", b"x-b: \xe9\xff", b"x-e:"]
    assert [line for line in got if line in wanted] == wanted
    assert not {b"accept", b"user-agent", b"accept-encoding", b"content-type"} & names(seen)


@hazard
async def a_body_that_looks_like_a_request(stage: Stage) -> None:
    """What stands in a body is never taken for the next request."""
    stage.plays(answering(OK))
    user = await stage.user()
    await user.ask(post(b"GET /stolen HTTP/1.1\r\nHost: a\r\n\r\n"))
    await user.ask(GET)
    assert [head.split(b" ")[1] for head, _ in stage.model.requests] == [
        b"/v1/chat/completions",
        b"/v1/models",
    ]


@hazard
async def requests_sent_ahead(stage: Stage) -> None:
    """Requests that are sent without waiting are answered in their order."""
    answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number for number in range(5)]

    async def echo(visit) -> None:
        while True:
            head, _ = await visit.request()
            await visit.say(answers[int(head.split(b" ")[1][-1:])])

    stage.plays(echo)
    user = await stage.user()
    await user.say(b"".join(GET.replace(b"models", b"%d" % each) for each in range(5)))
    assert [(await user.answer()).body for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


@hazard
async def one_byte_at_a_time(stage: Stage) -> None:
    """A request that comes in single bytes is the same request."""
    user = await stage.user()
    for byte in post(b"hello"):
        await user.say(bytes([byte]))
    assert (await user.answer()).status == 200
    assert stage.model.requests[0][1] == b"hello"
