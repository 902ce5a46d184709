"""Which Envoys count."""

from __future__ import annotations

from shadowmon.actuators.envoy_fleet import NODES_MAX, Fleet


def test_a_node_counts_while_it_is_connected_and_a_while_after():
    """An Envoy that stopped asking may well serve users by the last weight."""
    fleet = Fleet(forget_seconds=60)
    fleet.note("connected", "1", 0.0, lambda: True)
    fleet.note("gone", "1", 0.0, lambda: False)

    assert fleet.versions(60.0).keys() == {"connected", "gone"}
    assert fleet.versions(61.0).keys() == {"connected"}


def test_the_last_thing_a_node_said_counts():
    """One node holds one version."""
    fleet = Fleet(forget_seconds=60)
    fleet.note("envoy", "1", 0.0, lambda: True)
    fleet.note("envoy", "2", 1.0, lambda: True)
    assert fleet.versions(1.0) == {"envoy": "2"}


def test_nodes_without_end_are_not_remembered_without_end():
    """The one that was silent for longest is forgotten first."""
    fleet = Fleet(forget_seconds=60)
    for number in range(NODES_MAX + 1):
        fleet.note(str(number), "1", 0.0, lambda: True)
    assert len(fleet.versions(0.0)) == NODES_MAX
    assert "0" not in fleet.versions(0.0)
