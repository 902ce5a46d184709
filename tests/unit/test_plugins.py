from __future__ import annotations

import sys

import pytest

from shadowmon import plugins
from shadowmon.errors import ConfigError
from tests import strangers


def test_what_is_installed_is_read_once(monkeypatch):
    """A configuration of many trials asks for many words; packages are gone through one time."""
    plugins.names("scorers")
    monkeypatch.setattr(plugins, "entry_points", None)

    assert plugins.load("scorers", "label", key="it").__name__ == "LabelScorer"


def test_a_plugin_that_is_installed_while_we_run_is_found(tmp_path, monkeypatch):
    """A reload may name what was not there at the start, and no more what has gone since."""
    monkeypatch.syspath_prepend(tmp_path)
    assert "stranger" not in plugins.names("scorers")

    strangers.install(tmp_path)
    assert plugins.load("scorers", "stranger", key="it").__module__ == "stranger"
    monkeypatch.delitem(sys.modules, "stranger")

    (tmp_path / "stranger-1.dist-info" / "entry_points.txt").unlink()
    (tmp_path / "stranger-1.dist-info" / "METADATA").unlink()
    (tmp_path / "stranger-1.dist-info").rmdir()
    with pytest.raises(ConfigError, match="no scorer"):
        plugins.load("scorers", "stranger", key="it")
