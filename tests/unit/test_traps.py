"""
Traps in the formats of others, each with the test that walks into it.

What can go wrong was read in those projects' sources; the modules that read a format name them.
This table is for whoever asks whether a trap was thought of, and a test that is renamed or dropped
falls out of it here.
"""

from __future__ import annotations

import ast

from pathlib import Path

import pytest


TESTS = Path(__file__).parents[1]

KSERVE = {
    "an answer's event has its request's content type": (
        "unit/traffic/test_inference_events.py::test_an_answer_has_the_requests_content_type"
    ),
    "and that is what curl claims: a form": (
        "unit/traffic/test_inference_events.py::test_content_type_of_a_request_is_what_curl_claims"
    ),
    "a streamed answer is one body of events": (
        "unit/traffic/test_inference_events.py::test_an_answer_has_the_requests_content_type"
    ),
    "only answers with status 200 are told": (
        "unit/traffic/test_joining.py::test_what_never_came_is_waited_for_and_then_called"
    ),
    "newer loggers tell every status": (
        "unit/traffic/test_inference_events.py::test_status_is_200_unless_it_is_told"
    ),
    "any status of ours but 200 is a failure to the logger": (
        "integration/traffic/test_events.py::test_two_services_that_log_one_id_are_one_exchange"
    ),
    "a slow sink fills the logger's memory": (
        "integration/traffic/test_events.py::test_too_much_at_one_time_is_shed_at_once"
    ),
    "one id for both services joins them": (
        "integration/traffic/test_events.py::test_two_services_that_log_one_id_are_one_exchange"
    ),
    "transformer and predictor log under one id": (
        "unit/traffic/test_inference_events.py::test_a_transformer_logs_under_the_same_id"
    ),
    "default and canary are one service": (
        "unit/traffic/test_inference_events.py"
        "::test_canary_and_default_are_two_models_of_one_service"
    ),
    "headers come as lists of values": (
        "unit/traffic/test_inference_events.py::test_metadata_is_the_requests_headers"
    ),
    "events are lost": (
        "unit/traffic/test_joining.py::test_a_request_alone_is_as_good_as_a_mirrored_one"
    ),
    "events come late": "unit/traffic/test_joining.py::test_what_comes_late_is_told_as_late",
    "events come twice": "unit/traffic/test_joining.py::test_what_comes_twice_counts_once",
    "events come in any order": (
        "unit/traffic/test_joining.py::test_any_order_makes_the_same_exchange"
    ),
}
SELDON = {
    "request and answer differ in id and share requestid": (
        "unit/traffic/test_inference_events.py::test_seldons_events_have_ids_of_their_own"
    ),
    "old versions of the format": "unit/traffic/test_cloud_events.py::test_structured_mode",
    "a route that tries a 5xx again tells of the failure first": (
        "unit/traffic/test_joining.py::test_a_failed_answer_waits_for_a_second_try"
    ),
}
GOREPLAY = {
    "three fields or four, and an id of any length": (
        "unit/traffic/recordings/test_goreplay.py::test_older_files"
    ),
    "fewer fields are no record": (
        "unit/traffic/recordings/test_goreplay.py::test_a_first_line_that_is_none"
    ),
    "the last separator is missing": (
        "unit/traffic/recordings/test_goreplay.py::test_no_separator_at_the_end"
    ),
    "a body holds the separator": (
        "unit/traffic/recordings/test_goreplay.py::test_a_body_with_a_separator"
    ),
    "bodies are chunked and compressed as on the wire": (
        "unit/traffic/recordings/test_goreplay.py::test_chunked_and_compressed"
    ),
    "types 1, 2 and 3 under one id are a pair": (
        "unit/traffic/recordings/test_goreplay.py::test_a_ready_pair"
    ),
    "ids that do not meet": "unit/traffic/recordings/test_index.py::test_what_cannot_be_joined",
    "records are not in the order of their times": (
        "unit/traffic/recordings/test_index.py::test_the_order_of_the_times"
    ),
    "an answer before its request": (
        "unit/traffic/recordings/test_goreplay.py::test_an_answer_before_its_request"
    ),
    "a zipped file": ("integration/cli/test_replay_traffic.py::test_from_a_file_to_a_verdict"),
    "whatever is written by the description is read": (
        "property/test_goreplay.py::test_what_was_written_is_read"
    ),
}
MIRRORS = {
    "Envoy's -shadow stands before the port": (
        "integration/traffic/test_tap.py::test_shadow_hosts"
    ),
    "and a real Envoy writes it so": (
        "integration/traffic/test_mirrors.py::test_a_copy_is_what_the_user_sent"
    ),
    "a copy has the request's id only if the mirror keeps it": (
        "integration/traffic/test_mirrors.py::test_a_request_and_its_copy_share_an_id"
    ),
    "an answer before the body's end cuts the copy": (
        "integration/traffic/test_tap.py::test_nothing_is_answered_before_the_body_is_there"
    ),
    "a tap that hangs holds Envoy's users up": (
        "e2e/test_mirrors.py"
        "::test_a_tap_in_trouble_holds_no_user_of_envoy_up_for_longer_than_is_said"
    ),
    "nginx keeps a connection until the copy is over": (
        "e2e/test_mirrors.py"
        "::test_a_tap_in_trouble_delays_nginxs_next_request_no_longer_than_is_said"
    ),
    "a stream told to ext_proc may end without its end": (
        "integration/traffic/test_ext_proc.py::test_a_user_who_leaves_leaves_no_pair"
    ),
    "ext_proc's body modes but STREAMED tell nothing": (
        "integration/traffic/test_ext_proc.py::test_without_whole_bodies_there_is_no_pair"
    ),
}
LITELLM = {
    "the mark of a silent call does not arrive": (
        "unit/traffic/test_litellm.py::test_the_silent_call_is_told_by_its_model_group"
    ),
    "its call id is its own": (
        "unit/traffic/test_litellm.py::test_the_callers_id_is_found_wherever_metadata_survive"
    ),
    "a trace holds a whole session": (
        "unit/traffic/test_litellm.py::test_without_the_callers_id_the_trace_and_the_question_join"
    ),
    "a failed call has a code and no answer": (
        "unit/traffic/test_litellm.py::test_a_failed_call_is_a_failed_answer"
    ),
    "caches, and redacted text": (
        "unit/traffic/test_litellm.py::test_what_says_nothing_of_the_models_is_refused"
    ),
    "an array, one a line, or one alone": (
        "unit/traffic/test_litellm.py::test_a_post_is_an_array_or_one_a_line"
    ),
}
FLAGGER = {
    "a 200 to a mistyped rollback hook rolls back": "scenarios/gates/flagger_names.txt",
    "rollback is the other way round": "scenarios/gates/flagger_fail.txt",
    "a failed rollout hook counts towards a roll-back": "scenarios/gates/flagger_insufficient.txt",
    "a reason outlives a 4xx and no 5xx": "scenarios/gates/flagger_store_down.txt",
    "events have three keys of their own": "scenarios/gates/flagger_events.txt",
    "its load tester's paths": "scenarios/gates/load_tester.txt",
    "NaN and nothing are failed checks": "unit/telemetry/test_metrics.py::test_no_number_is_nan",
    "gauges must be there before traffic": (
        "unit/telemetry/test_metrics.py::test_numbers_before_traffic"
    ),
}
ARGO = {
    "whatever is no 2xx is an error, and a few abort": "scenarios/gates/argo_web.txt",
    "NaN makes the answer a text": (
        "unit/gates/test_standing.py::test_what_is_not_measured_is_the_worst"
    ),
    "its templates must say what inconclusive means": (
        "unit/gates/test_manifests.py::test_argo_waits_for_evidence"
    ),
    "its Kayenta needs complete, score, and exactly 200": "scenarios/gates/argo_kayenta.txt",
}
KAYENTA = {
    "a missing point is the text NaN": (
        "unit/gates/test_kayenta_judge.py::test_missing_points_are_removed_or_zeros"
    ),
    "its own golden figures": "unit/gates/test_mann_whitney.py::test_kayentas_own_figures",
    "spinnaker#6278": (
        "unit/gates/test_kayenta_judge.py::test_issue_6278_passes_with_seven_of_ten"
    ),
    "kayenta#426": "unit/gates/test_kayenta_judge.py::test_issue_426_passes",
    "two constants have no variance": (
        "unit/gates/test_kayenta_judge.py::test_two_constants_are_told_apart"
    ),
    "half without data is 0": ("unit/gates/test_kayenta_score.py::test_half_without_data_is_zero"),
}
DIFFY = {
    "its rule beside ours": (
        "unit/benchmarks/test_peers.py"
        "::test_diffy_shows_what_is_beyond_noise_by_a_fifth_and_not_too_rare"
    ),
}
TRAPS = {
    f"{name}: {trap}": test
    for name, traps in {
        "KServe": KSERVE,
        "Seldon": SELDON,
        "GoReplay": GOREPLAY,
        "mirrors": MIRRORS,
        "LiteLLM": LITELLM,
        "Flagger": FLAGGER,
        "Argo": ARGO,
        "Kayenta": KAYENTA,
        "Diffy": DIFFY,
    }.items()
    for trap, test in traps.items()
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_has_its_test(trap):
    """The test that is named is there; a story is a file of its own."""
    path, _, name = TRAPS[trap].partition("::")
    text = (TESTS / path).read_text()
    if name:
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        assert name in {each.name for each in ast.parse(text).body if isinstance(each, functions)}
