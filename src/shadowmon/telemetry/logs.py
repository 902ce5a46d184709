"""
Log lines: JSON for machines, a console for people; one event, one line, whatever is in it.

Rule 1: an event's name is constant, `room.noun_verbed`; what was found goes into fields.
Rule 2: no text can forge a line or move a terminal's cursor: JSON is pure ASCII, and on a console
        every control, bidirectional and unpaired character is shown as its escape.
Rule 3: a field whose name speaks of a secret is not shown, and bytes are shown as their number.
Rule 4: to log never raises.

The standard library's loggers (aiohttp, asyncio) are written the same way.
"""

from __future__ import annotations

import logging
import math
import re
import sys
import unicodedata

from collections.abc import Mapping
from typing import Any, TextIO

import structlog

from structlog.typing import EventDict, Processor, WrappedLogger

from shadowmon.telemetry.settings import TelemetrySettings


REDACTED = "[redacted]"

_SECRET = re.compile(
    r"authorization|cookie|passw|secret|credential|api[-_]?key|private[-_]?key"
    r"|(?:^|[-_.])token(?:$|[-_.])",
    re.IGNORECASE,
)
_QUIET = ("aiosqlite", "asyncio", "sqlalchemy")
"""At debug these write every statement with what is in it."""

_DEEP = 8
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories: controls, formats (bidirectional ones too), surrogates, line separators."""


def configure(settings: TelemetrySettings, process: str, *, stream: TextIO | None = None) -> None:
    """
    Set logging up for this whole process; may be done again.

    Args:
        settings: Format and level.
        process: Which of the daemon's processes this is; written into every line.
        stream: Where to; None is standard error.
    """
    target = sys.stderr if stream is None else stream
    wanted = settings.log_format
    console = target.isatty() if wanted == "auto" else wanted == "console"

    def name_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        plain,
    ]
    renderer: list[Processor] = (
        [_escaped, structlog.dev.ConsoleRenderer(colors=console and target.isatty())]
        if console
        else [structlog.processors.JSONRenderer(ensure_ascii=True)]
    )
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream; a stream that is gone or full is no reason to stop serving."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Let the line go."""


def plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn every field into what JSON can hold, without secrets."""
    return {
        str(key): value if str(key).startswith("_") else _shown(str(key), value, _DEEP)
        for key, value in event.items()
    }


def _shown(key: str, value: object, depth: int) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, bool | int | float | None):
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)
    if _SECRET.search(key):
        return REDACTED
    if isinstance(value, Mapping) and depth:
        return {str(name): _shown(str(name), part, depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [_shown(key, part, depth - 1) for part in value]
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return "…"
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - somebody else's __str__; to log never raises
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _escaped(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Fit every text into one line; a traceback keeps its own, indented so that none looks new."""
    trace = event.pop("exception", None)
    shown: EventDict = {escape(str(key)): _escaped_part(value) for key, value in event.items()}
    if trace is not None:
        lines = str(trace).splitlines()
        shown["exception"] = "\n".join(f"    {escape(line)}" for line in lines)
    return shown


def _escaped_part(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {escape(str(key)): _escaped_part(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_escaped_part(part) for part in value]
    return value


def escape(text: str) -> str:
    r"""Return `text` with all that is not seen as itself written as an escape, such as \n."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in _CONTROL
        else letter
        for letter in text
    )
