"""Settings handed to a child process."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from pydantic import SecretStr

from shadowmon.config.load import load
from shadowmon.config.wire import from_wire, to_wire


CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("path", sorted(CASES.glob("good.*.yaml")), ids=lambda path: path.stem)
def test_round_trip(path):
    """What comes off the wire is equal to what went on, field by field and type by type."""
    settings = load(path, environment={})

    again = from_wire(to_wire(settings))

    assert again == settings
    assert repr(again) == repr(settings)


def test_secrets_arrive(everything):
    """A child gets the secrets themselves."""
    again = from_wire(to_wire(everything))

    assert again == everything
    assert again.models["int8"].bearer_token == SecretStr("planted-token")
    assert again.console.operator_token == SecretStr("planted-operator")


def test_wire_is_json(everything):
    """The wire's bytes are JSON."""
    assert json.loads(to_wire(everything))["models"]["int8"]["price"]["per_request"] == 1e-7
