"""What a new user does first: `init`, `check-config`, `run`, and the first verdict."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import yaml

from tests.daemons import Model, Users, free_port, running


async def test_from_init_to_the_first_verdict(tmp_path):
    """The file that `init` writes is accepted, runs, and leads to a verdict by itself."""
    models = [Model("baseline"), Model("optimized")]
    written = tmp_path / "shadowmon.yaml"
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        flags = {
            "--task": "classification",
            "--codec": "open_inference",
            "--baseline-url": f"http://127.0.0.1:{models[0].port}",
            "--optimized-url": f"http://127.0.0.1:{models[1].port}",
            "--listen": f"127.0.0.1:{free_port()}",
            "--output": str(written),
        }
        shadowmon("init", "--yes", *(each for flag in flags.items() for each in flag))
        shadowmon("check-config", str(written))

        settings = yaml.safe_load(written.read_text())
        settings["console"] = {"listen": f"127.0.0.1:{free_port()}"}
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        await stack.enter_async_context(Users(daemon).asking())

        async def has_a_verdict() -> bool:
            verdict = (await daemon.trial("optimized"))["verdict"]
            return verdict is not None and verdict["sentence"] != ""

        await daemon.until(has_a_verdict)


def shadowmon(*words):
    subprocess.run([sys.executable, "-m", "shadowmon", *words], check=True, timeout=60)
