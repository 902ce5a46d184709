"""
A trial replayed from answers that real models gave, by the rules that a live trial is judged by.

vicuna-13b-v1.5 answered 805 prompts of AlpacaEval on two serving stacks: the same weights, and
nearly all texts differ, for they are sampled. Held to the baseline's own noise the second stack
must not be called degraded, and alpaca-7b in its place must.

There are but two draws of vicuna for a prompt. Where the baseline is asked a second time the second
stack is that second answer too; so on those prompts its divergence and its noise are the same.
"""

from __future__ import annotations

import json

from collections.abc import Iterator
from pathlib import Path

from shadowmon.config.settings import Settings
from shadowmon.daemon.replay import Replay, drawn, plain_settings, plan_of
from shadowmon.daemon.self_check import SelfCheck
from shadowmon.policy.settings import Task
from shadowmon.records import EVERYTHING, ExchangeId
from shadowmon.view import TrialView


BASELINE, AGAIN = "vicuna-13b-v1.5", "vicuna-13b-v1.5-togetherai"
SHARE = 0.5
"""Of the prompts, those that the baseline answers twice."""


def settings() -> Settings:
    """Return a chat trial's defaults, with a noise floor."""
    told = plain_settings(task=Task.CHAT, codec="openai", expects_labels=False).model_dump()
    told["routes"]["recording"]["self_check_rate"] = SHARE
    return Settings.model_validate(told)


def replayed(lines: Iterator[bytes]) -> TrialView:
    """Replay recorded pairs, looking after each."""
    replay = Replay(settings(), plan_of(settings(), None), every=1)
    for line in lines:
        replay.take(line)
    return drawn(replay.part())


def pairs(answers: dict[str, dict[str, str]], optimized: str) -> Iterator[bytes]:
    """Yield each prompt's pair, by the prompts' order."""
    check = SelfCheck(share=SHARE, lean=0.0, metrics={})
    for prompt, by_model in answers.items():
        name = prompt[:200]
        told = {
            "id": name,
            "baseline": {"text": by_model[BASELINE]},
            "optimized": {"text": by_model[optimized]},
        }
        if check.is_due(ExchangeId(name)):
            told["baseline_again"] = {"text": by_model[AGAIN]}
        yield json.dumps(told).encode()


def read(folder: Path, *models: str) -> dict[str, dict[str, str]]:
    """Return each prompt's answers, of the prompts that all models answered."""
    of = {
        model: {
            each["instruction"]: each["output"]
            for each in json.loads((folder / f"{model}.json").read_text())
        }
        for model in models
    }
    return {
        prompt: {model: of[model][prompt] for model in models}
        for prompt in of[models[0]]
        if all(prompt in answers for answers in of.values())
    }


def main(quick: bool) -> None:
    """Print both verdicts and their figures; data lies beside this folder, in ../shared/data."""
    del quick
    folder = Path(__file__).parents[2] / "shared" / "data" / "paired"
    if not folder.is_dir():
        print("\nreal trials: needs the recorded answers of alpaca_eval in ../shared/data/paired")
        return
    answers = read(folder, BASELINE, AGAIN, "alpaca-7b", "alpaca-7b_concise")
    print(f"\nreal trials: {BASELINE} against ..., {len(answers)} prompts, {SHARE:.0%} asked twice")
    for optimized in (AGAIN, "alpaca-7b", "alpaca-7b_concise"):
        view = replayed(pairs(answers, optimized))
        figure = next(
            each
            for each in view.figures
            if (each.metric.name, each.slice) == (view.primary, EVERYTHING)
        )
        print(
            f"{optimized:<28}{view.verdict.grade if view.verdict else '':<10}"
            f"{figure.metric.name} {figure.estimate:.3f} [{figure.lower:.3f}, {figure.upper:.3f}]"
        )
