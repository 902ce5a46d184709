"""Whatever traffic GoReplay writes down, and however its file comes, all of it is read."""

from __future__ import annotations

import itertools

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.traffic.recordings.goreplay import Framing, GoReplay
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable
from tests.traffic_files import SEPARATOR, gor


messages = st.one_of(
    st.binary(max_size=60),
    # Pieces of which a separator could come together, and never does.
    st.lists(
        st.sampled_from([b"\n", SEPARATOR[:6], SEPARATOR[5:], b"1 a 1 2\n", b"x"]), max_size=8
    ).map(b"".join),
).filter(lambda message: SEPARATOR not in b"\n" + message + SEPARATOR[:-1])
records = st.lists(
    st.tuples(st.sampled_from([1, 2, 3]), st.text("0123456789abcdef", min_size=1), messages),
    max_size=6,
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut at these places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(records, st.lists(st.integers(0, 5000), max_size=20), st.booleans())
def test_what_was_written_is_read(written, places, ends):
    """Records come back byte for byte; the last one also without its separator."""
    data = b"".join(gor(kind, name, message) for kind, name, message in written)
    if not ends and written and written[-1][2][-1:] not in {b"\n", b"", b"\xf0"}:
        data = data.removesuffix(SEPARATOR)

    found = list(GoReplay().parts(cut(data, places), name="x"))

    kinds = {Kind.REQUEST: 1, Kind.BASELINE: 2, Kind.OPTIMIZED: 3}
    assert [
        (
            kinds[part.kinds[0]],
            part.key,
            data[part.offset : part.offset + part.length].partition(b"\n")[2],
        )
        for part in found
        if isinstance(part, Part)
    ] == written


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_at_all(data, places):
    """Bytes that are no recording are refused, and never raise anything else."""
    framing = Framing()
    framed = [each for piece in cut(data, places) for each in framing.feed(piece)]
    assert sum(each.length for each in [*framed, *framing.close()]) <= len(data)
    for part in GoReplay().parts([data], name="x"):
        if not isinstance(part, Unusable):
            piece = data[part.offset : part.offset + part.length]
            with suppress(RecordingError):
                GoReplay().read({Kind.REQUEST: piece})
