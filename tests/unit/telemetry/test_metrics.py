"""What a scrape shows: everything, always, and nothing that one bad number could break."""

from __future__ import annotations

import math
import time

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from shadowmon.ipc.board import USER_SECONDS, Board, Count
from shadowmon.mirror.pairing import UNPAIRED_REASONS
from shadowmon.records import Decision, Grade, Phase, Side, SliceName, TrialId, Weight
from shadowmon.telemetry import readers as readers_module
from shadowmon.telemetry.data_plane_readers import COUNTED
from shadowmon.telemetry.families import BY_NAME, FAMILIES
from shadowmon.telemetry.family import PREFIX, Kind
from shadowmon.telemetry.metrics import Collector, exposition
from shadowmon.telemetry.tallies import Tallies
from shadowmon.telemetry.trial_readers import LOG_E_FLOOR
from shadowmon.view import DaemonView, Sample, SliceView
from tests.factories import NOON
from tests.views import a_figure, a_rule_view, a_trial_view, a_verdict, a_view


OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
NOTHING = DaemonView(at=NOON, started_at=NOON, version="0.1.0", trials=(), funnel={})


@pytest.fixture(name="board")
def _board() -> Iterator[Board]:
    board = Board.create()
    yield board
    board.close()


class Found(dict[str, float]):
    """`name{label="value",…}` -> number; the labels may be asked for in any order."""

    def __getitem__(self, name: str) -> float:
        return super().__getitem__(in_order(name))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(in_order(str(name)))


def in_order(name: str) -> str:
    """Sort a series' labels, as the text format does."""
    family, brace, inside = name.partition("{")
    labels = ",".join(sorted(inside.removesuffix("}").split(",")))
    return f"{family}{{{labels}}}" if brace else family


def scraped(view: DaemonView, board: Board | None = None, **settings: Any) -> Found:
    """Scrape a collector over this view once."""
    return read_from(Collector(lambda: view, board, **settings))


def read_from(collector: Collector) -> Found:
    """Scrape, and read it as Prometheus would."""
    text, _ = exposition(collector, "")
    return Found(
        (in_order(series(sample.name, sample.labels)), sample.value)
        for family in parse_text(text.decode())
        for sample in family.samples
    )


def series(name: str, labels: dict[str, str]) -> str:
    """Return a series as people write it, without the prefix."""
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return name.removeprefix(PREFIX) + (f"{{{inside}}}" if inside else "")


def test_every_family_is_always_there() -> None:
    """Each family is named and explained in every scrape, even of a daemon without a trial."""
    for snapshot in (lambda: NOTHING, a_view):
        text, _ = exposition(Collector(snapshot), "")
        for family in FAMILIES:
            assert f"# TYPE {PREFIX}{family.name} {family.kind}" in text.decode()
            assert f"# HELP {PREFIX}{family.name} {family.sentence}" in text.decode()


def test_families_are_named_well() -> None:
    """Counters end in _total and nothing else does; a sentence is a sentence."""
    assert len(BY_NAME) == len(FAMILIES)
    for family in FAMILIES:
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
        assert family.sentence.endswith((".", ")", "?"))
        assert set(family.closed) <= set(family.labels)
        assert bool(family.buckets) == (family.kind is Kind.HISTOGRAM)


def test_closed_labels_know_what_can_happen() -> None:
    """Reasons that other rooms count are the ones that are there from the start."""
    assert BY_NAME["unpaired_total"].closed["reason"] == UNPAIRED_REASONS
    assert BY_NAME["rollout_phase"].closed["phase"] == tuple(Phase)
    assert BY_NAME["verdicts_total"].closed["decision"] == tuple(Decision)


def test_numbers_before_traffic() -> None:
    """Counters with known labels and the daemon's gauges are there at 0 before anything happens."""
    found = scraped(a_view(funnel={"seen": 0}))

    assert found['pairs_total{trial="int8"}'] == 0
    assert found['verdicts_total{trial="int8",decision="roll_back"}'] == 0
    assert found['red_line_breaches_total{trial="int8",rule="core_quality"}'] == 0
    assert found['replies_total{model="fp32",outcome="timeout"}'] == 0
    assert found['observations_total{trial="int8",metric="correct"}'] == 0
    assert found['user_answer_duration_seconds_count{arm="optimized"}'] == 0
    assert found['reply_duration_seconds_bucket{model="int8",le="+Inf"}'] == 0
    assert found["mirror_queue_length"] == 0
    assert found['event_loop_lag_seconds_count{process="control"}'] == 0
    assert found['funnel_total{stage="seen"}'] == 0
    assert found["metrics_failures_total"] == 0


def test_no_number_is_nan() -> None:
    """Whatever is undefined is absent: neither NaN nor infinite."""
    figure = a_figure(estimate=None, lower=None, upper=math.nan, acceptable=None, red_line=None)
    rule = a_rule_view(side=Side.WORSE, log_e=-math.inf, log_e_needed=math.inf)
    trial = a_trial_view(
        figures=(figure,), rules=(rule,), log_e_roll_back=math.nan, last_pair_at=None
    )

    found = scraped(a_view(trial))

    assert all(map(math.isfinite, found.values()))
    assert not [name for name in found if name.startswith(("evidence_estimate", "evidence_upper"))]
    assert not [name for name in found if name.startswith("evidence_log_e_needed")]
    named = '{trial="int8",metric="correct",slice="all"}'
    assert found[f"evidence_observations{named}"] == 2310
    rule_named = '{trial="int8",rule="quality",metric="correct",slice="all"}'
    assert found[f"evidence_log_e_value{rule_named}"] == LOG_E_FLOOR
    assert found['last_pair_timestamp_seconds{trial="int8"}'] == 0


def test_evidence() -> None:
    """A figure is shown with its interval and the limits it is held to."""
    found = scraped(a_view())

    named = '{trial="int8",metric="correct",slice="all",contrast="relative_drop"}'
    assert found[f"evidence_estimate{named}"] == 0.0103
    assert found[f"evidence_lower{named}"] == -0.002
    assert found[f"evidence_upper{named}"] == 0.022
    assert found[f"evidence_acceptable{named}"] == 0.05
    assert found[f"evidence_red_line{named}"] == 0.05
    assert found['evidence_missing{trial="int8",metric="correct",slice="bank"}'] == 4
    claim = '{trial="int8",rule="quality",metric="correct",slice="all"}'
    assert found[f"evidence_log_e_value{claim}"] == 1.5
    assert found[f"evidence_log_e_needed{claim}"] == 3.0
    assert found['roll_back_log_e_value{trial="int8"}'] == 0.25
    assert found['roll_back_log_e_needed{trial="int8"}'] == 4.6


def test_red_line_of_several_slices() -> None:
    """A rule that stands for several slices is breached if it is in any of them."""
    rules = tuple(
        replace(
            a_rule_view("edge_slice", Side.WORSE, breached=slice_name == "b"),
            evidence=replace(
                a_rule_view().evidence,
                claim=replace(
                    a_rule_view(side=Side.WORSE).evidence.claim, slice=SliceName(slice_name)
                ),
            ),
        )
        for slice_name in ("a", "b", "c")
    )

    found = scraped(a_view(a_trial_view(rules=rules)))

    assert found['red_line_breached{trial="int8",rule="edge_slice"}'] == 1
    assert found['red_line_armed{trial="int8",rule="edge_slice"}'] == 1
    assert found['evidence_log_e_needed{trial="int8",rule="edge_slice",metric="correct",slice="c"}']


def test_rule_of_a_climb_is_no_red_line() -> None:
    """What a climb asks for is not among the red lines."""
    found = scraped(a_view())

    assert 'red_line_breached{trial="int8",rule="core_quality"}' in found
    assert 'red_line_breached{trial="int8",rule="quality"}' not in found


def test_state_is_one_of_all() -> None:
    """Of all phases and grades exactly one is 1."""
    trial = a_trial_view(verdict=a_verdict(grade=Grade.REVIEW))

    found = scraped(a_view(trial))

    phases = {name for name in found if name.startswith("rollout_phase{") and found[name]}
    grades = {name for name in found if name.startswith("verdict_grade{") and found[name]}
    assert phases == {'rollout_phase{phase="progressing",trial="int8"}'}
    assert grades == {'verdict_grade{grade="review",trial="int8"}'}
    assert len([name for name in found if name.startswith("rollout_phase{")]) == len(Phase)


def test_weights_are_ratios() -> None:
    """Weights are shares from 0 to 1; an applied one that nobody read is absent."""
    trial = a_trial_view()
    unread = replace(
        trial, state=replace(trial.state, applied_weight=None, desired_weight=Weight(1))
    )

    found, before = scraped(a_view(trial)), scraped(a_view(unread))

    named = '{trial="int8",route="digits"}'
    assert found[f"rollout_desired_weight_ratio{named}"] == 0.1
    assert found[f"rollout_applied_weight_ratio{named}"] == 0.1
    assert before[f"rollout_desired_weight_ratio{named}"] == 0.0001
    assert f"rollout_applied_weight_ratio{named}" not in before


def test_daemon() -> None:
    """The daemon's own state is told."""
    found = scraped(
        a_view(store_problem="disk full", config_reload_successful=False, config_reload_at=None)
    )

    assert found["store_writable"] == 0
    assert found["config_last_reload_successful"] == 0
    assert found["config_last_reload_success_timestamp_seconds"] == 0
    assert found["control_last_tick_timestamp_seconds"] == NOON.timestamp()
    assert found["control_tick_duration_seconds"] == 0.004
    assert found["start_time_seconds"] == NOON.timestamp() - 3600
    assert found['build_info{version="0.1.0"}'] == 1


def test_what_processes_told() -> None:
    """Tallies come through samples as they were counted; histograms become cumulative."""
    tallies = Tallies()
    tallies.add("replies_total", "int8", "ok", by=3)
    for value in (0.02, 0.3, 100.0):
        tallies.observe("reply_duration_seconds", "int8", value=value)
    tallies.set("mirror_queue_length", value=7)
    samples, gauges = (
        tuple(Sample(name=one.name, labels=one.labels, value=one.value) for one in told)
        for told in (tallies.snapshot(), tallies.gauges())
    )

    found = scraped(a_view(samples=samples * 2, gauges=gauges))

    assert found['replies_total{model="int8",outcome="ok"}'] == 6
    assert found["mirror_queue_length"] == 7
    buckets = [
        found[f'reply_duration_seconds_bucket{{model="int8",le="{bound}"}}']
        for bound in BY_NAME["reply_duration_seconds"].bounds()
    ]
    assert buckets == [0, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 6]
    assert found['reply_duration_seconds_count{model="int8"}'] == 6
    assert found['reply_duration_seconds_sum{model="int8"}'] == pytest.approx(200.64)


def test_users_answers() -> None:
    """Users' answer times are a histogram for each arm."""
    counts = tuple(range(len(USER_SECONDS) + 1))

    found = scraped(a_view(answers={"baseline": (counts, 12.5)}))

    assert found['user_answer_duration_seconds_bucket{arm="baseline",le="0.025"}'] == 3
    assert found['user_answer_duration_seconds_count{arm="baseline"}'] == sum(counts)
    assert found['user_answer_duration_seconds_sum{arm="baseline"}'] == 12.5


def test_data_plane(board: Board) -> None:
    """What the data plane counted on the board is added up over its workers."""
    for worker in (0, 1):
        slot = board.slot(worker)
        slot.add(Count.SEEN, 10)
        slot.add(Count.SHED, 1)
        slot.add(Count.TEE_FULL, 1)
        slot.add(Count.CLIENT_GONE, 2)
        slot.add_served(0)
        slot.add_fell_back(0)

    found = scraped(a_view(), board)

    assert found["proxy_requests_total"] == 20
    assert found['exchanges_total{source="proxy",fate="shed"}'] == 4
    assert found['proxy_answers_cut_total{by="user"}'] == 4
    assert found['proxy_served_total{trial="int8"}'] == 2
    assert found['proxy_fallbacks_total{trial="int8"}'] == 2


def test_every_count_of_the_data_plane_is_shown() -> None:
    """Whatever a data-plane worker counts has a family; what is told by trial is told there."""
    shown = {count for counts in COUNTED.values() for count in counts}

    assert set(Count) - shown == {Count.FELL_BACK}


def test_what_the_data_plane_seldom_counts(board: Board) -> None:
    """What could not be kept, logged or reached at once, and TLS that was never made."""
    seldom = (
        Count.NOT_KEPT,
        Count.RESTED,
        Count.DETOURED,
        Count.LOG_DROPPED,
        Count.HANDSHAKE_FAILED,
    )
    for number, count in enumerate(seldom, start=1):
        board.slot(0).add(count, number)

    found = scraped(a_view(), board)

    assert found["proxy_not_kept_total"] == 1
    assert found["proxy_address_rests_total"] == 2
    assert found["proxy_address_detours_total"] == 3
    assert found["proxy_log_lines_dropped_total"] == 4
    assert found["proxy_handshakes_failed_total"] == 5


def test_lag_of_the_data_plane(board: Board) -> None:
    """How late its workers' event loops woke up is one histogram, beside the other processes'."""
    for worker, seconds in ((0, 0.002), (1, 0.03), (1, 9.0)):
        board.slot(worker).add_lag(seconds)

    found = scraped(a_view(), board)

    assert found['event_loop_lag_seconds_bucket{process="proxy",le="0.005"}'] == 1
    assert found['event_loop_lag_seconds_bucket{process="proxy",le="0.05"}'] == 2
    assert found['event_loop_lag_seconds_count{process="proxy"}'] == 3
    assert found['event_loop_lag_seconds_sum{process="proxy"}'] == pytest.approx(9.032)


def test_samples_win_over_the_board(board: Board) -> None:
    """What the picture tells itself is not counted from the board once more."""
    board.slot(0).add(Count.SEEN, 10)

    found = scraped(
        a_view(samples=(Sample(name="proxy_requests_total", labels=(), value=3.0),)), board
    )

    assert found["proxy_requests_total"] == 3


@pytest.mark.parametrize(
    "sample",
    [
        Sample(name="nobody_knows_total", labels=(), value=1.0),
        Sample(name="pairs_total", labels=("int8", "more"), value=1.0),
        Sample(name="mirror_queue_length", labels=(), value=1.0),
        Sample(name="reply_duration_seconds", labels=("int8", "0.123"), value=1.0),
        Sample(name="reply_duration_seconds", labels=(), value=1.0),
    ],
)
def test_unknown_samples_are_counted(sample: Sample) -> None:
    """A sample that no family has is left out and counted, in every scrape."""
    collector = Collector(lambda: a_view(samples=(sample,)))

    found, again = read_from(collector), read_from(collector)

    assert found["metrics_unknown_samples_total"] == 1
    assert again["metrics_unknown_samples_total"] == 2
    assert found['pairs_total{trial="int8"}'] == 0


def test_series_are_capped() -> None:
    """A family with too many series is cut, and how many were left out is counted."""
    samples = tuple(
        Sample(name="observations_total", labels=("int8", f"m{number}"), value=1.0)
        for number in range(50)
    )
    slow = tuple(
        Sample(name="reply_duration_seconds", labels=(f"m{number}", "sum"), value=1.0)
        for number in range(5)
    )

    found = scraped(a_view(samples=samples + slow), series_max=40)

    assert len([name for name in found if name.startswith("observations_total")]) == 40
    assert len([name for name in found if name.startswith("reply_duration_seconds")]) == 30
    hours = 2 * 24 - 40
    exchanges = 5 * 10 - 40
    left_out = (50 + 1) - 40 + (5 + 2) * 15 - 30 + 2 * 15 - 30 + hours + exchanges
    assert found["metrics_label_overflow_total"] == left_out


def test_one_family_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that fails costs its own numbers; the scrape stands, and counts it."""

    def broken(_readings: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(
        "shadowmon.telemetry.metrics.READERS", (broken, *readers_module.READERS[3:])
    )

    found = scraped(a_view())

    assert found["metrics_failures_total"] == 1
    assert found["store_writable"] == 1


def test_one_number_that_is_none() -> None:
    """A sample that is no number at all costs its family, not the scrape."""
    bad: Any = "many"
    samples = (
        Sample(name="pairs_total", labels=("int8",), value=bad),
        Sample(name="journal_entries_total", labels=(), value=4.0),
    )

    found = scraped(a_view(samples=samples))

    assert found["metrics_failures_total"] == 1
    assert found["store_writable"] == 1


def test_picture_that_cannot_be_drawn(board: Board) -> None:
    """Without a picture the scrape says so, and claims nothing about the daemon."""

    def fails() -> DaemonView:
        raise RuntimeError

    found = read_from(Collector(fails, board))

    assert found["metrics_failures_total"] == 1
    assert "store_writable" not in found
    assert found["proxy_requests_total"] == 0


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_hostile_labels(accept: str) -> None:
    """Quotes, newlines, lone surrogates and any other text in a label never break a scrape."""
    hostile = 'a"b\\c\nd\ud800é\u202e{}'
    trial = a_trial_view(trial_id=TrialId(hostile))

    text, _ = exposition(Collector(lambda: a_view(trial)), accept)

    parse = parse_openmetrics if accept else parse_text
    families = {family.name: family for family in parse(text.decode())}
    (sample,) = families[f"{PREFIX}rollout_paused"].samples
    assert sample.labels == {"trial": hostile.replace("\ud800", "?")}


def test_content_types() -> None:
    """OpenMetrics is given to who asks for it, and the text format to everybody else."""
    collector = Collector(a_view)

    text, plain = exposition(collector, "")
    openmetrics, asked = exposition(collector, OPENMETRICS)

    assert plain.startswith("text/plain; version=0.0.4")
    assert asked.startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.endswith(b"# EOF\n")
    assert not text.endswith(b"# EOF\n")


def test_picture_is_not_asked_for_before_the_first_scrape() -> None:
    """A collector may be made before there is anything to see."""

    def fails() -> DaemonView:
        raise RuntimeError

    Collector(fails)


def test_budget() -> None:
    """A large daemon (50 trials, 10 figures and 10 rules each) is scraped in bounded time."""
    figures = tuple(a_figure(slice=SliceName(f"s{number}")) for number in range(10))
    rules = tuple(a_rule_view(f"r{number}", Side.WORSE) for number in range(10))
    trials = tuple(
        a_trial_view(trial_id=TrialId(f"t{number}"), number=number, figures=figures, rules=rules)
        for number in range(50)
    )
    collector = Collector(lambda: a_view(*trials))

    began = time.perf_counter()
    text, _ = exposition(collector, "")

    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    assert len(lines) < 20_000
    assert time.perf_counter() - began < 1.0


def test_exemplars_lead_to_pairs() -> None:
    """In OpenMetrics a bucket names a pair and a trace of its own; the text format cannot."""
    tallies = Tallies()
    tallies.observe("reply_duration_seconds", "int8", value=0.3, exemplar=("pair-1", "ab" * 16))
    tallies.observe("reply_duration_seconds", "int8", value=0.02, exemplar=("pair-2", ""))
    tallies.observe("reply_duration_seconds", "int8", value=0.7)
    told = [tallies.snapshot(), tallies.gauges()]
    samples, gauges = (
        tuple(Sample(name=one.name, labels=one.labels, value=one.value) for one in each)
        for each in told
    )
    collector = Collector(lambda: a_view(samples=samples, gauges=gauges))

    openmetrics, _ = exposition(collector, OPENMETRICS)
    text, _ = exposition(collector, "")

    found = {
        sample.labels["le"]: (sample.exemplar.labels, sample.exemplar.value)
        for family in parse_openmetrics(openmetrics.decode())
        for sample in family.samples
        if sample.exemplar
    }
    assert found == {
        "0.5": ({"pair_id": "pair-1", "trace_id": "ab" * 16}, 0.3),
        "0.025": ({"pair_id": "pair-2"}, 0.02),
    }
    assert b"pair-1" not in text


def test_exemplars_of_several_workers() -> None:
    """Of one bucket's exemplars the slowest is shown, and one that is too long is not."""
    name, bucket = "reply_duration_seconds_exemplar", ("int8", "0.5")
    gauges = (
        Sample(name=name, labels=(*bucket, "slower", ""), value=0.4),
        Sample(name=name, labels=(*bucket, "faster", ""), value=0.3),
        Sample(name=name, labels=("int8", "1.0", "x" * 200, ""), value=0.9),
    )
    samples = (Sample(name="reply_duration_seconds", labels=bucket, value=2.0),)

    text, _ = exposition(Collector(lambda: a_view(samples=samples, gauges=gauges)), OPENMETRICS)

    assert b'# {pair_id="slower"} 0.4' in text
    assert b"faster" not in text
    assert b"xxx" not in text
    assert len(list(parse_openmetrics(text.decode()))) == len(FAMILIES)


@pytest.mark.parametrize(
    "labels",
    [("int8", "0.123", "p", ""), ("int8", "sum", "p", ""), ("int8", "0.5"), ()],
)
def test_strange_exemplars_are_counted(labels: tuple[str, ...]) -> None:
    """An exemplar of no bucket is left out and counted."""
    gauge = Sample(name="reply_duration_seconds_exemplar", labels=labels, value=1.0)

    found = scraped(a_view(gauges=(gauge,)))

    assert found["metrics_unknown_samples_total"] == 1


def test_states_as_numbers() -> None:
    """Phase and grade are also told as one integer each, for a timeline."""
    trial = a_trial_view(verdict=a_verdict(grade=Grade.REVIEW), blocked="a person decides")

    found = scraped(a_view(trial))

    assert found['rollout_phase_index{trial="int8"}'] == 3
    assert found['verdict_grade_index{trial="int8"}'] == 2
    assert found['rollout_blocked{trial="int8"}'] == 1
    assert found['rollout_stage_pairs{trial="int8"}'] == 310
    assert found['rollout_stage_pairs_min{trial="int8"}'] == 200


def test_how_far_it_is_to_a_red_line() -> None:
    """The distance is that of the interval's lower end, the smallest of the rule's slices."""
    near, far = (
        replace(
            a_rule_view("core_quality", Side.WORSE),
            evidence=replace(a_rule_view(side=Side.WORSE).evidence, lower=lower),
        )
        for lower in (0.04, 0.01)
    )
    unknown = replace(near, evidence=replace(near.evidence, lower=None))

    found = scraped(a_view(a_trial_view(rules=(far, near, unknown))))

    assert found['red_line_distance{trial="int8",rule="core_quality"}'] == pytest.approx(0.01)


def test_slices_on_their_way() -> None:
    """A slice's pairs stand beside the planned ones; what no number can prove has no plan."""
    coverage = tuple(
        SliceView(slice=SliceName(name), cover=cover, planned_pairs=planned, seen_pairs=40)
        for name, cover, planned in (
            ("bank", "under_way", 100.0),
            ("post", "not_covered", math.inf),
        )
    )

    found = scraped(a_view(a_trial_view(coverage=coverage)))

    assert found['slice_pairs{trial="int8",slice="bank"}'] == 40
    assert found['slice_planned_pairs{trial="int8",slice="bank"}'] == 100
    assert 'slice_planned_pairs{trial="int8",slice="post"}' not in found


def test_pairs_still_needed() -> None:
    """A climb's claim has a forecast, a red line has none, and what is proven needs no more."""
    proven = a_rule_view("errors", Side.BETTER, log_e=4.0)
    trial = a_trial_view(
        rules=(a_rule_view(log_e_needed=30.0), proven, a_rule_view("red", Side.WORSE))
    )

    found = scraped(a_view(trial))

    named = 'trial="int8",metric="correct",slice="all"'
    assert found[f'evidence_pairs_needed{{rule="quality",{named}}}'] > 1000
    assert found[f'evidence_pairs_needed{{rule="errors",{named}}}'] == 0
    assert f'evidence_pairs_needed{{rule="red",{named}}}' not in found


def test_it_is_not_ready() -> None:
    """A daemon that says why it is not ready shows as a 0."""
    assert scraped(a_view())["ready"] == 1
    assert scraped(a_view(problems=("no tick yet",)))["ready"] == 0
