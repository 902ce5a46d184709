"""The noise floor on real answers: sampling differently is no degradation, a weaker model is."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.replay import Replay, drawn, plain_settings, plan_of
from shadowmon.daemon.self_check import SelfCheck
from shadowmon.policy.settings import Task
from shadowmon.records import EVERYTHING, ExchangeId, Grade


ANSWERS = Path(__file__).parents[1] / "data" / "alpaca_eval" / "answers.jsonl"
SHARE = 0.5


def a_trial_against(optimized):
    """Replay vicuna against another one's answers; vicuna's other stack is its second answer."""
    told = plain_settings(task=Task.CHAT, codec="openai", expects_labels=False).model_dump()
    told["routes"]["recording"]["self_check_rate"] = SHARE
    settings = Settings.model_validate(told)
    check = SelfCheck(share=SHARE, lean=settings.evidence.floor_lean, metrics={})
    replay = Replay(settings, plan_of(settings, None), every=1)
    for number, line in enumerate(ANSWERS.read_text().splitlines()):
        answers = json.loads(line)
        name = f"prompt-{number}"
        pair = {
            "id": name,
            "baseline": {"text": answers["vicuna"]},
            "optimized": {"text": answers[optimized]},
        }
        if check.is_due(ExchangeId(name)):
            pair["baseline_again"] = {"text": answers["vicuna_again"]}
        replay.take(json.dumps(pair).encode())
    view = drawn(replay.part())
    assert view.verdict is not None
    figures = {each.metric.name: each for each in view.figures if each.slice == EVERYTHING}
    return view.verdict.grade, figures


def test_another_draw_of_the_same_weights_is_not_called_degraded():
    """Nearly every text differs, and so does the baseline from itself."""
    grade, figures = a_trial_against("vicuna_again")

    excess = figures["chrf_divergence_excess"]
    assert figures["chrf_divergence"].estimate > 0.4
    assert excess.lower < 0 < excess.upper
    assert grade is Grade.WAIT


@pytest.mark.parametrize("metric", ["chrf_divergence_excess", "rouge_l_divergence_excess"])
def test_a_weaker_model_is_rejected(metric):
    """Its texts are further from the baseline's than those are from each other."""
    grade, figures = a_trial_against("alpaca")

    assert grade is Grade.REJECT
    assert figures[metric].lower > 0.1
