"""The worked example of docs/extending.md: every block in it is used as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib

from pathlib import Path

import pytest


DOCUMENT = Path(__file__).parents[2] / "docs" / "extending.md"
NAMED = re.compile(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", re.DOTALL)
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)

REST = """\
models:
  fp16: {url: "http://127.0.0.1:8001"}
  int8: {url: "http://127.0.0.1:8002"}
routes:
  chat: {path_prefix: /v1/, baseline: fp16}
proxy: {listen: "127.0.0.1:8080"}
"""


@pytest.fixture
def installed(tmp_path):
    """Put the example where Python finds it, with its entry points, as installing it would."""
    files = dict(NAMED.findall(DOCUMENT.read_text()))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    entry_points = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    told = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    (told / "entry_points.txt").write_text("\n".join(entry_points))
    return tmp_path


def run(folder, *command):
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_example_keeps_every_promise(installed):
    """Its test file passes the shipped suite."""
    ran = run(installed, "pytest", "-q", "-p", "no:cacheprovider", "test_greeting.py")

    assert ran.returncode == 0, ran.stdout
    (passed,) = re.findall(r"(\d+) passed", ran.stdout)
    assert int(passed) > 5


def test_the_example_is_configured_by_its_word(installed):
    """The configuration of the document, with models to it, is accepted, limit and all."""
    (installed / "shadowmon.yaml").write_text(REST + YAML.findall(DOCUMENT.read_text())[0])

    checked = run(installed, "shadowmon", "check-config", "shadowmon.yaml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
