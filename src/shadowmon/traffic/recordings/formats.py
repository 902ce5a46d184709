"""Which format is this? By what the file says, never by its name."""

from __future__ import annotations

import re

from collections.abc import Iterable, Mapping

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.litellm import Gateway
from shadowmon.traffic.recordings.goreplay import GoReplay, is_record
from shadowmon.traffic.recordings.har import HTTP_ARCHIVE
from shadowmon.traffic.recordings.litellm_log import litellm_log
from shadowmon.traffic.recordings.openai_log import OPENAI_LOG
from shadowmon.traffic.recordings.recording import Arms, Format
from shadowmon.traffic.recordings.request_lines import REQUEST_LINES
from shadowmon.traffic.settings import LiteLlmSettings, RouteSettings


PAIRS = "pairs"
"""Both answers, judged as they are: no traffic (daemon/recorded.py)."""
GOREPLAY, HAR, REQUESTS, OPENAI, LITELLM = "goreplay", "har", "requests", "openai", "litellm"
TRAFFIC = (GOREPLAY, HAR, REQUESTS, OPENAI, LITELLM)

_HAR = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{')
_LINES_TRIED = 20
_BY_KEYS: tuple[tuple[str, frozenset[str]], ...] = (
    (PAIRS, frozenset({"baseline", "optimized"})),
    (OPENAI, frozenset({"custom_id"})),
    (LITELLM, frozenset({"call_type", "model_group"})),
    (OPENAI, frozenset({"request", "response"})),
    (REQUESTS, frozenset({"body"})),
)
"""The first of which all keys are there holds."""


def recognised(beginning: bytes, lines: Iterable[bytes]) -> str | None:
    """
    Return what a file holds: one of `TRAFFIC`, or `PAIRS`; None if nothing tells.

    Args:
        beginning: Its first bytes, some hundred or more.
        lines: Its lines; no more are taken than it needs.

    """
    if is_record(beginning):
        return GOREPLAY
    if _HAR.match(beginning):
        return HAR
    for _, line in zip(range(_LINES_TRIED), lines, strict=False):
        found = _by_keys(line)
        if found:
            return found
    return None


def _by_keys(line: bytes) -> str | None:
    try:
        told = strict_json.loads(line)
    except CodecError:
        return None
    if not isinstance(told, dict):
        return None
    return next((name for name, keys in _BY_KEYS if keys <= set(told)), None)


def format_of(
    name: str,
    *,
    arms: Arms,
    litellm: Iterable[LiteLlmSettings],
    routes: Mapping[str, RouteSettings],
) -> Format:
    """
    Return the reader of a format.

    Args:
        name: One of `TRAFFIC`.
        arms: The trial's models.
        litellm: Which of LiteLLM's model groups is which model.
        routes: By name.

    """
    if name == LITELLM:
        return litellm_log(Gateway(litellm, routes), arms)
    plain: dict[str, Format] = {
        GOREPLAY: GoReplay(),
        HAR: HTTP_ARCHIVE,
        REQUESTS: REQUEST_LINES,
        OPENAI: OPENAI_LOG,
    }
    return plain[name]
