"""A real Alertmanager takes what it is told."""

from __future__ import annotations

import asyncio
import subprocess

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from shadowmon.clock import SystemClock
from shadowmon.notify.alertmanager import Alertmanager
from shadowmon.notify.settings import AlertmanagerSettings
from shadowmon.outbound.client import HttpClient
from shadowmon.outbound.reach import Reach
from tests.inboxes import uncounted
from tests.views import a_view


CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
STORE_DOWN = a_view(store_problem="the disk is full")


@pytest.fixture
async def address(
    tmp_path: Path, need: Callable[[str], str], free_port: Callable[[], int]
) -> AsyncIterator[str]:
    """The address of an Alertmanager that is ready."""
    binary, port = need("prometheus-alertmanager"), free_port()
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        cwd=Path(binary).parents[1],  # Debian's looks for its templates from where it stands
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def ready(address: str) -> None:
    """Wait until it answers."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        while True:
            try:
                async with session.get(f"{address}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def active(address: str) -> list[dict[str, dict[str, str]]]:
    """Return the alerts that it holds for active."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/api/v2/alerts?active=true") as answer,
    ):
        found: list[dict[str, dict[str, str]]] = await answer.json()
        return found


async def test_two_replicas_are_one_alert(address):
    """What two replicas tell is one alert there, and is gone once it is over."""
    shown = [STORE_DOWN]
    settings = AlertmanagerSettings(urls=(address,))
    async with HttpClient(reach=Reach()) as http:
        replicas = [
            Alertmanager(
                "alertmanager.a",
                address,
                settings,
                http,
                SystemClock(),
                view=lambda: shown[0],
                count=uncounted,
            )
            for _ in range(2)
        ]
        for each in replicas:
            await each.look()
        (alert,) = await active(address)
        shown[0] = replace(STORE_DOWN, store_problem="")
        for each in replicas:
            await each.look()

    assert alert["labels"] == {"alertname": "ShadowmonStoreUnwritable", "severity": "page"}
    assert "the disk is full" in alert["annotations"]["description"]
    async with asyncio.timeout(10):
        while await active(address):
            await asyncio.sleep(0.05)
