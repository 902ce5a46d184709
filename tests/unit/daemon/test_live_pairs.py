"""Pairs that somebody else made, line by line."""

from __future__ import annotations

import json

import pytest

from shadowmon.config.load import load
from shadowmon.daemon import build
from shadowmon.daemon.live_pairs import Checking, LivePairs
from shadowmon.daemon.recorded import LineError
from shadowmon.mirror.pairing import TrialRef
from shadowmon.records import ModelName, Outcome, RouteName, TrialId
from shadowmon.traffic.asker import digest_of
from shadowmon.traffic.sighting import SightingError
from tests.factories import an_exchange


INT8 = TrialId("int8")
REF = TrialRef(
    trial_id=INT8, baseline=ModelName("base"), optimized=ModelName("int8"), epoch=3, stage=2
)
LINE = {"id": "q-1", "baseline": {"text": "a"}, "optimized": {"text": "b"}}
TREE = {
    "models": {
        "base": {"url": "http://127.0.0.1:9001"},
        "int8": {"url": "http://127.0.0.1:9002"},
    },
    "routes": {"chat": {"baseline": "base", "path_prefix": "/v1"}},
    "trials": {
        "int8": {"route": "chat", "optimized": "int8", "task": "custom", "actuator": "dry_run"}
    },
    "traffic": {
        "tap": {"listen": "127.0.0.1:9003"},
        "slices": {"long": {"field": "max_tokens"}, "vip": {"header": "x-vip"}},
    },
}


@pytest.fixture(scope="module")
def settings():
    return load(None, environment={}, overrides=TREE)


@pytest.fixture(scope="module")
def pairs(settings):
    return LivePairs(settings, build.codecs(settings))


@pytest.fixture(scope="module")
def check(settings):
    return Checking(settings)


def an_exchange_of(**more):
    """Return an exchange whose body is a line."""
    body = json.dumps(LINE | more).encode()
    return an_exchange(body, id="q-1", source="pairs", route=RouteName("chat"))


def test_a_line_is_a_pair_of_the_trial_as_it_stands(pairs):
    """Both answers, the epoch and the stage of this moment, the slice of everything."""
    pair = pairs.pair(an_exchange_of(), REF)

    assert (pair.trial_id, pair.epoch, pair.stage, pair.exchange_id) == ("int8", 3, 2, "q-1")
    assert pair.baseline.answer is not None
    assert pair.optimized.answer is not None
    assert (pair.baseline.answer.text, pair.optimized.answer.text) == ("a", "b")
    assert pair.slices == {"all"}
    assert pair.cluster == ""


def test_answers_as_on_the_wire_are_read_by_the_routes_codec(pairs):
    """A client's object, dumped, says what the model said; an error is a failed reply."""
    body = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}
    pair = pairs.pair(
        an_exchange_of(baseline={"body": body}, optimized={"status": 500, "body": ""}), REF
    )

    assert pair.baseline.answer is not None
    assert pair.baseline.answer.text == "Hi"
    assert pair.optimized.outcome is Outcome.ERROR


def test_the_request_says_what_was_asked(pairs):
    """By the route's codec, and its fields say which slices it is in."""
    request = {"messages": [{"role": "user", "content": "Why?"}], "max_tokens": 5}
    pair = pairs.pair(
        an_exchange_of(request=request, target="/v1/chat/completions", slices=["vip"]), REF
    )

    assert pair.question.text == "Why?"
    assert pair.slices == {"all", "long", "vip"}


def test_a_user_is_known_by_the_same_digest_as_elsewhere(pairs):
    """Requests of one user are counted together, whichever way they came."""
    pair = pairs.pair(an_exchange_of(user="u-1"), REF)

    assert pair.cluster == digest_of("u-1") != ""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"label": "a"}, "labels"),
        ({"at": "2026-01-01T00:00:00Z"}, "replay"),
        ({"slices": ["strange"]}, "configured"),
        ({"slices": [["a"]]}, "slices"),
        ({"target": "v1"}, "path"),
        ({"user": ""}, "user"),
        ({"user": "u" * 2000}, "user"),
        ({"other": 1}, "other"),
        ({"baseline": {}}, "says nothing"),
        ({"baseline": {"txt": "a"}}, "txt"),
        ({"optimized": {"outcome": "odd"}}, "outcome"),
        ({"id": 7}, "id"),
    ],
)
def test_what_is_no_pair_is_refused_where_it_comes_in(check, more, why):
    """Its sender is told why, and nothing of it is quoted."""
    with pytest.raises(SightingError, match=why):
        check(INT8, json.dumps(LINE | more).encode())


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b'{"id":"a","id":"b"}', b"\xff"])
def test_what_is_no_json_object_is_refused(check, line):
    """Garbage is, whatever it is."""
    with pytest.raises(SightingError):
        check(INT8, line)


def test_a_good_line_is_known_by_its_id(check):
    """Bodies on the wire are not read here: that is the scoring workers' business."""
    line = json.dumps(LINE | {"optimized": {"body": "not of the codec"}}).encode()

    assert check(INT8, line) == "q-1"


def test_a_request_that_the_codec_cannot_read_is_refused_where_it_is_scored(pairs):
    """A pair whose question nobody can read is no pair."""
    with pytest.raises(LineError, match="request"):
        pairs.pair(an_exchange_of(request=[1], target="/v1/chat/completions"), REF)


def test_a_question_of_its_own_needs_no_codec(pairs):
    """Text that was asked is told as it is."""
    pair = pairs.pair(an_exchange_of(question={"text": "Why?"}), REF)

    assert pair.question.text == "Why?"
