"""
Metric families of the inline proxy, which counts on the board (ipc/board.py) and nowhere else.
Their rules are those of telemetry/families.py; data_plane_readers.py fills them.
"""

from __future__ import annotations

from shadowmon.ipc.board import USER_SECONDS
from shadowmon.telemetry.family import counter as _counter
from shadowmon.telemetry.family import histogram as _histogram
from shadowmon.telemetry.funnel import ARMS


DATA_PLANE = (
    _counter("proxy_connections_total", "Connections that the proxy accepted from users."),
    _counter("proxy_connections_closed_total", "Users' connections that ended."),
    _counter("proxy_connections_refused_total", "Connections refused: too many were open."),
    _counter("proxy_requests_total", "Whole request heads that the proxy read."),
    _counter(
        "proxy_handshakes_failed_total",
        "Users' connections that ended before TLS was made.",
    ),
    _counter("proxy_malformed_total", "Requests refused because of how they were framed."),
    _counter("proxy_tunnelled_total", "Upgraded connections, which are never mirrored."),
    _histogram(
        "user_answer_duration_seconds",
        "From a user's request to the end of the answer, by the model that served it.",
        USER_SECONDS,
        "arm",
        arm=ARMS,
    ),
    _counter(
        "proxy_answers_cut_total",
        "Answers that users did not get whole, by who cut them.",
        "by",
        by=("user", "model"),
    ),
    _counter("proxy_upstream_failures_total", "Users who got a 502 or 504 of the proxy's own."),
    _counter("proxy_upstream_retries_total", "Requests sent again after a connection was dead."),
    _counter("proxy_served_total", "Requests that the optimized model was chosen for.", "trial"),
    _counter(
        "proxy_fallbacks_total",
        "Those of them that the baseline served after the optimized model had failed.",
        "trial",
    ),
    _counter(
        "proxy_not_kept_total",
        "Requests that could not be sent again: the worker kept too many already.",
    ),
    _counter(
        "proxy_address_rests_total",
        "Times that an address of a model with several began to rest after failures in a row.",
    ),
    _counter(
        "proxy_address_detours_total",
        "Requests that went on to a further address, for one took no connection.",
    ),
    _counter("proxy_log_lines_dropped_total", "Lines of the access log that could not be written."),
)
