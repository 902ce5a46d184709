"""What every actuator is set by."""

from __future__ import annotations

import pytest

from pydantic import BaseModel, ValidationError

from shadowmon.actuators.dry_run import DryRun
from shadowmon.actuators.envoy import EnvoyWeights
from shadowmon.actuators.exec import Exec
from shadowmon.actuators.haproxy import HAProxyWeights
from shadowmon.actuators.kubernetes.patcher import GatewayApi, Istio, KServe
from shadowmon.actuators.nginx import NginxSplit
from shadowmon.actuators.openfeature import OpenFeatureFlag
from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.actuators.webhook import Webhook
from tests.places import a_place


SIDES = {"baseline": "fp16", "optimized": "int8"}
ALL = [
    (DryRun, {}),
    (ProxyWeights, {}),
    (OpenFeatureFlag, {}),
    (EnvoyWeights, {}),
    (GatewayApi, {"name": "chat", **SIDES}),
    (Istio, {"name": "chat", **SIDES}),
    (KServe, {"name": "chat"}),
    (HAProxyWeights, {"address": "unix:/run/haproxy/admin.sock", "backend": "models"}),
    (HAProxyWeights, {"address": "unix:/run/haproxy/admin.sock", "map": "/etc/shadowmon.map"}),
    (NginxSplit, {"file": "/etc/nginx/shadowmon.conf"}),
    (Webhook, {"url": "http://example.test/weights"}),
    (Exec, {"set": ["/usr/local/bin/set-weight"]}),
]


@pytest.mark.parametrize(("kind", "options"), ALL)
async def test_it_is_made_from_what_must_be_set_alone(kind, options):
    """And opens, and closes, without asking anybody."""
    async with kind.of(kind.Settings(**options), a_place()) as actuator:
        assert isinstance(actuator, kind)


@pytest.mark.parametrize(("kind", "options"), ALL)
def test_a_misspelt_setting_is_refused(kind, options):
    """Whatever it is."""
    assert issubclass(kind.Settings, BaseModel)
    with pytest.raises(ValidationError, match="no_such_key"):
        kind.Settings(**options, no_such_key=1)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (HAProxyWeights, {"address": "/run/admin.sock", "backend": "models"}),
        (HAProxyWeights, {"address": "unix:/a", "backend": "models; shutdown sessions"}),
        (HAProxyWeights, {"address": "unix:/a", "map": "/m; shutdown sessions"}),
        (HAProxyWeights, {"address": "unix:/a"}),
        (HAProxyWeights, {"address": "unix:/a", "map": "/m", "backend": "models"}),
        (NginxSplit, {"file": "/a", "key": '$x" $y { } include "/etc/passwd'}),
        (NginxSplit, {"file": "/a", "optimized": "int8; }"}),
        (Webhook, {"url": "http://user:secret@example.test/"}),
        (Webhook, {"url": "file:///etc/passwd"}),
        (Exec, {"set": []}),
        (Exec, {"set": [""]}),
        (GatewayApi, {"name": "../secrets/x", **SIDES}),
        (OpenFeatureFlag, {"flag": "a/b"}),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(kind, options):
    """A name that could smuggle in a command, a path or a password."""
    with pytest.raises(ValidationError):
        kind.Settings(**options)
