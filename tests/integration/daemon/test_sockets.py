"""Where the supervisor listens: ports, Unix sockets, and what systemd opened."""

from __future__ import annotations

import os
import socket

from contextlib import ExitStack

import pytest

from shadowmon.daemon.sockets import Sockets, held_place, inherited_sockets, listening_socket
from shadowmon.errors import ConfigError
from tests.ports import free_port


@pytest.fixture(name="listen")
def _listen():
    """`listen(address)` opens it for the length of a test."""
    with ExitStack() as stack:

        def listen(address: str, inherited=None) -> socket.socket:
            sock = listening_socket("proxy.listen", address, inherited or {})
            return stack.enter_context(sock)

        yield listen


def test_a_port_is_listened_on(listen):
    """Whoever connects is taken."""
    port = free_port()
    listen(f"127.0.0.1:{port}")

    socket.create_connection(("127.0.0.1", port)).close()


def test_a_port_that_is_taken_is_told(listen):
    """By the setting's name."""
    port = free_port()
    listen(f"127.0.0.1:{port}")

    problem = f"proxy.listen: cannot listen on 127.0.0.1:{port}: Address already in use"
    with pytest.raises(ConfigError, match=rf"{problem} \(something is there already: stop"):
        listen(f"127.0.0.1:{port}")


def test_a_path_is_listened_on(listen, tmp_path):
    """Whoever connects is taken."""
    listen(f"unix:{tmp_path}/a.sock")

    with socket.socket(socket.AF_UNIX) as user:
        user.connect(f"{tmp_path}/a.sock")


def test_a_dead_sockets_file_is_replaced(listen, tmp_path):
    """A daemon that was killed leaves its file, and that is no reason not to start."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{tmp_path}/a.sock")

    listen(f"unix:{tmp_path}/a.sock")

    with socket.socket(socket.AF_UNIX) as user:
        user.connect(f"{tmp_path}/a.sock")


def test_a_live_sockets_file_is_left_alone(listen, tmp_path):
    """Somebody listens there."""
    listen(f"unix:{tmp_path}/a.sock")

    with pytest.raises(ConfigError, match="Address already in use"):
        listen(f"unix:{tmp_path}/a.sock")


def test_a_file_that_is_no_socket_is_left_alone(listen, tmp_path):
    """Whatever it is, it is not ours to delete."""
    (tmp_path / "a.sock").write_text("precious")

    with pytest.raises(ConfigError, match="Address already in use"):
        listen(f"unix:{tmp_path}/a.sock")
    assert (tmp_path / "a.sock").read_text() == "precious"


def test_a_place_is_held_for_a_server_that_opens_its_own_socket():
    """Whoever shares the port may listen there; nobody else gets it, and we get no connection."""
    port = free_port()
    with held_place("traffic.ext_proc.listen", f"127.0.0.1:{port}"):
        with pytest.raises(ConfigError, match="Address already in use"):
            listening_socket("proxy.listen", f"127.0.0.1:{port}", {})
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", port))
            server.listen()
            socket.create_connection(("127.0.0.1", port)).close()


def test_a_place_that_is_taken_is_told(listen):
    """Even by somebody who shares it."""
    port = free_port()
    listen(f"127.0.0.1:{port}")

    with pytest.raises(ConfigError, match=r"traffic.ext_proc.listen: cannot listen on .* in use"):
        held_place("traffic.ext_proc.listen", f"127.0.0.1:{port}")


def test_our_own_files_go_when_we_go(tmp_path):
    """Those of Unix sockets that we made."""
    (tmp_path / "a.sock").touch()

    with socket.socket() as console:
        sockets = Sockets(
            console=console, proxy=None, tap=None, events=None, files=(tmp_path / "a.sock",)
        )
        sockets.forget()

    assert not (tmp_path / "a.sock").exists()


def test_sockets_are_inherited_by_name_and_by_place():
    """As sd_listen_fds(3) says; a name that comes twice is the first one's."""
    given = {"LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "proxy:proxy:tap"}

    assert inherited_sockets(given, pid=7) == {"0": 3, "1": 4, "2": 5, "proxy": 3, "tap": 5}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"LISTEN_PID": "8", "LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "7"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "-1"},
    ],
)
def test_what_is_not_for_us_is_not_ours(given):
    """Descriptors that were handed to another process are left alone."""
    assert inherited_sockets(given, pid=7) == {}


def test_an_inherited_socket_is_used(listen):
    """It listens already, and the descriptor stays whose it was."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        sock = listen("systemd:proxy", {"proxy": opened.fileno()})

        assert sock.getsockname() == opened.getsockname()
        assert sock.fileno() != opened.fileno()
        assert not os.get_blocking(sock.fileno())


def test_an_inherited_socket_that_is_not_there_is_told(listen):
    """And which ones are."""
    with pytest.raises(ConfigError, match=r"no socket of that name .*there are: 0, tap"):
        listen("systemd:proxy", {"0": 3, "tap": 3})


def test_an_inherited_socket_must_be_for_streams(listen):
    """A datagram socket is no place for users."""
    with (
        socket.socket(type=socket.SOCK_DGRAM) as wrong,
        pytest.raises(ConfigError, match="none for streams"),
    ):
        listen("systemd:0", {"0": wrong.fileno()})
