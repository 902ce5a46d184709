"""Weights in Kubernetes objects, against an API server that guards them and misbehaves."""

from __future__ import annotations

import json

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.kubernetes.patcher import GatewayApi, Istio, KServe
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight
from shadowmon.testing.actuators import ActuatorContract
from tests.kubernetes_api import SCHEMAS, TOKEN, KubernetesApi, serving
from tests.places import StandingClock, a_place


MANIFESTS = Path(__file__).parents[3] / "deploy" / "kubernetes"


@dataclass(frozen=True)
class Kind:
    """One kind of object, and how a foreign hand gives the optimized side 40 %."""

    actuator: type[GatewayApi | Istio | KServe]
    manifest: str
    schema: str
    path: str
    options: dict[str, Any]
    meddled: tuple[str, ...]


GATEWAY_API = Kind(
    GatewayApi,
    "gateway-api.yaml",
    "HTTPRoute_v1.json",
    "/apis/gateway.networking.k8s.io/v1/namespaces/models/httproutes/chat",
    {"baseline": "chat-fp16", "optimized": "chat-int8"},
    ("rules", "0", "backendRefs"),
)
ISTIO = Kind(
    Istio,
    "istio.yaml",
    "VirtualService_v1.json",
    "/apis/networking.istio.io/v1/namespaces/models/virtualservices/chat",
    {"baseline": "fp16", "optimized": "int8"},
    ("http", "0", "route"),
)
KSERVE = Kind(
    KServe,
    "kserve.yaml",
    "InferenceService_v1beta1.json",
    "/apis/serving.kserve.io/v1beta1/namespaces/models/inferenceservices/chat",
    {},
    (),
)
KINDS = (GATEWAY_API, ISTIO, KSERVE)


def manifest_of(kind: Kind) -> dict[str, Any]:
    """Return the object that is shipped."""
    found: dict[str, Any] = next(iter(yaml.safe_load_all((MANIFESTS / kind.manifest).read_text())))
    return found


def the_share(kind: Kind, spec: dict[str, Any]) -> float:
    """Return what the optimized side gets, in percent, read without any code of ours."""
    if kind is KSERVE:
        return float(spec["predictor"]["canaryTrafficPercent"])
    sides = spec["rules"][0]["backendRefs"] if kind is GATEWAY_API else spec["http"][0]["route"]
    weights = [float(side["weight"]) for side in sides]
    return 100 * weights[1] / sum(weights)


@asynccontextmanager
async def a_patcher(
    kind: Kind, folder: Path, found: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[GatewayApi | Istio | KServe, KubernetesApi]]:
    """Serve an object, and yield what patches it."""
    (folder / "token").write_text(TOKEN + "\n")
    api = KubernetesApi(found or manifest_of(kind), kind.schema, kind.path)
    async with serving(api):
        settings: Any = kind.actuator.Settings.model_validate(
            {
                "url": api.url,
                "token_file": folder / "token",
                "ca_file": None,
                "namespace": "models",
                "name": "chat",
                **kind.options,
                **options,
            }
        )
        place = a_place(clock=StandingClock())
        async with kind.actuator.of(settings, place) as actuator:
            yield actuator, api


class _Contract(ActuatorContract):
    kind: Kind
    api: KubernetesApi

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        async with a_patcher(self.kind, folder) as (actuator, self.api):
            yield actuator

    async def meddle(self, actuator: Actuator) -> Weight | None:
        del actuator
        self.api.change(self._forty_percent)
        return Weight(4000)

    def _forty_percent(self, found: dict[str, Any]) -> None:
        if self.kind is KSERVE:
            found["spec"]["predictor"]["canaryTrafficPercent"] = 40
            return
        here = found["spec"]
        for step in self.kind.meddled:
            here = here[int(step)] if isinstance(here, list) else here[step]
        here[0]["weight"], here[1]["weight"] = 60, 40

    async def break_down(self, actuator: Actuator) -> bool:
        del actuator
        self.api.path = "/elsewhere"
        return True


class TestGatewayApi(_Contract):
    """An HTTPRoute keeps what every actuator promises."""

    kind = GATEWAY_API
    weights = (Weight(1), Weight(2500), Weight(10_000), Weight(0))


class TestIstio(_Contract):
    """A VirtualService keeps what every actuator promises."""

    kind = ISTIO


class TestKServe(_Contract):
    """An InferenceService keeps what every actuator promises."""

    kind = KSERVE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.manifest)
@pytest.mark.parametrize("fault", ["conflict", "error", "cut", "lost", "meddled"])
async def test_a_fault_never_makes_a_double_step(kind, fault, tmp_path):
    """Whatever becomes of a patch, the object takes exactly one step, to what was wanted."""
    async with a_patcher(kind, tmp_path) as (actuator, api):
        api.faults.append(fault)

        await actuator.set_weight(Weight(1000))

        assert [the_share(kind, spec) for spec in api.changes] == [10.0]
        assert await actuator.read_weight() == 1000


async def test_a_patch_whose_answer_was_lost_is_not_sent_again(tmp_path):
    """The object is read instead, and found to be as wanted."""
    async with a_patcher(GATEWAY_API, tmp_path) as (actuator, api):
        api.faults.append("lost")

        await actuator.set_weight(Weight(1000))

        assert api.asked == ["GET", "PATCH", "GET"]


async def test_nobody_asks_before_it_is_time_again(tmp_path):
    """After 429 with Retry-After the API is left alone for as long as it asked for."""
    async with a_patcher(GATEWAY_API, tmp_path) as (actuator, api):
        api.faults.append("busy")
        with pytest.raises(ActuatorError, match="429: too many requests"):
            await actuator.set_weight(Weight(1000))
        asked = len(api.asked)

        with pytest.raises(ActuatorError, match="left alone for another 30 s"):
            await actuator.set_weight(Weight(1000))
        assert len(api.asked) == asked

        await actuator._clock.sleep(30)
        await actuator.set_weight(Weight(1000))
        assert len(api.changes) == 1


async def test_an_object_that_is_changed_all_the_time_is_given_up(tmp_path):
    """After a few tries the error says what the last one met."""
    async with a_patcher(GATEWAY_API, tmp_path) as (actuator, api):
        api.faults.extend(["conflict"] * 10)

        with pytest.raises(ActuatorError, match=r"not patched in 4 tries.*has been modified"):
            await actuator.set_weight(Weight(1000))
        assert api.changes == []


async def test_what_is_forbidden_is_said_at_once(tmp_path):
    """With the API's own words; another try would change nothing."""
    async with a_patcher(GATEWAY_API, tmp_path) as (actuator, api):
        api.faults.append("forbidden")

        with pytest.raises(ActuatorError, match="403: shadowmon cannot patch it"):
            await actuator.set_weight(Weight(1000))
        assert api.asked == ["GET", "PATCH"]


async def test_an_exchanged_token_is_taken_up(tmp_path):
    """The kubelet exchanges it under our hands: it is read for every call."""
    async with a_patcher(GATEWAY_API, tmp_path) as (actuator, _):
        (tmp_path / "token").write_text("an old one")
        with pytest.raises(ActuatorError, match="401: Unauthorized"):
            await actuator.read_weight()

        (tmp_path / "token").write_text(TOKEN)
        assert await actuator.read_weight() == 0


async def test_a_third_backend_is_not_steered_past(tmp_path):
    """Whose share would be taken was never decided."""
    found = manifest_of(GATEWAY_API)
    found["spec"]["rules"][0]["backendRefs"].append({"name": "chat-old", "port": 1, "weight": 5})
    async with a_patcher(GATEWAY_API, tmp_path, found) as (actuator, api):
        with pytest.raises(ActuatorError, match="it must list exactly chat-fp16 and chat-int8"):
            await actuator.set_weight(Weight(1000))
        assert api.changes == []


async def test_rules_that_differ_are_no_weight_and_can_be_set(tmp_path):
    """A weight that two rules disagree about is said; setting one makes them agree."""
    found = manifest_of(GATEWAY_API)
    backends = [{"name": "chat-fp16", "port": 1}, {"name": "chat-int8", "port": 1}]
    found["spec"]["rules"].append({"backendRefs": backends})
    async with a_patcher(GATEWAY_API, tmp_path, found) as (actuator, _):
        with pytest.raises(ActuatorError, match="different shares: 0%, 50%"):
            await actuator.read_weight()

        await actuator.set_weight(Weight(1000))

        assert await actuator.read_weight() == 1000


@pytest.mark.parametrize("kind", [ISTIO, KSERVE], ids=lambda kind: kind.manifest)
async def test_a_share_that_cannot_be_expressed_is_refused(kind, tmp_path):
    """It is never rounded: what was proven was proven for another share."""
    async with a_patcher(kind, tmp_path) as (actuator, api):
        with pytest.raises(ActuatorError, match=r"0\.5%"):
            await actuator.set_weight(Weight(50))
        assert api.changes == []


async def test_istio_takes_finer_shares_where_it_is_told_to(tmp_path):
    """With weights that add up to more than a hundred."""
    async with a_patcher(ISTIO, tmp_path, total=10_000) as (actuator, _):
        await actuator.set_weight(Weight(50))
        assert await actuator.read_weight() == 50


async def test_without_the_field_kserve_gives_everything_to_the_latest(tmp_path):
    """Which is drift where something else was set, and is put right by a patch that adds it."""
    found = manifest_of(KSERVE)
    del found["spec"]["predictor"]["canaryTrafficPercent"]
    async with a_patcher(KSERVE, tmp_path, found) as (actuator, _):
        assert await actuator.read_weight() == 10_000
        await actuator.set_weight(Weight(0))
        assert await actuator.read_weight() == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.manifest)
def test_shipped_manifests_follow_their_schemas(kind):
    """And the role beside each allows nothing but to read and patch that one object."""
    found, role, _ = yaml.safe_load_all((MANIFESTS / kind.manifest).read_text())
    schema = json.loads((SCHEMAS / kind.schema).read_text())

    jsonschema_rs.validator_for(schema).validate(found)

    assert [rule["verbs"] for rule in role["rules"]] == [["get", "patch"]]
    assert [rule["resourceNames"] for rule in role["rules"]] == [["chat"]]
