"""What must hold of server-sent events, however they are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.traffic.codecs.sse import Event, EventReader, read_events


words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1, max_size=12
)
datas = st.lists(words | st.just(""), min_size=1, max_size=4).map("\n".join)
ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
noise = st.lists(
    st.one_of(
        words.map(lambda text: f":{text}"),
        words.map(lambda text: f"unknown{len(text)}: {text}"),
        st.just("retry: 5"),
        st.just(":"),
    ),
    max_size=2,
)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Draw events; an id stays until another one is given, so all of them have one."""
    return draw(st.lists(st.builds(Event, name=words, data=datas, last_id=words), max_size=5))


@st.composite
def written(draw: st.DrawFn, found: list[Event]) -> bytes:
    """Write events as any server may: any ends of line, comments anywhere, any order of fields."""
    lines: list[str] = []
    for event in found:
        fields = [("event", event.name), ("id", event.last_id)]
        given_fields = draw(st.permutations(fields))
        lines += draw(noise)
        lines += [f"{name}: {value}" for name, value in given_fields]
        for line in event.data.split("\n"):
            space = draw(st.sampled_from([" ", ""])) if not line.startswith(" ") else " "
            lines += [*draw(noise), f"data:{space}{line}"]
        lines += [*draw(noise), ""]
    body = b""
    for line in lines:
        end = draw(ends)
        if body.endswith(b"\r") and not line and end == b"\n":
            end = b"\r"  # CR and LF would be one end of line, and not two
        body += line.encode() + end
    return body


@given(st.data(), events())
def test_what_was_written_is_read(data: st.DataObject, found: list[Event]) -> None:
    """Events are read as they were, whatever the ends of line and the comments between."""
    body = data.draw(written(found))

    assert read_events(body) == found


@given(st.data(), events())
def test_cuts_change_no_event(data: st.DataObject, found: list[Event]) -> None:
    """However the bytes arrive, one by one or all at once, the events are the same."""
    body = data.draw(written(found))
    places = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    reader = EventReader()

    pieces = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]

    assert [event for piece in pieces for event in reader.feed(piece)] == found


@given(st.data(), events())
def test_a_cut_stream_has_the_first_events(data: st.DataObject, found: list[Event]) -> None:
    """What a cut leaves are the first events, whole; never a part of one."""
    body = data.draw(written(found))

    seen = read_events(body[: data.draw(st.integers(0, len(body)))])

    assert seen == found[: len(seen)]


@given(st.binary(max_size=80))
def test_any_bytes_are_read(body: bytes) -> None:
    """Any bytes are read without an error, and byte by byte as at once."""
    reader = EventReader()

    found = [event for at in range(len(body)) for event in reader.feed(body[at : at + 1])]

    assert found == read_events(body)
