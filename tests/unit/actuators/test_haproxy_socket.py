"""What HAProxy says of its servers."""

from __future__ import annotations

import pytest

from shadowmon.actuators.haproxy_socket import ServerState, parse_map, parse_states
from shadowmon.errors import ActuatorError


ANSWER = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight
3 models 1 baseline 127.0.0.1 2 0 99 100
3 models 2 optimized 127.0.0.1 2 1 1 0

"""


def test_servers_are_read_with_their_weights():
    """And whether they are in the balance at all."""
    assert parse_states(ANSWER, "models") == {
        "baseline": ServerState(weight=99, is_up=True),
        "optimized": ServerState(weight=1, is_up=False),
    }


@pytest.mark.parametrize("answer", ["", "Can't find backend.\n", "1\n"])
def test_what_shows_no_servers_is_quoted(answer):
    """With the backend's name."""
    with pytest.raises(ActuatorError, match="does not show the servers of backend models"):
        parse_states(answer, "models")


def test_a_maps_entries_are_read():
    """Each with its key and its value; what addresses it inside HAProxy is not looked at."""
    answer = "0x561ca5014a90 int8 2500\n0x561ca51f4f60 int4 0\n\n"

    assert parse_map(answer, "/m") == [("int8", "2500"), ("int4", "0")]
    assert parse_map("\n", "/m") == []


@pytest.mark.parametrize("answer", ["Unknown map identifier.\n", "0x1 int8\n"])
def test_what_shows_no_map_is_quoted(answer):
    """With the map's name."""
    with pytest.raises(ActuatorError, match="does not show map /m: "):
        parse_map(answer, "/m")
