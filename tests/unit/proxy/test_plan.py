"""Plans: what a worker is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pydantic import SecretStr

from shadowmon.errors import ConfigError
from shadowmon.proxy import plan as plans
from shadowmon.proxy.plan import (
    Limits,
    PlannedAddress,
    PlannedLog,
    PlannedModelTls,
    PlannedPins,
    PlannedRoute,
    PlannedTrial,
    make_plan,
    planned_model,
    planned_pins,
)
from shadowmon.proxy.settings import (
    AccessLogSettings,
    PinSettings,
    ProxySettings,
    ProxyTlsSettings,
)


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
    (address,) = planned_model("m", url).addresses

    assert address == PlannedAddress(host=host, port=port, tls=tls)


def test_a_unix_sockets_address_is_read():
    """Its path stands in the host's place, and the slashes in it are %2F."""
    (address,) = planned_model("m", "http+unix://%2Frun%2Fmodel.sock/v1").addresses

    assert address == PlannedAddress(path="/run/model.sock")


def test_a_model_may_have_several_addresses():
    """In the order in which they are given."""
    model = planned_model("m", "http://a:1", "https://b", tls=PlannedModelTls(server_name="c"))

    assert [address.host for address in model.addresses] == ["a", "b"]
    assert model.tls.server_name == "c"


def test_pins_and_certificates_come_as_text():
    """A worker needs neither paths nor secrets as the settings have them."""
    proxy = ProxySettings(
        tls=ProxyTlsSettings(certificate=Path("/c.pem"), key=Path("/k.pem")),
        access_log=AccessLogSettings(path=Path("/log"), waiting_max=5),
    )
    pins = PinSettings(optimized=("ann",), header_token=SecretStr("t"))

    plan = a_plan(proxy=proxy, redacted=("secret",))

    assert plan.tls is not None
    assert plan.tls.files == ("/c.pem", "/k.pem")
    assert plan.log == PlannedLog(path="/log", waiting_max=5, patterns=("secret",))
    assert planned_pins(pins) == PlannedPins(optimized=("ann",), header_token="t")


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
