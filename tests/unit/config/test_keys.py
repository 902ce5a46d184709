"""Keys: how they are written, and what the settings have there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pydantic import SecretStr

from shadowmon.config.keys import (
    allows_none,
    fields_at,
    is_secret,
    is_text,
    nested_homes,
    type_at,
    written,
)
from shadowmon.policy.settings import Task


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("models", "int8", "url"), "models.int8.url"),
        (("policy", "red_lines", 2, "limit"), "policy.red_lines[2].limit"),
        (("models", "int4.g128", "url"), 'models."int4.g128".url'),
        (("a\nb", ""), 'a\\nb.""'),
    ],
)
def test_path_as_people_write_it(path, text):
    """A key is one line, and a name with a dot in it cannot be mistaken for two."""
    assert written(path) == text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("mirror", "queue_max"), int),
        (("models", "any", "bearer_token"), SecretStr),
        (("trials", "any", "task"), Task),
        (("trials", "any", "rollout", "stages", 0, "percent"), float),
        (("store", "path"), Path),
        (("models", "any", "rewrite", "parameters", "seed"), None),
        (("nowhere",), None),
        (("mirror", "queue_max", "deeper"), None),
    ],
)
def test_type_at_a_key(path, kind):
    """The type that a key's value has is read off the settings themselves."""
    assert type_at(path) is kind


def test_every_secret_is_known():
    """Every field that is declared secret is one that is never shown."""
    found = set(_secrets(()))

    assert found == {
        ("models", "*", "bearer_token"),
        ("proxy", "pins", "*", "header_token"),
        ("console", "operator_token"),
        ("console", "reviewer_token"),
        ("traffic", "events", "token"),
        ("traffic", "ext_proc", "token"),
        *(
            ("assessors", assessor, "endpoint", "bearer_token")
            for assessor in ("semantic", "moderation", "judge")
        ),
    }
    assert all(map(is_secret, found))


def _secrets(path):
    """Walk sections and tables; no secret stands in a list."""
    for name in fields_at(path):
        if type_at((*path, name)) is SecretStr:
            yield (*path, name)
        for inner in ((*path, name), (*path, name, "*")):
            yield from _secrets(inner)


def test_headers_of_shadow_calls_are_secret():
    """A model's headers carry keys as often as not."""
    assert is_secret(("models", "int8", "headers", "x-api-key"))
    assert is_secret(("assessors", "judge", "endpoint", "headers", "x-api-key"))
    assert not is_secret(("traffic", "redaction", "headers", 0))


def test_key_at_the_wrong_level():
    """Where a name is a key further down, that is known."""
    assert nested_homes(("trials", "int8"), "acceptable") == ["policy.acceptable"]
    assert nested_homes(("rollout",), "nonsense") == []


def test_kinds_of_values():
    """What is text, and what may be null."""
    assert is_text(type_at(("telemetry", "log_level")))
    assert not is_text(type_at(("mirror", "queue_max")))
    assert allows_none(("proxy", "listen"))
    assert not allows_none(("console", "listen"))
    assert not allows_none(())
