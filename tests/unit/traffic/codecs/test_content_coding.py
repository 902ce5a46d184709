"""Content codings of bodies."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs.content_coding import plain


def coded(*codings: str) -> Headers:
    return tuple(("content-encoding", coding) for coding in codings)


def raw_deflate(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(body) + deflater.flush()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), b"hello"),
        (coded("identity"), b"hello"),
        (coded("gzip"), gzip.compress(b"hello", mtime=0)),
        (coded("X-GZIP"), gzip.compress(b"hello", mtime=0)),
        (coded("gzip"), gzip.compress(b"he", mtime=0) + gzip.compress(b"llo", mtime=0)),
        (coded("deflate"), zlib.compress(b"hello")),
        (coded("deflate"), raw_deflate(b"hello")),
        (coded("deflate, gzip"), gzip.compress(zlib.compress(b"hello"), mtime=0)),
        (coded("deflate", "gzip"), gzip.compress(zlib.compress(b"hello"), mtime=0)),
    ],
)
def test_codings_come_off(headers: Headers, body: bytes) -> None:
    """gzip and deflate come off, in any of their forms, the last one first."""
    assert plain(headers, body) == b"hello"


def test_empty_body_needs_no_coding() -> None:
    """An empty body is empty, whatever coding it claims."""
    assert plain(coded("gzip"), b"") == b""


@pytest.mark.parametrize(
    ("headers", "body", "problem"),
    [
        (coded("br"), b"x", "coding that is not read; gzip and deflate are"),
        (coded("gzip"), b"no gzip", "not of the content coding that it claims"),
        (coded("gzip"), gzip.compress(b"hello", mtime=0)[:-4], "ends in the middle"),
        (coded("gzip", "gzip", "gzip"), b"x", "3 content codings; at most 2"),
    ],
)
def test_refuses(headers: Headers, body: bytes, problem: str) -> None:
    """What cannot be taken off is refused, in words."""
    with pytest.raises(CodecError, match=problem):
        plain(headers, body)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bomb_costs_no_more_than_the_cap(coding: str) -> None:
    """A bomb is refused before more than the cap has come out of it."""
    whole = b"\0" * 50_000_000
    bomb = gzip.compress(whole, mtime=0) if coding == "gzip" else zlib.compress(whole)
    del whole
    tracemalloc.start()

    with pytest.raises(CodecError, match="larger than 1000000 bytes once decoded"):
        plain(coded(coding), bomb, decoded_max=1_000_000)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_cap_holds_over_all_members() -> None:
    """Many small gzip members are capped together."""
    with pytest.raises(CodecError, match="larger than 10 bytes"):
        plain(coded("gzip"), gzip.compress(b"123456", mtime=0) * 2, decoded_max=10)


def test_many_members_are_not_copied_again_and_again() -> None:
    """A body of tiny gzip members takes time in proportion to its length, not to its square."""
    body = gzip.compress(b"", mtime=0) * 5_000
    tracemalloc.start()

    assert plain(coded("gzip"), body) == b""

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(body) / 2  # the old way held the rest of the body after each member


def test_a_member_may_end_anywhere() -> None:
    """Where a member ends within what is inflated at one time changes nothing."""
    members = [gzip.compress(bytes([n]) * n * 37, mtime=0, compresslevel=0) for n in range(120)]

    whole = b"".join(bytes([n]) * n * 37 for n in range(120))

    assert plain(coded("gzip"), b"".join(members)) == whole
