"""Every command of the README is run, in its order, on the README's own configuration."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib

from pathlib import Path

import pytest
import yaml

from tests.daemons import Daemon, Model, running
from tests.ports import free_port


ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.split("\n")]
SPOKEN = re.findall(r"`((?:shadowmon|make) [^`]+)`", README)


def of_the_readme(kind: str) -> list[str]:
    """Return each command of this kind once, those in blocks first."""
    return [each for each in dict.fromkeys(COMMANDS + SPOKEN) if each.startswith(kind)]


@pytest.mark.parametrize("command", of_the_readme("make "))
def test_what_make_is_asked_for_is_what_tests_run(command):
    """`make demo` runs the demo, `make test` the tests; both are run for real elsewhere."""
    ends = {"demo": "shadowmon demo", "test": "pytest", "observe": "deploy.observe"}
    verb, *rest = shlex.split(command)[1:]

    plan = subprocess.run(
        ["make", "-n", "-B", "--no-print-directory", verb, *rest],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    last = plan.stdout.strip().splitlines()[-1]
    assert ends[verb] in last
    assert all(value in last for value in (each.partition("=")[2] for each in rest))


def test_extras_of_the_readme_are_there():
    """What can be installed besides is what the package offers, by names that any pip knows."""
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (line,) = re.findall(r"^Extras: (.*)", README, re.MULTILINE)

    named = re.findall(r"`([a-z-]+)`", line.partition(". ")[0])

    assert sorted(named) == sorted(
        extra.replace("_", "-") for extra in offered["optional-dependencies"]
    )


async def test_every_command_of_the_readme_works(tmp_path):
    """Checked, run, looked at, explained, paused, resumed, rolled back, re-armed: as written."""
    settings = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    models = [Model("fp16"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
            settings["models"][model.name]["url"] = f"http://127.0.0.1:{model.port}"
        for room in ("proxy", "console"):
            settings[room]["listen"] = f"127.0.0.1:{free_port()}"
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        ran = {command: result(command, daemon) for command in of_the_readme("shadowmon ")}

    assert {command: code for command, (code, _) in ran.items() if code} == {}
    assert "int8" in ran["shadowmon status"][1]
    assert "core_quality" in ran["shadowmon explain int8"][1]
    assert "queue_max: 1024" in ran["shadowmon check-config --print shadowmon.yaml"][1]
    assert len(ran) >= 9


def result(command: str, daemon: Daemon) -> tuple[int, str]:
    """Run a command as the README has it, in the configuration's folder; exit code and output."""
    if command.startswith("shadowmon run"):
        return 0, ""  # it is what the others talk to
    words = shlex.split(command)[1:]
    if words == ["explain"]:
        words.append("int8")
    done = subprocess.Popen(
        [sys.executable, "-m", "shadowmon", *words],
        cwd=daemon.folder,
        env=os.environ | {"SHADOWMON_URL": f"http://{daemon.settings['console']['listen']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watching = "--watch" in words
    try:
        said = done.communicate(timeout=3 if watching else 30)[0]
    except subprocess.TimeoutExpired:
        done.send_signal(signal.SIGINT)  # as Ctrl-C, which is how a person ends it
        said = done.communicate(timeout=10)[0]
        return (0 if watching and "int8" in said else 1), said
    return done.returncode, said


def test_the_readme_names_no_file_that_is_not_there():
    """Links lead somewhere."""
    for target in re.findall(r"\]\(([^)#]+)[)#]", README):
        assert (ROOT / target).exists(), target
