"""Evidence from what others saw: pairs that code posts itself, and loggers that share an id."""

from __future__ import annotations

import asyncio
import contextlib
import json

import aiohttp

from shadowmon.sdk import Observer, answer, experiment
from tests.daemons import Model, a_configuration, running
from tests.ports import free_port


def a_listening_configuration(models, **events):
    """Return a configuration in which events are the only source."""
    settings = a_configuration(models)
    del settings["proxy"]
    for trial in settings["trials"].values():
        trial["actuator"] = "dry_run"
    settings["traffic"] = {"events": {"listen": f"127.0.0.1:{free_port()}", **events}}
    return settings


async def counted(daemon, trial="int8"):
    """Return how often each model of a trial was wrong, or differed, as the evidence says."""
    shown = await daemon.trial(trial)
    figures = {each["metric"]: each for each in shown["figures"] if each["slice"] == "all"}
    return shown["pairs"], figures


async def test_pairs_that_code_posts_become_evidence(tmp_path):
    """Every twentieth of 200 pairs differs: so says the evidence, and no model was called."""
    async with contextlib.AsyncExitStack() as stack:
        models = [
            await stack.enter_async_context(Model(name).serving()) for name in ("fp32", "int8")
        ]
        settings = a_listening_configuration(models, token="t0ken")
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        observer = Observer(
            f"http://{settings['traffic']['events']['listen']}", "int8", token="t0ken"
        )
        for number in range(160):
            observer.observe(
                None,
                answer(label="1"),
                answer(label="2" if number % 20 == 0 else "1"),
                id=f"q-{number}",
            )

        @experiment(observer, optimized=lambda number: answer(label=str(number)), run="after")
        def ask(number):
            return answer(label="none" if number % 20 == 0 else str(number))

        for number in range(40):
            ask(number)
        assert await asyncio.to_thread(observer.flush, 20)

        async def enough():
            return (await counted(daemon))[0] >= 200

        await daemon.until(enough)
        pairs, figures = await counted(daemon)
        metrics = await daemon.get("/metrics")

    assert pairs == 200
    assert figures["disagreement"]["count"] == 200
    assert abs(figures["disagreement"]["estimate"] - 10 / 200) < 1e-9
    assert dict(observer.counts) == {"sent": 200}
    assert [model.asked for model in models] == [0, 0]
    assert 'shadowmon_events_total{source="pairs",fate="joined"} 200' in metrics


async def test_loggers_that_share_an_id_make_pairs_without_a_call(tmp_path):
    """Both services of KServe log each request: the pairs are there, and nothing was called."""
    async with contextlib.AsyncExitStack() as stack:
        models = [
            await stack.enter_async_context(Model(name).serving()) for name in ("fp32", "int8")
        ]
        target = "/v2/models/digits/infer"
        services = [
            {"name": "digits", "route": "digits", "model": "fp32", "target": target},
            {"name": "digits-int8", "route": "digits", "model": "int8", "target": target},
        ]
        settings = a_listening_configuration(models, services=services, join_seconds=1.0)
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://{settings['traffic']['events']['listen']}/"

        async def log(service, kind, name, body):
            headers = {
                "ce-specversion": "1.0",
                "ce-id": name,
                "ce-type": f"org.kubeflow.serving.inference.{kind}",
                "ce-source": "http://localhost:9081/",
                "ce-inferenceservicename": service,
                "ce-namespace": "default",
                "ce-component": "predictor",
                "ce-endpoint": "default",
                "content-type": "application/x-www-form-urlencoded",
            }
            async with session.post(url, data=json.dumps(body).encode(), headers=headers) as told:
                assert told.status == 200

        for number in range(40):
            digit = number % 10
            question = {
                "inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [digit]}]
            }
            for service, said in (("digits", digit), ("digits-int8", 3 if digit == 7 else digit)):
                await log(service, "request", f"x-{number}", question)
                # One in ten answers of the optimized model is never told: it is asked for.
                if service == "digits" or digit:
                    await log(service, "response", f"x-{number}", models[0].answer(said))

        async def enough():
            return (await counted(daemon))[0] >= 40

        await daemon.until(enough)
        pairs, figures = await counted(daemon)

    assert pairs == 40
    assert abs(figures["disagreement"]["estimate"] - 4 / 40) < 1e-9
    assert [model.asked for model in models] == [0, 4]
