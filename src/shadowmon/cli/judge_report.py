"""shadowmon judge-report: what a judge model's preferences are worth, held against people's."""

from __future__ import annotations

import argparse
import json

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.terminal import complain, say


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.evidence.judged import Calibration


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "judge-report",
        help="what a judge model is worth, held against people",
        description="Reads comparisons that a judge model made, some of which people made too (a "
        "random sample of them), and tells the win rate put right by the people's, how the judge "
        "errs, and how many labels it saves.",
        epilog='A line is {"id": "x-1", "judge": "baseline", "human": "tie", "baseline_chars": 812,'
        ' "optimized_chars": 640, "consistent": true}; judge and human are baseline, optimized or'
        " tie, and human may be left out.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="JSON lines")
    command.add_argument(
        "--alpha", type=float, default=0.05, help="level of the intervals, two-sided (0.05)"
    )
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(command_function=_report)


def _report(arguments: argparse.Namespace) -> int:
    from shadowmon.cli.judge_rows import BadRowError, rows  # noqa: PLC0415 - see cli/main.py, rule 1
    from shadowmon.evidence.judged import calibrate  # noqa: PLC0415

    if not 0 < arguments.alpha < 1:
        complain("shadowmon: --alpha must be between 0 and 1")
        return WRONG
    try:
        judged = rows(arguments.file.read_bytes())
        found = calibrate(judged, alpha=arguments.alpha)
    except OSError as error:
        complain(f"shadowmon: {arguments.file}: {error.strerror}")
        return REFUSED
    except (BadRowError, ValueError) as error:
        complain(f"shadowmon: {arguments.file}: {error}")
        return REFUSED
    if arguments.json:
        say(json.dumps(_to_json(found)))
        return DONE
    from shadowmon.cli.judge_lines import lines  # noqa: PLC0415 - see cli/main.py, rule 1

    for line in lines(found, alpha=arguments.alpha):
        say(line)
    return DONE


def _to_json(found: Calibration) -> dict[str, Any]:
    confusion = [
        {"human": human.value, "judge": judge.value, "count": count}
        for (human, judge), count in sorted(found.confusion.items())
    ]
    return {**asdict(found), "confusion": confusion}
