"""What Envoy is given for a weight, and what a version says."""

from __future__ import annotations

import pytest

from pydantic import ValidationError

from shadowmon.actuators.envoy import EnvoySettings, EnvoyWeights
from shadowmon.actuators.envoy_resources import Clusters, routes, runtime, version_of, weight_in
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight
from tests.places import a_place


CLUSTERS = Clusters(baseline="b", optimized="o")


@pytest.mark.parametrize("weight", [0, 1, 5000, 10_000])
def test_the_two_weights_make_ten_thousand(weight):
    """So they are never both 0, which Envoy answers with 404 to all."""
    layer = runtime("int8", "split", CLUSTERS, Weight(weight))["layer"]
    assert (layer["split.o"], sum(layer.values())) == (weight, 10_000)


def test_a_version_is_made_from_the_content():
    """The same content has the same version after a restart; another prefix has another."""
    one, again, other = (
        runtime("int8", prefix, CLUSTERS, Weight(100)) for prefix in ("split", "split", "else")
    )
    assert version_of(one, Weight(100)) == version_of(again, Weight(100))
    assert version_of(one, Weight(100)) != version_of(other, Weight(100))


@pytest.mark.parametrize(
    ("version", "weight"),
    [("2500-ab", 2500), ("0-ab", 0), ("7", None), ("", None), ("x-1", None), ("10001-ab", None)],
)
def test_a_version_tells_its_weight(version, weight):
    """A version of somebody else's tells none."""
    assert weight_in(version) == weight


def test_every_split_of_a_route_is_filled_in():
    """And the template stays as it is; clusters are validated by Envoy."""
    split = {"clusters": [{"name": "b"}, {"name": "o"}]}
    template = {
        "name": "r",
        "virtual_hosts": [{"routes": [{"route": {"weighted_clusters": split}}]}],
    }

    filled = routes(template, CLUSTERS, Weight(100))

    found = filled["virtual_hosts"][0]["routes"][0]["route"]["weighted_clusters"]["clusters"]
    assert found == [{"name": "b", "weight": 9900}, {"name": "o", "weight": 100}]
    assert filled["validate_clusters"] is True
    assert split == {"clusters": [{"name": "b"}, {"name": "o"}]}


@pytest.mark.parametrize(
    "options",
    [
        {"optimized_cluster": "baseline"},
        {"route_configuration": {}},
        {"route_configuration": {"weighted_clusters": {"clusters": [{"name": "baseline"}]}}},
    ],
)
def test_settings_that_steer_nothing_are_refused(options):
    """A route must divide traffic between exactly the two clusters."""
    with pytest.raises(ValidationError):
        EnvoySettings(**options)


async def test_clusters_are_named_as_envoy_has_them():
    """The two clusters' names are Envoy's own, whatever the models are called here."""
    settings = EnvoySettings(
        baseline_cluster="fp16", optimized_cluster="small", confirm_seconds=0.01
    )
    actuator = EnvoyWeights.of(settings, a_place())
    with pytest.raises(ActuatorError):  # no Envoy asks
        await actuator.set_weight(Weight(100))

    shares = {key.rpartition(".")[2]: each for key, each in actuator.resource()["layer"].items()}
    assert shares == {"fp16": 9_900, "small": 100}
