"""From the board's counters to the families of data_plane.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shadowmon.ipc.board import WORKERS_MAX, Count, Slot
from shadowmon.telemetry.families import BY_NAME
from shadowmon.telemetry.family import SUM
from shadowmon.telemetry.readings import Labels, Readings


COUNTED: Mapping[tuple[str, Labels], tuple[Count, ...]] = {
    ("proxy_connections_total", ()): (Count.CONNECTIONS,),
    ("proxy_connections_closed_total", ()): (Count.CONNECTIONS_CLOSED,),
    ("proxy_connections_refused_total", ()): (Count.CONNECTIONS_REFUSED,),
    ("proxy_requests_total", ()): (Count.SEEN,),
    ("proxy_malformed_total", ()): (Count.MALFORMED,),
    ("proxy_tunnelled_total", ()): (Count.TUNNELLED,),
    ("proxy_answers_cut_total", ("user",)): (Count.CLIENT_GONE,),
    ("proxy_answers_cut_total", ("model",)): (Count.TRUNCATED,),
    ("proxy_upstream_failures_total", ()): (Count.UPSTREAM_FAILED,),
    ("proxy_upstream_retries_total", ()): (Count.RETRIED,),
    ("proxy_handshakes_failed_total", ()): (Count.HANDSHAKE_FAILED,),
    ("proxy_not_kept_total", ()): (Count.NOT_KEPT,),
    ("proxy_address_rests_total", ()): (Count.RESTED,),
    ("proxy_address_detours_total", ()): (Count.DETOURED,),
    ("proxy_log_lines_dropped_total", ()): (Count.LOG_DROPPED,),
    ("exchanges_total", ("proxy", "mirrored")): (Count.HANDED_OVER,),
    ("exchanges_total", ("proxy", "sampled_out")): (Count.SAMPLED_OUT,),
    ("exchanges_total", ("proxy", "shed")): (Count.SHED, Count.TEE_FULL),
    ("exchanges_total", ("proxy", "oversize")): (Count.OVERSIZE,),
    ("exchanges_total", ("proxy", "refused")): (Count.MALFORMED,),
    ("exchanges_total", ("proxy", "unrouted")): (Count.UNROUTED,),
}
"""A counter's name and labels -> what adds up to it. `FELL_BACK` is told by trial instead."""


def data_plane(readings: Readings) -> None:
    """Read what the workers count."""
    if readings.board is None:
        return
    slots = [readings.board.slot(worker) for worker in range(WORKERS_MAX)]
    for (name, labels), counts in COUNTED.items():
        total = sum(slot.count(count) for slot in slots for count in counts)
        readings.put_if_absent(name, labels, float(total))
    for trial in readings.view.trials if readings.view else ():
        served = sum(slot.served(trial.number) for slot in slots)
        fell_back = sum(slot.fell_back(trial.number) for slot in slots)
        readings.put_if_absent("proxy_served_total", (trial.trial_id,), float(served))
        readings.put_if_absent("proxy_fallbacks_total", (trial.trial_id,), float(fell_back))
    _lag(readings, slots)


def _lag(readings: Readings, slots: Sequence[Slot]) -> None:
    bounds = BY_NAME["event_loop_lag_seconds"].bounds()
    told = [slot.lags() for slot in slots]
    for place, bound in enumerate(bounds):
        count = sum(counts[place] for counts, _ in told)
        readings.put("event_loop_lag_seconds", ("proxy", bound), float(count))
    readings.put("event_loop_lag_seconds", ("proxy", SUM), sum(seconds for _, seconds in told))


def answers(readings: Readings) -> None:
    """Read how long users waited for the end of their answers."""
    bounds = BY_NAME["user_answer_duration_seconds"].bounds()
    for arm, (buckets, seconds) in (readings.view.answers if readings.view else {}).items():
        for bound, count in zip(bounds, buckets, strict=True):
            readings.put("user_answer_duration_seconds", (arm, bound), float(count))
        readings.put("user_answer_duration_seconds", (arm, SUM), seconds)
