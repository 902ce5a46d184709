"""Are receipts and tool calls judged as a person would? The same changes to every one of them."""

from __future__ import annotations

from pathlib import Path

from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Comparison
from shadowmon.scoring.structure.fields import values_of
from shadowmon.scoring.structure.tools import ToolsScorer
from tests.receipts import LAYOUTS, LOSSES, Change, Receipt, read_receipts
from tests.tool_calls import damaged, gold, read_allowed


EXCERPTS = Path(__file__).parents[2] / "tests/data"


def main(quick: bool, data: Path | None) -> None:  # noqa: ARG001 - every table is called so
    """Print, for each change, how many are judged rightly: of the excerpts, or of all the data."""
    folder = data or EXCERPTS
    _print_receipts(read_receipts(folder / "sroie/keys.jsonl"))
    print(f"\n{'tool calls':<44}{'tasks':>7}{'right':>7}{'damaged':>9}{'caught':>8}")
    for file in sorted((folder / "bfcl").glob("possible_answer*")):
        _print_calls(file)


def _print_receipts(receipts: list[Receipt]) -> None:
    print(f"\n{'receipts, four fields':<28}{'cases':>7}{'exact':>7}{'accuracy':>10}{'partial':>9}")
    agreement = Comparison(values_of(ScoringSettings())).agreement
    for change in (*LAYOUTS, *LOSSES):
        changed = [(_changed(change, each), each) for each in receipts]
        found = [agreement(each, one) for one, each in changed if one]
        accuracy, partial = (
            sum(figures) / len(found)
            for figures in zip(*((each.accuracy, each.partial) for each in found), strict=True)
        )
        exact = sum(each.whole for each in found)
        name = change.__name__.replace("_", " ")
        print(f"{name:<28}{len(found):>7}{exact:>7}{accuracy:>10.3f}{partial:>9.3f}")


def _changed(change: Change, receipt: Receipt) -> Receipt | None:
    """Return the changed receipt; None where it has a date that is none."""
    try:
        return change(receipt)
    except AssertionError:
        return None


def _print_calls(file: Path) -> None:
    tasks = read_allowed(file)
    divergence = ToolsScorer(ScoringSettings()).divergence
    right = sum(divergence(gold(each), gold(each)[::-1], ()) == 0 for each in tasks)
    wrong = [
        divergence(gold(each, short=True), calls, ()) for each in tasks for calls in damaged(each)
    ]
    caught = sum(each > 0 for each in wrong)
    print(f"{file.stem:<44}{len(tasks):>7}{right:>7}{len(wrong):>9}{caught:>8}")
