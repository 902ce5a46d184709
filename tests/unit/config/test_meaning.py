"""Which settings say what an observation means."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, get_origin

import pytest

from shadowmon.config.keys import fields_at, type_at
from shadowmon.config.meaning import covers, meaning_of
from shadowmon.config.meaning_keys import MEANING, NO_MEANING, TOLD_ELSEWHERE
from shadowmon.config.settings import Settings


TABLES = {**dict.fromkeys(MEANING, "meaning"), **TOLD_ELSEWHERE, **NO_MEANING}

BASE = {
    "models": {
        "fp32": {"url": "http://127.0.0.1:9001"},
        "int8": {"url": "http://127.0.0.1:9002"},
        "other": {"url": "http://127.0.0.1:9003"},
    },
    "routes": {
        "digits": {"baseline": "fp32", "codec": "json", "path_prefix": "/digits"},
        "else": {"baseline": "other", "path_prefix": "/else"},
    },
    "trials": {"int8": {"route": "digits", "optimized": "int8", "task": "classification"}},
    "traffic": {
        "slices": {"long": {"header": "x-long"}},
        "events": {"services": [{"name": "s", "route": "digits", "model": "fp32"}]},
    },
}


def settings_with(*changes):
    """Return the settings, but with the value at each path as given."""
    tree = deepcopy(BASE)
    for path, value in changes:
        *above, name = path.split(".")
        here: Any = tree
        for step in above:
            here = here.setdefault(step, {})
        here[name] = value
    return Settings.model_validate(tree)


def changed_by(*changes):
    """Return the keys of what the trial's observations mean that these changes change."""
    before = meaning_of(settings_with(), "int8")
    after = meaning_of(settings_with(*changes), "int8")
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def leaves(path=()):
    """Walk through all keys that hold a value; what is in a list belongs to its list."""
    for name in fields_at(path):
        here = (*path, name)
        named = (*here, "*")
        if fields_at(here):
            yield from leaves(here)
        elif fields_at(named) and get_origin(type_at(here)) is dict:
            yield from leaves(named)
        else:
            yield here


def test_every_setting_means_something_or_nothing():
    """Of each key it is written down, once, whether observations mean something else by it."""
    told = {".".join(path): covers(TABLES, path) for path in leaves()}

    assert {key: tables for key, tables in told.items() if len(tables) != 1} == {}


def test_no_table_has_a_key_that_is_no_setting():
    """A setting that is renamed is renamed there too."""
    covered = {key for path in leaves() for key in covers(TABLES, path)}

    assert covered == set(TABLES)
    assert len(TABLES) == len(MEANING) + len(TOLD_ELSEWHERE) + len(NO_MEANING)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("scoring.slow_quantile", 0.9, "scoring.slow_quantile"),
        ("scoring.typed_fields", True, "scoring.typed_fields"),
        ("scoring.unsafe_patterns", ["secret"], "scoring.unsafe_patterns"),
        ("models.int8.timeout_seconds", 5, "models.int8.timeout_seconds"),
        ("models.fp32.rewrite", {"model": "x"}, "models.fp32.rewrite.model"),
        ("models.int8.breaker", {"ratio": 0.5}, "models.int8.breaker.ratio"),
        ("routes.digits.codec_settings", {"label": "a"}, "routes.digits.codec_settings"),
        ("routes.digits.path_prefix", "/d", "routes.digits.path_prefix"),
        ("traffic.slices.long", {"header": "x-very-long"}, "traffic.slices.long"),
        ("trials.int8.labels", {"compare": "word"}, "labels.compare"),
        ("trials.int8.labels", {"maturity_seconds": 60}, "labels.maturity_seconds"),
        ("mirror.answer_max_bytes", 4096, "mirror.answer_max_bytes"),
    ],
)
def test_what_means_something_else(path, value, key):
    """A changed setting is named by its key, and no other with it."""
    assert changed_by((path, value)) == {key}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("models.int8.url", "http://127.0.0.1:9009"),
        ("models.int8.connections_max", 3),
        ("models.other.timeout_seconds", 5),
        ("routes.else.codec_settings", {"label": "a"}),
        ("routes.digits.sample_rate", 0.5),
        ("trials.int8.policy", {"acceptable": 0.5, "red_lines": []}),
        ("scoring.processes", 2),
        ("assessors", {"judge": {"endpoint": {"url": "http://127.0.0.1:1"}}}),
        ("traffic.redaction", {"fields": ["a"]}),
        ("rollout", {"climb": False}),
    ],
)
def test_what_means_the_same(path, value):
    """Neither speed, nor a limit, nor what is about other models, routes and trials."""
    assert changed_by((path, value)) == set()


def test_an_assessor_that_a_trial_reads():
    """A moderation endpoint says what is unsafe: which one it is is part of what that means."""
    endpoint = ("assessors.moderation.endpoint", {"url": "http://127.0.0.1:1"})

    found = changed_by(endpoint, ("trials.int8.scorers", ["label", "safety"]))

    assert {"assessors", "assessors.moderation.endpoint.url", "scorers"} <= found
    assert not any("token" in key or "headers" in key for key in found)


def test_services_of_another_route_are_another_trials():
    """A list whose entries name their route tells a trial of its own route only."""
    ours, theirs = (
        {"name": route, "route": route, "model": model}
        for route, model in (("digits", "fp32"), ("else", "other"))
    )
    same = {"name": "s", "route": "digits", "model": "fp32"}

    assert changed_by(("traffic.events.services", [same, theirs])) == set()
    assert changed_by(("traffic.events.services", [same, ours])) == {"traffic.events.services"}


def test_no_value_is_told():
    """What is kept and shown is a digest, whatever was configured."""
    found = meaning_of(settings_with(("scoring.unsafe_phrases", ["planted"])), "int8")

    assert {len(digest) for digest in found.values()} == {16}
    assert "planted" not in str(found)
