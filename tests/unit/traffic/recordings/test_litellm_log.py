"""What LiteLLM's logger wrote, as a recording."""

from __future__ import annotations

import json

import pytest

from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.litellm import Gateway
from shadowmon.traffic.recordings.index import Index
from shadowmon.traffic.recordings.litellm_log import litellm_log
from shadowmon.traffic.recordings.recording import Arms, Kind, RecordingError, Unusable
from shadowmon.traffic.settings import LiteLlmSettings, RouteSettings
from tests.traffic_files import jsonl, saying


MODELS = {"big": "base", "small": "int8", "third": "int4"}


def a_log(route="chat"):
    """Return the reader of a trial of base and int8."""
    group = LiteLlmSettings(route="chat", models=MODELS)
    gateway = Gateway([group], {"chat": RouteSettings(baseline="base")})
    arms = Arms(route=RouteName(route), baseline=ModelName("base"), optimized=ModelName("int8"))
    return litellm_log(gateway, arms)


def a_payload(group="big", **changes):
    """Return a payload; any key may be named."""
    payload = {
        "id": f"chatcmpl-{group}",
        "trace_id": "t-1",
        "call_type": "acompletion",
        "model_group": group,
        "status": "success",
        "startTime": 1_767_268_800.0,
        "endTime": 1_767_268_801.5,
        "messages": [{"role": "user", "content": "hello"}],
        "model_parameters": {"temperature": 0},
        "metadata": {"requester_metadata": {"shadow_pair_id": "p-1"}},
        "response": saying(group),
    }
    return payload | changes


def test_a_ready_pair():
    """The user's call and its silent one are one request with both answers."""
    lines = [jsonl(a_payload("small")), jsonl(a_payload())]
    refused: list[object] = []
    index = Index(lambda *told: refused.append(told))
    for part in a_log().parts(lines, name="x"):
        index.add(0, part)

    (slot,) = index.slots()
    found = a_log().read({kind: lines[place.number - 1] for kind, place in slot.places.items()})

    assert refused == []
    assert slot.id == "p-1"
    assert slot.at == 1_767_268_800.0
    assert found.target == "/v1/chat/completions"
    assert json.loads(found.body)["messages"] == a_payload()["messages"]
    assert found.baseline is not None
    assert found.optimized is not None
    assert json.loads(found.baseline.body) == saying("big")
    assert json.loads(found.optimized.body) == saying("small")
    assert found.baseline.seconds == 1.5


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (a_payload("third"), "it is of a model that this trial does not compare"),
        (a_payload("none"), "no entry of traffic.events.litellm has this payload's model_group"),
        (a_payload(cache_hit=True), "it was answered from LiteLLM's cache"),
        (a_payload(messages="redacted-by-litellm"), "its text is redacted"),
    ],
)
def test_payloads_that_cannot_be_used(payload, problem):
    """What says nothing about either model is refused with the reason."""
    (found,) = a_log().parts([jsonl(payload)], name="x")

    assert isinstance(found, Unusable)
    assert found.problem.startswith(problem)


def test_another_route():
    """A payload of a model on another route is not this trial's."""
    (found,) = a_log(route="other").parts([jsonl(a_payload())], name="x")

    assert isinstance(found, Unusable)


def test_a_line_that_changed():
    """A payload that cannot be read any more is refused when its turn comes."""
    with pytest.raises(RecordingError, match="no entry of"):
        a_log().read({Kind.REQUEST: jsonl(a_payload("none"))})
