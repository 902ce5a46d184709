"""Whatever is written into a configuration: it is taken whole, or refused in words."""

from __future__ import annotations

import json
import tempfile

from pathlib import Path

import pytest

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shadowmon.config.load import load
from shadowmon.config.settings import Settings
from shadowmon.config.wire import from_wire, to_wire
from shadowmon.errors import ConfigError


words = st.sampled_from(
    [
        "models",
        "routes",
        "trials",
        "proxy",
        "rollout",
        "listen",
        "stages",
        "policy",
        "limit",
        "x",
        "",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=20,
)


def loaded(content: bytes, environment: dict[str, str] | None = None) -> Settings | None:
    """Load these bytes; None if they are refused."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(content)
        file.flush()
        try:
            return load(Path(file.name), environment=environment or {})
        except ConfigError as error:
            refused = error
    lines = str(refused).split("\n")
    assert len(lines) == len(refused.complaints) > 0
    assert all(line.isprintable() for line in lines)
    return None


@settings(max_examples=150)
@given(st.binary(max_size=200))
@example(b"\x00")
@example(b"&a [*a]")
@example(b"? {a: b}\n: c")
@example(b"%YAML 9.9\n---\na")
@example(b"- !!set {a, b}\n")
def test_any_bytes(content: bytes) -> None:
    """Any bytes are refused in words; there is no other exception."""
    loaded(content)


@settings(max_examples=150)
@given(trees)
def test_any_tree(tree: object) -> None:
    """Any tree of plain values is taken or refused in words."""
    loaded(json.dumps({"models": {}, "routes": {}, "rollout": tree}).encode())
    loaded(json.dumps(tree).encode())


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(["MODELS", "MIRROR__QUEUE_MAX", "A__B", "PROXY"]), st.text())
)
def test_any_environment(variables: dict[str, str]) -> None:
    """Whatever a variable holds, it is taken or refused in words, and shown on one line."""
    environment = {f"SHADOWMON_{name}": value for name, value in variables.items()}

    loaded(b"models: {}\nroutes: {}\n", environment)


@settings(max_examples=100)
@given(
    queue_max=st.integers(min_value=1),
    tick_seconds=st.floats(min_value=0, max_value=60, exclude_min=True),
    reason=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_round_trip(queue_max: int, tick_seconds: float, reason: str) -> None:
    """Every value that is taken comes off the wire as it went on."""
    before = Settings.model_validate(
        {
            "models": {},
            "routes": {},
            "mirror": {"queue_max": queue_max},
            "daemon": {"tick_seconds": tick_seconds},
            "rollout": {"skip_reason": reason},
        }
    )

    assert from_wire(to_wire(before)) == before


@pytest.mark.parametrize("name", ["models", "routes"])
def test_what_is_needed(name: str) -> None:
    """Without models or routes there is nothing to configure."""
    other = {"models": "routes", "routes": "models"}[name]

    assert loaded(f"{other}: {{}}\n".encode()) is None
