"""What is told briefly is told alike: by either form a scoring worker sees the same exchange."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.ipc import brief, handover
from shadowmon.ipc.handover import ExchangeHead, Packet, Parcel, ServedHead
from shadowmon.records import Ending


NAMES = st.text("abcäß-", min_size=1, max_size=12)
IDS = st.binary(min_size=1, max_size=128)
BODIES = st.binary(max_size=300)
FIELDS = st.lists(
    st.sampled_from([b"Host: a", b"X-User: u\xff", b"Content-Length: 3", b"A:b"]), min_size=1
).map(b"\r\n".join)
ENDS = st.sampled_from([b"", b"connection: upgrade\r\n", b"transfer-encoding: chunked\r\n"])
SECONDS = st.floats(0, 1e6)


@given(
    names=st.tuples(NAMES, NAMES, NAMES),
    name=IDS,
    line=st.sampled_from([(b"POST", b"/v1?a=b"), (b"get", b"http://a/"), (b"OPTIONS", b"*")]),
    fields=FIELDS,
    ends=ENDS,
    bodies=st.tuples(BODIES, BODIES),
    answer=st.tuples(st.integers(200, 599), FIELDS | st.just(b"")),
    times=st.tuples(SECONDS, SECONDS, SECONDS),
    before=st.integers(0, 2),
)
def test_a_brief_telling_says_the_same(
    *, names, name, line, fields, ends, bodies, answer, times, before
):
    """Between others, whatever the names, fields and bodies are, it reads as the long one does."""
    source, route, model = names
    method, target = line
    begin = b"%b %b HTTP/1.1\r\n" % line
    head = begin + fields + b"\r\n" + ends + b"\r\n"
    status, answer_fields = answer
    pieces = (
        brief.FACTS.pack(
            brief.MARK,
            len(name),
            len(head) + len(bodies[0]),
            len(bodies[0]),
            len(bodies[1]),
            *times,
        ),
        brief.arm(source, route, model),
        name,
        brief.fields_range(len(begin), 2 + len(ends) + 2),
        head + bodies[0],
        brief.answer(status, answer_fields),
        bodies[1],
    )
    received_at, first_byte_seconds, duration_seconds = times
    at_length = Parcel(
        ExchangeHead(
            id=name.decode("utf-8", "replace"),
            route=route,
            source=source,
            method=method,
            target=target,
            headers=fields,
            received_at=received_at,
            served=ServedHead(
                model=model,
                ending=Ending.COMPLETE,
                status=status,
                headers=answer_fields,
                duration_seconds=duration_seconds,
                first_byte_seconds=first_byte_seconds,
                body_bytes=len(bodies[1]),
            ),
            failed_first=None,
            body_bytes=len(bodies[0]),
        ),
        [bodies[0]],
        [bodies[1]],
    )
    packet = Packet()
    for _ in range(before):
        packet.add(at_length)
    packet.add_brief(pieces, sum(map(len, pieces)))
    packet.add(at_length)

    with contextlib.ExitStack() as stack:
        write, read = (stack.enter_context(end) for end in handover.socket_pair())
        assert packet.send(write) == before + 2
        received = handover.receive(read)

    assert len(received) == before + 2
    assert all(exchange == received[-1] for exchange in received)
