"""Every configuration that we could think of: taken, or refused with the right words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pydantic import SecretStr

from shadowmon.cli.main import main
from shadowmon.config.load import load
from shadowmon.errors import ConfigError


CASES = Path(__file__).parent / "cases"
GOOD = sorted(CASES.glob("good.*.yaml"))
BAD = sorted(CASES.glob("bad.*.yaml"))
PROXY = CASES / "good.proxy.yaml"


def refusal(path, **given):
    """Return what a configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        load(path, **({"environment": {}} | given))
    return str(caught.value)


def named(path):
    """Name a case."""
    return path.stem


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_good_file_is_taken(path, monkeypatch, capsys):
    """A good file is said to be good, with exit code 0."""
    monkeypatch.delenv("SHADOWMON_SECRETS", raising=False)

    code = main(["check-config", str(path)])

    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert said.out.startswith(f"{path}: ok: ")


@pytest.mark.parametrize("path", BAD, ids=named)
def test_bad_file_is_refused(path, monkeypatch, capsys):
    """A bad file is refused with the words beside it, all of them, and exit code 2."""
    monkeypatch.delenv("SHADOWMON_SECRETS", raising=False)

    code = main(["check-config", str(path)])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err == path.with_suffix(".txt").read_text()


@pytest.mark.parametrize("path", BAD, ids=named)
def test_no_message_shows_a_secret(path):
    """The planted secret, hunter2, is in no message, nor in any cause of it."""
    with pytest.raises(ConfigError) as caught:
        load(path, environment={})

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hunter2" not in str(caught.value)


def test_there_are_many_bad_files():
    """Each bad file has its words beside it, and no words are left without a file."""
    assert len(BAD) >= 25
    assert [path.with_suffix(".txt") for path in BAD] == sorted(CASES.glob("bad.*.txt"))


def test_file_that_is_not_there(tmp_path):
    """A file that cannot be read is refused by its name and the system's reason."""
    said = refusal(tmp_path / "none.yaml")

    assert said == "none.yaml: the file: cannot be read: No such file or directory"


def test_folder_for_a_file(tmp_path):
    """A folder is no configuration."""
    assert "cannot be read: Is a directory" in refusal(tmp_path)


def test_file_that_is_too_large(tmp_path):
    """A file beyond the limit is refused before it is parsed."""
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# " + b"x" * 2_000_000)

    assert "at most 262,144 are allowed" in refusal(path)


def test_no_file_at_all():
    """Without a file the environment alone must do."""
    settings = load(None, environment={"SHADOWMON_MODELS": "{}", "SHADOWMON_ROUTES": "{}"})

    assert (settings.models, settings.routes) == ({}, {})
    assert refusal(None).startswith("configuration: models: is missing")


def test_layers_stand_over_one_another(tmp_path):
    """Flags over the environment over secret files over YAML over defaults."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mirror__queue_max").write_text("2")
    layers = {
        "overrides": {"mirror.queue_max": 4},
        "environment": {"SHADOWMON_MIRROR__QUEUE_MAX": "3"},
        "secrets": secrets,
    }
    path = tmp_path / "it.yaml"
    path.write_text("models: {}\nroutes: {}\nmirror: {queue_max: 1}\n")

    found = []
    for name in ("overrides", "environment", "secrets"):
        found.append(load(path, **({"environment": {}} | layers)).mirror.queue_max)
        del layers[name]
    found.append(load(path, environment={}).mirror.queue_max)
    found.append(load(PROXY, environment={}).mirror.queue_max)
    assert found == [4, 3, 2, 1, 1024]


def test_folder_of_secrets_by_variable(tmp_path):
    """The variable SHADOWMON_SECRETS names the folder of secret files."""
    (tmp_path / "console__operator_token").write_text("planted")

    settings = load(PROXY, environment={"SHADOWMON_SECRETS": str(tmp_path)})

    assert settings.console.operator_token == SecretStr("planted")


def test_complaint_names_the_source(tmp_path):
    """What is wrong with a value that the file did not set is said with the name of who set it."""
    (tmp_path / "console__listen").write_text("9180")
    said = refusal(
        PROXY,
        environment={"SHADOWMON_MIRROR__QUEUE_MAX": "many"},
        overrides={"daemon.tick_seconds": 0},
        secrets=tmp_path,
    )

    assert 'queue_max: must be a whole number, found the text "many"' in said
    assert "set by environment variable SHADOWMON_MIRROR__QUEUE_MAX" in said
    assert (
        "tick_seconds: must be greater than 0, found 0 (set by flag for daemon.tick_seconds" in said
    )


def test_checks_run_on_what_all_layers_say():
    """A rule between keys holds for the whole, whoever set the parts."""
    said = refusal(PROXY, environment={"SHADOWMON_CONSOLE__LISTEN": "127.0.0.1:8080"})

    assert said == (
        "good.proxy.yaml: proxy.listen: port 8080 is console.listen's already (choose another port)"
    )
