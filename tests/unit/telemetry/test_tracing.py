"""Trace context goes on with shadow calls, and production's traces do not see them unless asked."""

from __future__ import annotations

import pytest

from shadowmon.records import ExchangeId, ModelName
from shadowmon.telemetry.tracing import (
    TraceContext,
    context_of,
    continued,
    span_id_of,
)


TRACE, PARENT, CHILD = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"


def test_context_is_read() -> None:
    """The header's four parts, and what vendors pass on."""
    headers = (("traceparent", GIVEN), ("tracestate", "a=1"), ("tracestate", "b=2"))

    assert context_of(headers) == TraceContext(
        trace_id=TRACE, parent_id=PARENT, sampled=True, state="a=1,b=2"
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "hello",
        GIVEN.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{GIVEN}-more",
        f"00-{TRACE}-{PARENT}-0x",
        f"00-{TRACE[1:]}-{PARENT}-01",
    ],
)
def test_what_cannot_be_read_is_ignored(value: str) -> None:
    """A header that is not as the recommendation says counts as none."""
    assert context_of((("traceparent", value),)) is None


def test_two_contexts_are_none() -> None:
    """Where there are two, nobody knows which is right."""
    assert context_of((("traceparent", GIVEN), ("traceparent", GIVEN))) is None
    assert context_of(()) is None


def test_a_later_version_is_read_as_this_one() -> None:
    """Section 3.2.4: what is known of a later version is used, and what it has more is left."""
    found = context_of((("traceparent", f"01-{TRACE}-{PARENT}-01-more"),))

    assert found
    assert found.trace_id == TRACE


@pytest.mark.parametrize(
    ("asked", "was", "flags"),
    [(False, True, "00"), (True, True, "01"), (True, False, "00"), (False, False, "00")],
)
def test_a_shadow_call_is_not_sampled_unless_asked(asked: bool, was: bool, flags: str) -> None:
    """It stays in the trace, and is recorded only if it shall be and the user's request is."""
    context = TraceContext(trace_id=TRACE, parent_id=PARENT, sampled=was, state="a=1")

    headers = continued(context, CHILD, sampled=asked)

    assert headers == (("traceparent", f"00-{TRACE}-{CHILD}-{flags}"), ("tracestate", "a=1"))
    assert context_of(headers) is not None


def test_span_ids() -> None:
    """Each call has an id of its own, and the same each time."""
    ids = {
        span_id_of(ExchangeId(exchange), ModelName(model))
        for exchange in ("x-1", "x-2", "\ud800")
        for model in ("fp32", "int8")
        for _ in range(2)
    }

    assert len(ids) == 6
    assert all(len(bytes.fromhex(each)) == 8 for each in ids)
