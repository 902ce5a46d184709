"""A configuration with a bit of everything in it; each secret begins with `planted`."""

from __future__ import annotations

import pytest
import yaml

from shadowmon.config.load import load


TEXT = """
models:
  fp32: {url: "http://127.0.0.1:9001", rewrite: {parameters: {temperature: 0, stop: ["a", 1.5]}}}
  int8:
    url: http://127.0.0.1:9002
    bearer_token: planted-token
    headers: {x-api-key: planted-key}
    price: {per_request: 1.0e-7}
routes:
  digits: {baseline: fp32, codec: json, codec_settings: {label: out.label}}
trials:
  int8: {route: digits, optimized: int8, task: classification, rollout: {climb: false}}
proxy: {listen: "127.0.0.1:8080"}
store: {path: /var/lib/größe/it.db}
console: {operator_token: planted-operator}
"""


@pytest.fixture
def text():
    """The configuration as YAML."""
    return TEXT


@pytest.fixture
def everything():
    """The configuration, loaded."""
    return load(None, environment={}, overrides=yaml.safe_load(TEXT))
