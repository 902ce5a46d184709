"""One event is one line, whatever is in it, and no secret is."""

from __future__ import annotations

import io
import json
import logging

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.telemetry import logs
from shadowmon.telemetry.settings import TelemetrySettings


HOSTILE = "a\n2026-01-01 [error] forged\r\x1b[2J\x07\u202ecba\u2028\ud800\x00"


@pytest.fixture(name="untouched", autouse=True)
def _untouched() -> Iterator[None]:
    """Give logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(log_format: Any = "json", log_level: Any = "info") -> io.StringIO:
    """Set logging up, and return where its lines go."""
    stream = io.StringIO()
    settings = TelemetrySettings(log_format=log_format, log_level=log_level)
    logs.configure(settings, process="control", stream=stream)
    return stream


def the_line(stream: io.StringIO) -> dict[str, Any]:
    """Return the only line, read as JSON."""
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_json_line() -> None:
    """An event is one JSON object with its name, level, process and UTC time."""
    stream = configured()

    structlog.get_logger().info("rollout.stage_entered", trial_id="int8", weight=100)

    line = the_line(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "rollout.stage_entered",
        "level": "info",
        "process": "control",
        "trial_id": "int8",
        "weight": 100,
    }


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_text_forges_a_line(log_format: str) -> None:
    """Newlines, escape sequences and bidirectional marks in a field stay inside their line."""
    stream = configured(log_format)

    structlog.get_logger().info("proxy.request_refused", **{"target": HOSTILE, HOSTILE: 1})

    text = stream.getvalue()
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    text.encode()


def raise_hostile() -> None:
    """Raise what an exception may say that quotes a request."""
    raise ValueError(HOSTILE)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_exception_forges_a_line(log_format: str) -> None:
    """What an exception says cannot look like a line of its own."""
    stream = configured(log_format)

    try:
        raise_hostile()
    except ValueError:
        structlog.get_logger().exception("daemon.exchange_failed")

    first, *others = stream.getvalue().splitlines()
    assert "daemon.exchange_failed" in first
    assert all(line.startswith("    ") and line.isprintable() for line in others)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_other_libraries_are_written_the_same_way(log_format: str) -> None:
    """The standard library's loggers write lines of the same form, cleaned as well."""
    stream = configured(log_format)

    logging.getLogger("aiohttp.server").error("Error handling %s", HOSTILE)

    text = stream.getvalue()
    assert "Error handling" in text
    assert "control" in text
    assert text[:-1].isprintable()


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_escaped_text_is_printable_and_one_line(text: str) -> None:
    """Whatever a text holds, its escaped form can be encoded and has one line."""
    shown = logs.escape(text)

    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    "key",
    ["authorization", "Proxy-Authorization", "cookie", "set-cookie", "operator_token", "token",
     "x-api-key", "apikey", "password", "client_secret", "aws_credentials", "private_key"],
)  # fmt: skip
def test_secrets_are_not_shown(key: str) -> None:
    """A field that is named like a secret is not shown, however deep it lies."""
    stream = configured()

    structlog.get_logger().info(
        "x.y", **{key: "hunter2"}, headers={key: ["hunter2"]}, all=[{key: {"a": "hunter2"}}]
    )

    assert "hunter2" not in stream.getvalue()
    assert the_line(stream)[key] == logs.REDACTED


def test_counts_of_tokens_are_shown() -> None:
    """A number of tokens is no secret."""
    stream = configured()

    structlog.get_logger().info("x.y", input_tokens=3, max_tokens="4")

    assert (the_line(stream)["input_tokens"], the_line(stream)["max_tokens"]) == (3, "4")


class Unspeakable:
    """Cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError


def test_whatever_is_logged() -> None:
    """Bytes, odd keys, endless nesting and broken objects are shown somehow, and never raise."""
    stream = configured()
    endless: list[object] = []
    endless.append(endless)

    structlog.get_logger().info(
        "x.y",
        body=b"secret text",
        odd={(1, 2): float("nan")},
        endless=endless,
        broken=Unspeakable(),
    )

    line = the_line(stream)
    assert line["body"] == "<11 bytes>"
    assert line["odd"] == {"(1, 2)": "nan"}
    assert line["broken"] == "<Unspeakable: RuntimeError>"


def test_level() -> None:
    """What is below the configured level is not written, and statements of the store never are."""
    stream = configured(log_level="warning")

    structlog.get_logger().info("x.not_written")
    logging.getLogger("aiosqlite").debug("executing INSERT")
    structlog.get_logger().warning("x.written")

    assert the_line(stream)["event"] == "x.written"


def test_statements_are_never_written() -> None:
    """At debug the store's driver does not write what it stores."""
    stream = configured(log_level="debug")

    logging.getLogger("aiosqlite").debug("executing INSERT hunter2")
    structlog.get_logger().debug("x.written")

    assert the_line(stream)["event"] == "x.written"


def test_bound_context_is_in_the_line() -> None:
    """What was bound to a task's context is in its lines."""
    stream = configured()

    with structlog.contextvars.bound_contextvars(trial_id="int8"):
        structlog.get_logger().info("x.y")

    assert the_line(stream)["trial_id"] == "int8"


@pytest.mark.parametrize(("terminal", "first"), [(True, "2"), (False, "{")])
def test_auto_is_a_console_on_a_terminal(terminal: bool, first: str) -> None:
    """Without a choice a terminal gets a console, anything else JSON."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    logs.configure(TelemetrySettings(), process="control", stream=stream)

    structlog.get_logger().info("x.y")

    assert stream.getvalue().removeprefix("\x1b[2m").startswith(first)


def test_stream_that_is_gone() -> None:
    """A stream that was closed costs the line, and nothing else."""
    stream = configured()
    stream.close()

    structlog.get_logger().error("x.y")


def test_configured_twice() -> None:
    """Setting it up again does not write lines twice."""
    configured()
    stream = configured()

    structlog.get_logger().info("x.y")

    assert the_line(stream)["event"] == "x.y"
