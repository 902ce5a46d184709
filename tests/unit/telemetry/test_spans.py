"""Spans that nobody wants, and spans that nothing is installed for."""

from __future__ import annotations

import sys

import pytest

from shadowmon.telemetry.settings import TracingSettings
from shadowmon.telemetry.spans import NoSpans, missing_extra, open_spans


def test_spans_are_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint nothing of OpenTelemetry is even looked for."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    spans = open_spans(TracingSettings(), "control")

    with spans.span("mirror.model_called") as span:
        span.tell("outcome", "ok")
    spans.close()

    assert isinstance(spans, NoSpans)
    assert span.id == ""


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants spans and has not installed them is told how to."""
    for name in [each for each in sys.modules if each.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    complaint = missing_extra()

    assert complaint is not None
    assert "shadowmon[otel]" in complaint.hint
