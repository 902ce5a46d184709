"""Applications with OpenFeature read their share, by the SDK that they use."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from aiohttp import web
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

from shadowmon.actuators.openfeature import OpenFeatureFlag
from shadowmon.gates.ofrep import Flag, Ofrep
from shadowmon.records import Weight
from shadowmon.sticky import place, salt_of
from tests.steered import is_within_three_errors


SALT = salt_of("shadowmon-rollout", "chat")
USERS = 2000


@dataclass
class Served:
    """One trial's flag, and where it is served."""

    actuator: OpenFeatureFlag
    url: str

    def evaluate(self, users: int = USERS) -> set[int]:
        """Return the users whom the SDK gives the optimized model; call it in a thread."""
        provider = OFREPProvider(base_url=self.url)
        api.set_provider(provider)
        try:
            client = api.get_client()
            return {user for user in range(users) if _is_optimized(client, user)}
        finally:
            provider.session.close()
            api.clear_providers()


def _is_optimized(client: OpenFeatureClient, user: int) -> bool:
    context = EvaluationContext(targeting_key=f"user-{user}")
    details = client.get_boolean_details("int8", default_value=False, evaluation_context=context)
    assert details.error_code is None
    assert details.variant == ("optimized" if details.value else "baseline")
    return details.value


@asynccontextmanager
async def a_flag(weight: int | None = 1000) -> AsyncIterator[Served]:
    """Serve one flag on loopback."""
    actuator = OpenFeatureFlag("int8")
    if weight is not None:
        await actuator.set_weight(Weight(weight))
    app = web.Application()
    flags = [Flag(key=actuator.key, salt=SALT, weight=lambda: actuator.weight)]
    app.add_routes(Ofrep(flags).routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield Served(actuator, f"http://{host}:{port}")
    finally:
        await runner.cleanup()


async def test_the_sdk_reads_the_share_and_nobody_is_moved_back():
    """10 and then 25 % of 2,000 users, within three standard errors."""
    async with a_flag(1000) as flag:
        ten = await asyncio.to_thread(flag.evaluate)
        await flag.actuator.set_weight(Weight(2500))
        quarter = await asyncio.to_thread(flag.evaluate)

    assert is_within_three_errors(len(ten), 0.10)
    assert is_within_three_errors(len(quarter), 0.25)
    assert ten <= quarter


async def test_a_user_meets_the_model_that_our_own_proxy_would_choose():
    """One sticky line for both."""
    async with a_flag(2500) as flag:
        found = await asyncio.to_thread(flag.evaluate, 200)
    assert found == {user for user in range(200) if place(SALT, b"user-%d" % user) < 2500}


async def _post(url: str, **options: object) -> tuple[int, dict[str, str], dict[str, object]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, **options) as answer,  # type: ignore[arg-type]
    ):
        found = await answer.json() if answer.status != 304 else {}
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, found


async def test_all_flags_at_once_are_sent_once():
    """An application that has seen the very same is told so, until the weight is another."""
    context = {"context": {"targetingKey": "user-1"}}
    async with a_flag() as flag:
        url = f"{flag.url}/ofrep/v1/evaluate/flags"
        status, headers, found = await _post(url, json=context)
        assert (status, [each["key"] for each in found["flags"]]) == (200, ["int8"])  # type: ignore[attr-defined]

        seen = {"If-None-Match": headers["etag"]}
        assert (await _post(url, json=context, headers=seen))[0] == 304

        await flag.actuator.set_weight(Weight(10_000))
        assert (await _post(url, json=context, headers=seen))[0] == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"context": {}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
        ('{"context": []}', "INVALID_CONTEXT"),
        ("{}", "INVALID_CONTEXT"),
        ("[]", "INVALID_CONTEXT"),
        ("{", "PARSE_ERROR"),
        ("\xff", "PARSE_ERROR"),
        ('{"context": {"targetingKey": "\\ud800"}}', "PARSE_ERROR"),
    ],
)
async def test_a_request_that_cannot_be_evaluated_is_answered_by_its_code(body, code):
    """400, whichever way it is asked."""
    async with a_flag() as flag:
        url = f"{flag.url}/ofrep/v1/evaluate/flags"
        one, all_of_them = [
            await _post(each, data=body.encode("latin-1")) for each in (url + "/int8", url)
        ]
    assert (one[0], one[2]["key"], one[2]["errorCode"]) == (400, "int8", code)
    assert (all_of_them[0], all_of_them[2]["errorCode"]) == (400, code)


@pytest.mark.parametrize(("weight", "value"), [(9999, False), (10_000, True)])
async def test_who_has_no_name_is_the_last_to_be_moved(weight, value):
    """All who are nobody are one user, and may be most of the traffic."""
    async with a_flag(weight) as flag:
        url = f"{flag.url}/ofrep/v1/evaluate/flags/int8"
        status, _, found = await _post(url, json={"context": {"targetingKey": ""}})
    assert (status, found["value"]) == (200, value)


@pytest.mark.parametrize(
    ("time", "status"),
    [("1771622898", 200), ("2026-02-20T21:28:18Z", 200), ("", 400), ("soon", 400), ("-1", 400)],
)
async def test_a_time_that_is_none_is_refused(time, status):
    """As the protocol has it, though no time is needed."""
    async with a_flag() as flag:
        url = f"{flag.url}/ofrep/v1/evaluate/flags?flagConfigLastModified={time}"
        assert (await _post(url, json={"context": {"targetingKey": "user-1"}}))[0] == status


async def test_a_trial_without_a_weight_has_no_flag_yet():
    """The application takes its own default, which is the baseline."""
    async with a_flag(None) as flag:
        provider = OFREPProvider(base_url=flag.url)
        api.set_provider(provider)
        details = await asyncio.to_thread(
            api.get_client().get_boolean_details,
            "int8",
            default_value=False,
            evaluation_context=EvaluationContext(targeting_key="user-1"),
        )
        provider.session.close()
        api.clear_providers()
    assert (details.value, details.error_code) == (False, ErrorCode.FLAG_NOT_FOUND)
