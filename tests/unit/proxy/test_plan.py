"""Plans: what a worker is told."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.errors import ConfigError
from shadowmon.proxy import plan as plans
from shadowmon.proxy.plan import (
    Limits,
    PlannedModel,
    PlannedRoute,
    PlannedTrial,
    make_plan,
    planned_model,
)
from shadowmon.proxy.settings import ProxySettings


def a_plan(**changes: Any) -> plans.Plan:
    """Return a plan with one route."""
    settings: dict[str, Any] = {
        "proxy": ProxySettings(connections_max=7, retry_max_bytes=8),
        "sampling_salt": "s",
        "models": [planned_model("base", "http://model:8000/prefix")],
        "routes": [PlannedRoute(name="chat", path_prefix="/", baseline="base")],
        "trials": [],
        "worker": 3,
        "drain_seconds": 4.0,
        "parent_pid": 5,
    }
    return make_plan(**(settings | changes))


def test_a_plan_survives_the_way_to_the_worker():
    """What is written is what is read."""
    plan = a_plan()

    assert plans.decode(plans.encode(plan)) == plan


def test_a_plan_takes_its_limits_from_the_settings():
    """By name: every limit is a setting of the proxy's."""
    plan = a_plan()

    assert plan.limits.connections_max == 7
    assert plan.limits.retry_max_bytes == 8
    assert set(Limits.__struct_fields__) <= set(ProxySettings.model_fields)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("http://model:8000", "model", 8000, False),
        ("http://model/v1", "model", 80, False),
        ("https://model", "model", 443, True),
        ("http://[::1]:9", "::1", 9, False),
    ],
)
def test_an_address_is_read(url, host, port, tls):
    """Its path is for shadow calls and plays no part."""
    assert planned_model("m", url) == PlannedModel(name="m", host=host, port=port, tls=tls)


@pytest.mark.parametrize("url", ["http://:80", "http://model:eighty", "ftp://model", "model:80"])
def test_an_address_that_is_none_is_named(url):
    """The key, what was found, what to give instead."""
    with pytest.raises(ConfigError, match=r"models\.m\.url: .* \(give http://host:port"):
        planned_model("m", url)


def test_a_name_that_leads_nowhere_is_named():
    """All of them at once."""
    with pytest.raises(ConfigError) as caught:
        a_plan(
            proxy=ProxySettings(default_model="lost"),
            routes=[PlannedRoute(name="chat", path_prefix="/", baseline="bsae")],
            trials=[PlannedTrial(number=0, route="caht", optimized="int8")],
        )

    assert [complaint.key for complaint in caught.value.complaints] == [
        "routes.chat.baseline",
        "trials[0].optimized",
        "trials[0].route",
        "proxy.default_model",
    ]
    assert "there is no 'bsae' (there are: base)" in str(caught.value)
