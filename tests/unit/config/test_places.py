"""Where relative paths lead."""

from __future__ import annotations

from pathlib import Path
from typing import get_origin

import pytest
import yaml

from pydantic import BaseModel

from shadowmon.cli.main import main
from shadowmon.config.dump import shown
from shadowmon.config.keys import inside, type_at
from shadowmon.config.load import load
from shadowmon.config.places import led
from shadowmon.config.settings import Settings


TWO_MODELS = """
models:
  fp16: {url: "https://fp16.example", tls: {ca: pki/ca.pem}}
  int8: {url: "http://127.0.0.1:9002"}
routes:
  chat: {baseline: fp16}
proxy:
  listen: unix:/run/shadowmon.sock
  tls: {certificate: pki/it.pem, key: /etc/pki/it.key}
  access_log: {path: ../access.log}
assessors: {semantic: {kind: onnx, onnx_folder: encoder}}
store: {path: it.db}
"""
TRIAL = """
trials:
  int8:
    route: chat
    optimized: int8
    task: chat
    review: {pairs: pairs.jsonl}
    rollout: {side_by_side: require}
    actuator: {type: nginx, file: split.conf, test: [bin/nginx, -t]}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return a configuration's file; commands run in another folder than it lies in."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = tmp_path / "etc" / "shadowmon.yaml"
    path.write_text(TWO_MODELS + TRIAL)
    return path


def test_what_the_file_says_is_relative_to_it(file):
    """Every path in the file leads from the file's folder, wherever a command runs."""
    settings = load(file, environment={})

    etc = file.parent
    assert settings.store.path == etc / "it.db"
    assert settings.proxy.tls is not None
    assert settings.proxy.tls.certificate == etc / "pki/it.pem"
    assert settings.proxy.tls.key == Path("/etc/pki/it.key")
    assert settings.proxy.access_log.path == etc / "../access.log"
    assert settings.models["fp16"].tls.ca == etc / "pki/ca.pem"
    assert settings.assessors.semantic is not None
    assert settings.assessors.semantic.onnx_folder == etc / "encoder"
    assert settings.trials["int8"].review is not None
    assert settings.trials["int8"].review.pairs == str(etc / "pairs.jsonl")


def test_an_actuators_own_paths(file):
    """What an actuator takes for a path is one; the programs that it runs are looked up as ever."""
    options = load(file, environment={}).trials["int8"].actuator_options

    assert options == {"file": str(file.parent / "split.conf"), "test": ["bin/nginx", "-t"]}


def test_a_relative_file(file, monkeypatch):
    """The file itself may be named by a relative path, and all in it is absolute nevertheless."""
    monkeypatch.chdir(file.parent)

    settings = load(Path("shadowmon.yaml"), environment={})

    assert settings.store.path == file.parent / "it.db"
    assert load(Path("../etc/shadowmon.yaml"), environment={}).store.path.is_absolute()


@pytest.mark.parametrize(
    "given",
    [
        {"environment": {"SHADOWMON_STORE__PATH": "mine.db"}},
        {"environment": {}, "overrides": {"store.path": "mine.db"}},
        {"environment": {}, "overrides": {"store": {"path": Path("mine.db")}}},
    ],
)
def test_what_a_command_is_given_is_relative_to_where_it_runs(file, given):
    """A flag's or a variable's path is meant as on any command line; the file's own stay its."""
    settings = load(file, **given)

    assert settings.store.path == Path.cwd() / "mine.db"
    assert settings.models["fp16"].tls.ca == file.parent / "pki/ca.pem"


def test_a_section_that_is_given_in_part(file):
    """A variable that says something else of a section leaves the file's path where it was."""
    settings = load(file, environment={"SHADOWMON_STORE": '{"awaiting_max": 7}'})

    assert settings.store.path == file.parent / "it.db"


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ({}, "etc"),
        ({"STATE_DIRECTORY": ""}, "etc"),
        ({"STATE_DIRECTORY": "/var/lib/shadowmon"}, "/var/lib/shadowmon"),
        ({"STATE_DIRECTORY": "/var/lib/shadowmon:/var/lib/more"}, "/var/lib/shadowmon"),
    ],
)
def test_a_store_that_nothing_names(file, state, where):
    """It lies in the state folder of systemd's or our image's, else beside the file."""
    file.write_text("models: {}\nroutes: {}\n")

    path = load(file, environment=state).store.path

    assert path == file.parent.parent / where / "shadowmon.db"


def test_a_named_store_is_where_it_was_named(file):
    """A state folder is for what nothing names a place for."""
    settings = load(file, environment={"STATE_DIRECTORY": "/var/lib/shadowmon"})

    assert settings.store.path == file.parent / "it.db"


def test_without_a_file(file):
    """The environment alone: everything is relative to where the command runs."""
    del file
    settings = load(None, environment={"SHADOWMON_MODELS": "{}", "SHADOWMON_ROUTES": "{}"})

    assert settings.store.path == Path.cwd() / "shadowmon.db"


def test_check_config_shows_where_it_leads(file, capsys):
    """`check-config --print` has the paths as they are used, and read back they are the same."""
    assert main(["check-config", "--print", str(file)]) == 0

    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["store"]["path"] == str(file.parent / "it.db")
    assert printed["trials"]["int8"]["actuator"]["file"] == str(file.parent / "split.conf")
    assert yaml.safe_load(shown(load(None, environment={}, overrides=printed))) == printed


def test_check_config_names_the_store(file, capsys):
    """Where the journal lies is said without being asked: an empty one elsewhere surprises."""
    assert main(["check-config", str(file)]) == 0

    assert f"store: {file.parent / 'it.db'}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "tree",
    [
        {"store": 5},
        {"store": {"path": 5}},
        {"store": []},
        {"store": {"path": ["a"]}},
        {"nothing": {"path": "a"}},
        {"trials": {"a": {"actuator": {"type": 5, "file": "a"}}}},
        {"trials": {"a": {"actuator": {"type": "no_such", "file": "a"}}}},
        {"trials": {"a": {"actuator": {"file": "a"}}}},
        {"trials": {"a": {"actuator": ["a"]}}},
        {"trials": ["a"]},
    ],
)
def test_what_is_wrong_is_left_to_others(tree):
    """What is no path is passed on as it is, to be complained of."""
    assert led(tree, Path("/etc")) == tree


def walked(kind, path=()):
    """Yield every key of the settings, lists and tables entered once."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name in kind.model_fields:
            yield from walked(inside(kind, name), (*path, name))
        return
    yield path
    if get_origin(kind) in {dict, tuple, list}:
        yield from walked(inside(kind, "x"), (*path, "x"))


def test_no_path_is_kept_as_text():
    """Whatever is named like a file is a path by its type, or one of the few exceptions."""
    suspects = {
        ".".join(map(str, path))
        for path in walked(Settings)
        if path[-1].endswith(("path", "file", "folder", "pairs", "certificate", "key", "ca"))
        and type_at(path) is str
    }

    assert suspects == {
        "trials.x.review.pairs",  # led all the same
    }
