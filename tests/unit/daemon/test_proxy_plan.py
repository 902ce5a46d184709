"""What a data-plane worker is told, out of the settings."""

from __future__ import annotations

import re

from typing import Any

from shadowmon.config.settings import Settings
from shadowmon.daemon.proxy_plan import proxy_plan
from shadowmon.proxy.plan import PlannedLog, decode


def log_of(traffic: dict[str, Any]) -> PlannedLog:
    """Return what is planned of the access log."""
    settings = Settings.model_validate(
        {
            "models": {"base": {"url": "http://127.0.0.1:9001"}},
            "routes": {"chat": {"baseline": "base"}},
            "proxy": {"listen": "127.0.0.1:8080", "access_log": {"path": "/var/log/access.jsonl"}},
            "traffic": traffic,
        }
    )
    log = decode(proxy_plan(settings, worker=0, parent_pid=0)).log
    assert log is not None
    return log


def test_what_is_redacted_is_in_no_access_log() -> None:
    """The patterns of redaction go for paths and ids in the access log too."""
    assert log_of({"redaction": {"patterns": ["hunter2"]}}).patterns == ("hunter2",)


def test_where_no_text_is_kept_the_access_log_keeps_none() -> None:
    """With scores_only a whole path, and a whole id, is taken out, whatever is in them."""
    (pattern,) = log_of({"privacy": "scores_only", "redaction": {"patterns": ["a"]}}).patterns

    assert re.sub(pattern, "", "/v1/files/ann\nb") == ""
