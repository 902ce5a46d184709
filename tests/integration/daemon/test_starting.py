"""What a daemon's processes load before they can serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pathlib import Path

import pytest

from shadowmon.policy.settings import Task


@pytest.mark.parametrize(
    ("process", "heavy"),
    [
        ("supervisor", {"aiohttp", "scipy", "sqlalchemy"}),
        ("control_process", {"scipy"}),
        ("scoring_worker", {"scipy", "sqlalchemy"}),
    ],
)
def test_no_process_loads_what_it_does_not_need(process: str, heavy: set[str]) -> None:
    """The supervisor speaks to nobody, and no statistics package holds the first weights up."""
    program = f"import sys, shadowmon.daemon.{process}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert not heavy & set(loaded.stdout.split())


def test_what_is_measured_is_known_before_anything_can_be_scored(tmp_path: Path):
    """Whoever checks a trial of any task loads its scorers' names, and no search for them."""
    configuration = tmp_path / "shadowmon.yaml"
    optimized = [f"{task}: {{route: all, optimized: {task}, task: {task}}}" for task in Task]
    models = [f"{name}: {{url: 'http://127.0.0.1:9'}}" for name in ("old", *Task)]
    configuration.write_text(
        f"models: {{{', '.join(models)}}}\n"
        "routes: {all: {baseline: old, codec: openai}}\n"
        "proxy: {listen: '127.0.0.1:8'}\n"
        f"trials: {{{', '.join(optimized)}}}\n"
    )
    program = (
        "import sys, pathlib, shadowmon.config.load as it\n"
        "it.load(pathlib.Path(sys.argv[1]), environment={}, overrides={})\n"
        "print(*sys.modules)"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program, configuration], capture_output=True, text=True, check=False
    )

    assert loaded.returncode == 0, loaded.stderr
    assert "scipy" not in loaded.stdout.split()


_PROCESS = """
import gc, json, os

while_importing = gc.isenabled()


def main(arguments):
    threads = os.environ["OPENBLAS_NUM_THREADS"]
    print(json.dumps([arguments, while_importing, gc.isenabled(), gc.get_freeze_count(), threads]))
    return 3
"""


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_a_process_begins_without_collecting_what_stays(
    given: dict[str, str], threads: str, tmp_path: Path
):
    """It gets its arguments, its exit code counts, and what it works with later is collected."""
    (tmp_path / "a_process.py").write_text(_PROCESS)
    inherited = {name: it for name, it in os.environ.items() if not name.endswith("_NUM_THREADS")}

    done = subprocess.run(
        [sys.executable, "-m", "shadowmon.daemon.starting", "a_process", "--fd=3", "x"],
        env=inherited | {"PYTHONPATH": str(tmp_path)} | given,
        capture_output=True,
        text=True,
        check=False,
    )

    arguments, while_importing, later, frozen, found = json.loads(done.stdout)
    assert (done.returncode, arguments) == (3, ["--fd=3", "x"])
    assert (while_importing, later) == (False, True)
    assert frozen > 0
    assert found == threads
