"""Real answers of four models to GSM8K, with the verdicts that were published with them."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from shadowmon.scoring.mathematics.equality import canonical, same_at_sight
from shadowmon.scoring.mathematics.final_answer import final_answer


ROOT = Path(__file__).resolve().parents[4]
EXCERPT = ROOT / "tests" / "data" / "gsm8k" / "solutions.jsonl"
WHOLE = ROOT.parent / "shared" / "data" / "gsm8k" / "example_model_solutions.jsonl"
"""All 1,319 problems; the repository does not ship them."""
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def solutions(file):
    """Return each model's solution, the right one, and whether people call it correct."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "solutions" in row:
            found += [(each["text"], row["truth"], each["is_correct"]) for each in row["solutions"]]
        else:
            each_model = (row[model] for model in MODELS)
            found += [
                (each["solution"], row["ground_truth"], each["is_correct"]) for each in each_model
            ]
    return found


@pytest.mark.parametrize("file", [file for file in (EXCERPT, WHOLE) if file.exists()])
def test_published_verdicts_are_reproduced(file):
    """Both ways of comparing, of final answers and of canonical forms, agree with the verdicts."""
    found = solutions(file)
    at_sight = [
        bool(same_at_sight(final_answer(text) or "", final_answer(truth) or "")) is is_correct
        for text, truth, is_correct in found
    ]
    canonically = [
        (canonical(text) == canonical(truth)) is correct for text, truth, correct in found
    ]
    assert len(found) in {4 * 18, 4 * 1319}
    assert all(at_sight)
    assert all(canonically)
