"""A field line that passes by our own grammar is what llhttp would have made of it."""

from __future__ import annotations

import httptools

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.proxy.fields import FieldReader, HeadError


NAMES = st.sampled_from(
    [b"X", b"host", b"Cookie", b"x-request-id", b"Content-Type", b"TE", b"Expect", b"a!b"]
)
BYTES = st.lists(st.sampled_from(list(b'ab1,; \t"=:\x00\x7f\x80\xff\r\n{}%')), max_size=12)


def a_reader() -> FieldReader:
    """Return one that remembers nothing yet."""
    return FieldReader(
        httptools.HttpRequestParser,
        b"POST / HTTP/1.1\r\n",
        read={b"host", b"x-request-id"},
        hop_by_hop={b"te", b"expect"},
    )


def said(judge, line):
    """Return what is said of a line: the line as read, or that it is none."""
    try:
        return judge(line)
    except HeadError:
        return None


@given(name=NAMES, between=st.sampled_from([b":", b": ", b":  ", b":\t", b" :"]), value=BYTES)
def test_both_judge_alike(name, between, value):
    """Whatever the bytes, the quick way never says anything else than llhttp."""
    line = name + between + bytes(value)
    if b"\r\n" in line:  # then it is two lines, and no reader is shown it
        return
    reader = a_reader()

    quick, thorough = said(reader._judged, line), said(reader._judged_by_llhttp, line)

    assert quick == thorough
