"""What is judged, and against what: noise floors, sampling rates, late labels."""

from __future__ import annotations

import contextlib

import numpy as np

from tests.daemons import NOISE, Model, Users, a_configuration, running


async def test_a_model_is_not_called_worse_for_the_noise_that_its_baseline_has_too(tmp_path):
    """Judged by its excess over the baseline's own floor, one climbs and the broken one falls."""
    models = [
        Model("fp32", behaviour="noisy", dice=np.random.default_rng(1)),
        Model("int8", behaviour="noisy", dice=np.random.default_rng(2)),
        Model("int2", behaviour="wrong"),
    ]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["routes"]["digits"]["self_check_rate"] = 1.0
        for trial in settings["trials"].values():
            trial["policy"] = {
                "acceptable": 0.12,
                "error_rise_acceptable": 0.1,
                "red_lines": [{"name": "core_quality", "limit": 0.15}],
            }
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=80).asking():

            async def judged() -> bool:
                trials = (await daemon.get("/api/v1/trials"))["trials"]
                phases = {trial["id"]: trial["phase"] for trial in trials}
                return bool(phases["int8"] != "shadowing" and phases["int2"] == "rolled_back")

            await daemon.until(judged)
        int8 = await daemon.trial("int8")

    assert int8["primary"] == "disagreement_excess"
    assert int8["phase"] in {"progressing", "promoted"}
    figures = {figure["metric"]: figure for figure in int8["figures"] if figure["slice"] == "all"}
    expected = 2 * NOISE * (1 - NOISE)  # two answers differ if just one of them is another one
    assert abs(figures["disagreement_floor"]["estimate"] - expected) < 0.2
    assert figures["disagreement"]["lower"] > 0.1
    assert figures["disagreement_excess"]["lower"] < 0 < figures["disagreement_excess"]["upper"]
    asked_twice = models[0].shadow / models[0].asked
    assert 0.4 < asked_twice < 0.8  # each user's answer, and one more of nearly each


async def test_a_slice_that_is_sampled_more_often_counts_as_much_less(tmp_path):
    """One user in ten is in the slice, sampled always; the rest at one in five."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["routes"]["digits"]["sample_rate"] = 0.2
        settings["traffic"] = {
            "slices": {
                "vip": {"header": "x-user-id", "matches": "0$", "edge": True, "sample_rate": 1.0}
            }
        }
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=80).asking() as users:

            async def enough() -> bool:
                return bool((await daemon.trial("int8"))["pairs"] >= 200)

            await daemon.until(enough)
        int8 = await daemon.trial("int8")

    counts = {
        figure["slice"]: figure["count"]
        for figure in int8["figures"]
        if figure["metric"] == "disagreement"
    }
    sent = sum(users.answered.values())
    assert abs(counts["vip"] / sent - 0.1) < 0.06
    others = counts["all"] - counts["vip"]
    assert abs(others / (0.9 * sent) - 0.2) < 0.06


DIES = """
import os

from shadowmon.records import Metric, MetricKind


class Dies:
    metrics = (Metric(name="fragile", kind=MetricKind.VERDICTS, sentence="It lived."),)

    def __init__(self, settings):
        pass

    def score(self, pair):
        if pair.baseline.answer.label != pair.optimized.answer.label:
            os._exit(1)
        return []
"""


def installed(folder, module, code, entry_point):
    """Put a stranger's package where it is found, as pip does."""
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_point)
    (folder / f"{module}.py").write_text(code)
    return str(folder)


async def test_an_answer_that_kills_the_scorer_has_not_escaped_it(tmp_path, monkeypatch):
    """Pairs whose scorer process dies are counted as missing: evidence takes them for the worst."""
    strangers = installed(
        tmp_path / "packages", "strange", DIES, "[shadowmon.scorers]\ndies = strange:Dies\n"
    )
    monkeypatch.setenv("PYTHONPATH", strangers)
    models = [Model("fp32"), Model("int8", behaviour="wrong")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        for trial in settings["trials"].values():
            trial["scorers"] = ["label", "dies"]
        # One by one: a batch is counted once the last of its pairs has cost its process.
        settings["scoring"] = {"batch_max": 1}
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=5).asking():

            async def counted() -> bool:
                figures = (await daemon.trial("int8"))["figures"]
                return any(
                    figure["metric"] == "disagreement" and figure["missing"] >= 2
                    for figure in figures
                )

            await daemon.until(counted)
        int8 = await daemon.trial("int8")

    assert int8["phase"] == "shadowing"
