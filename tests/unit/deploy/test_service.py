"""The unit and the image in deploy/ say what the command line and the settings understand."""

from __future__ import annotations

import itertools
import re
import shlex

from collections import defaultdict
from pathlib import Path

import pytest

from shadowmon.cli.main import parser
from shadowmon.config.addresses import Inherited, parse_listening
from shadowmon.config.load import load
from shadowmon.config.settings import DaemonSettings
from shadowmon.daemon.supervisor import _STOP_SECONDS
from shadowmon.proxy.settings import ProxySettings


ROOT = Path(__file__).parents[3]
SYSTEMD = ROOT / "deploy" / "systemd"
CONFIG = Path("/etc/shadowmon/shadowmon.yaml")


def unit(name):
    """Return a unit's values by key, in order; a line that is none of a unit's is an error."""
    found = defaultdict(list)
    for line in (SYSTEMD / name).read_text().splitlines():
        if line and not re.match(r"#|\[\w+\]$", line):
            setting = re.fullmatch(r"([A-Z]\w+)=(.*)", line)
            assert setting is not None, line
            found[setting[1]].append(setting[2])
    return found


def image():
    """Return the Dockerfile's instructions as (word, rest), continued lines joined."""
    text = (ROOT / "deploy" / "docker" / "Dockerfile").read_text().replace("\\\n", "")
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line and line[0] != "#"]


SERVICE = unit("shadowmon.service")
SHUTDOWN_SECONDS = DaemonSettings().drain_seconds + 3 * _STOP_SECONDS


def test_the_service_runs_the_command_line():
    """What it starts, and what a reload tries first, are commands on one and the same file."""
    run, check = SERVICE["ExecStart"][0], SERVICE["ExecReload"][0]

    assert parser().parse_args(shlex.split(run)[1:]).config == CONFIG
    assert parser().parse_args(shlex.split(check)[1:]).command == "check-config"
    assert str(CONFIG) in check
    assert SERVICE["ExecReload"][1] == "/bin/kill -HUP $MAINPID"


def test_a_stop_is_the_supervisors_and_has_the_time_it_takes():
    """Only the supervisor is told, and nobody is killed before its own deadlines are over."""
    assert SERVICE["KillMode"] == ["mixed"]
    assert float(SERVICE["TimeoutStopSec"][0]) > SHUTDOWN_SECONDS


def test_the_store_lies_where_the_service_may_write():
    """It is in the state directory, which systemd tells of and the image names; else read-only."""
    (state,) = SERVICE["StateDirectory"]
    folder = f"/var/lib/{state}"
    told = {"STATE_DIRECTORY": folder}

    settings = load(None, environment=told, overrides={"models": {}, "routes": {}})

    assert settings.store.path == Path(folder, "shadowmon.db")
    assert {("ENV", f"STATE_DIRECTORY={folder}"), ("VOLUME", folder)} <= set(image())
    assert SERVICE["ProtectSystem"] == ["strict"]


def test_there_are_descriptors_enough():
    """Each of the connections that the proxy admits takes two."""
    assert int(SERVICE["LimitNOFILE"][0]) > 2 * ProxySettings().connections_max


def test_the_sockets_name_is_one_that_can_be_listened_on():
    """`systemd:` and the socket unit's own name is an address, and the service is ours."""
    socket = unit("shadowmon-proxy.socket")
    (name,) = socket["FileDescriptorName"]

    assert parse_listening(f"systemd:{name}") == Inherited(name=name)
    assert (SYSTEMD / socket["Service"][0]).is_file()


def test_the_image_is_made_of_files_that_are_there():
    """What is copied exists and is not kept out, and what is installed is pinned by hash."""
    copied = [
        rest.split()[:-1] for word, rest in image() if word == "COPY" and "--from" not in rest
    ]
    let_in = (ROOT / "deploy" / "docker" / "Dockerfile.dockerignore").read_text().splitlines()

    for source in itertools.chain.from_iterable(copied):
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in
    assert any("--require-hashes -r requirements/run.lock" in rest for _, rest in image())


@pytest.mark.parametrize("word", ["CMD", "HEALTHCHECK"])
def test_the_image_runs_the_command_line(word):
    """What it starts and what it is asked for are commands that there are."""
    (rest,) = [rest for found, rest in image() if found == word]
    words = re.findall(r'"([^"]+)"', rest)

    given = parser().parse_args([each for each in words if each != "shadowmon"])
    assert given.command == {"CMD": "run", "HEALTHCHECK": "status"}[word]


def test_the_image_is_nobodys_root_and_stops_in_order():
    """It runs as a number that is not 0, and is told to stop by the signal that drains."""
    words = dict(image())

    assert int(words["USER"]) > 0
    assert words["STOPSIGNAL"] == "SIGTERM"
    assert words["ARG"].split("=")[1].count("/") == 0
