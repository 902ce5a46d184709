"""Settings shown to people."""

from __future__ import annotations

import pytest
import yaml

from shadowmon.cli.main import main
from shadowmon.config.dump import MASK, shown
from shadowmon.config.load import load
from shadowmon.config.settings import Settings


def test_no_secret_is_shown(everything):
    """Tokens and headers of shadow calls are masked, and nothing else is."""
    printed = shown(everything)

    assert "planted" not in printed
    tree = yaml.safe_load(printed)
    assert tree["models"]["int8"]["bearer_token"] == MASK
    assert tree["models"]["int8"]["headers"] == {"x-api-key": MASK}
    assert tree["models"]["int8"]["url"] == "http://127.0.0.1:9002"


def test_no_secret_is_no_secret():
    """A token that is not set is shown as not set."""
    tree = yaml.safe_load(shown(Settings(models={}, routes={})))

    assert tree["console"]["operator_token"] is None


@pytest.mark.parametrize("password", ["planted", "pl@nted", "@planted@"])
def test_what_stands_before_a_host_is_no_address(password):
    """Whoever put a name and a password into an address sees neither, an @ in it or not."""
    url = f"http://ada:{password}@judge.example/v1/@me"
    semantic = {"endpoint": {"url": url, "model": "e"}}
    settings = Settings.model_validate(
        {"models": {}, "routes": {}, "assessors": {"semantic": semantic}}
    )

    tree = yaml.safe_load(shown(settings))

    assert tree["assessors"]["semantic"]["endpoint"]["url"] == (
        f"http://{MASK}@judge.example/v1/@me"
    )


def test_what_is_shown_can_be_loaded(tmp_path, everything):
    """What is printed is a configuration, with every default spelled out."""
    path = tmp_path / "shown.yaml"
    path.write_text(shown(everything).replace(MASK, "x"))

    again = load(path, environment={})

    assert shown(again) == shown(everything)


def test_print_masks(tmp_path, text, capsys, monkeypatch):
    """`check-config --print` prints the same, also of secrets that came from the environment."""
    monkeypatch.setenv("SHADOWMON_CONSOLE__OPERATOR_TOKEN", "planted-in-environment")
    path = tmp_path / "it.yaml"
    path.write_text(text)

    assert main(["check-config", str(path), "--print", "--set", "mirror.queue_max=77"]) == 0

    out = capsys.readouterr().out
    assert "queue_max: 77" in out
    assert "planted" not in out
