"""A stranger reads the description and tries all that it allows and forbids (schemathesis)."""

from __future__ import annotations

import asyncio

from pathlib import Path

from tests.daemons import Model, Users, a_configuration, running
from tests.schemathesis_runs import failures
from tests.whole_console import everything_beside


DOCUMENT = "/api/v1/openapi.json"
TOKEN = "s3cret"


def test_every_corner_of_the_description(start, desk):
    """Each bound, each missing key and each wrong type is answered as described, on every route."""
    url = f"http://{start(**everything_beside(desk)).address}"

    found = failures(url + DOCUMENT, url, "--phases", "examples,coverage")

    assert not found, found


async def test_a_running_daemon_does_what_its_description_says(tmp_path: Path) -> None:
    """
    Neither a 500, nor an answer that is not described, nor a body that is not as described.

    The daemon has a store with verdicts in it, and a token, which the stranger has too. It is not
    reloaded: that replaces the process which answers.
    """
    baseline, optimized = Model("fp32"), Model("int8")
    async with baseline.serving(), optimized.serving():
        settings = a_configuration([baseline, optimized])
        settings["console"]["operator_token"] = TOKEN
        async with running(tmp_path, settings) as daemon:

            async def has_decided() -> bool:
                return any(entry["kind"] == "verdict" for entry in await daemon.journal())

            async with Users(daemon).asking():
                await daemon.until(has_decided)
            url = f"http://{settings['console']['listen']}"
            told = ["--header", f"Authorization: Bearer {TOKEN}", "--exclude-path", "/-/reload"]
            found = await asyncio.to_thread(
                failures, url + DOCUMENT, url, "--phases", "fuzzing", *told, examples=2, seconds=8
            )

    assert not found, found
