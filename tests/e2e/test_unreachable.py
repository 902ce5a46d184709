"""A baseline that cannot be reached: whoever looks into the daemon's log finds it there."""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any

import aiohttp

from tests.daemons import Model, a_configuration, running
from tests.ports import free_port


async def test_a_model_that_cannot_be_reached_is_in_the_daemons_log(tmp_path: Path) -> None:
    """A worker's line, with the model's name, its address and what the system said."""
    models = [Model("fp32", port=free_port()), Model("int8", port=free_port())]
    settings = a_configuration(models)
    async with running(tmp_path, settings) as daemon, aiohttp.ClientSession() as session:
        url = f"http://{settings['proxy']['listen']}/v2/models/digits/infer"

        async def is_told() -> bool:
            async with session.post(url, data=b"{}") as answer:
                assert answer.status == 502
            return bool(_told(daemon.log))

        await daemon.until(is_told)

        told = _told(daemon.log)
    (line,) = (entry for entry in told if entry["model"] == "fp32")
    assert line["address"] == f"127.0.0.1:{models[0].port}"
    assert "refused" in line["why"].lower()


def _told(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if "proxy.model_unreachable" in line]
