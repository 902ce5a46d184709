"""shadowmon judge: a judge model's verdicts on recorded pairs, with people's beside them."""

from __future__ import annotations

import argparse
import os

from pathlib import Path
from typing import TYPE_CHECKING

from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.run import add_source, overrides
from shadowmon.cli.terminal import complain, say


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.config.settings import Settings
    from shadowmon.records import TrialId


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "judge",
        help="let the judge compare recorded pairs, beside what people said of them",
        description="Asks the configured judge (assessors.judge) about every pair of a trial's "
        "side by side, in both orders, and writes a line for each, with what reviewers said of the "
        "same pair. `shadowmon judge-report` tells from these lines what the judge is worth.",
    )
    command.add_argument(
        "pairs", nargs="?", type=Path, metavar="PAIRS", help="JSON lines; else the trial's review"
    )
    command.add_argument("--trial", metavar="NAME", help="which one, if there are several")
    command.add_argument(
        "--store",
        type=Path,
        metavar="DATABASE",
        help="where reviewers' words are; without it store.path of the configuration",
    )
    command.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    add_source(command)
    command.set_defaults(command_function=_judge)


def _judge(arguments: argparse.Namespace) -> int:
    from shadowmon.config.load import load  # noqa: PLC0415 - rule 1
    from shadowmon.errors import ConfigError, RefusedError, StoreError  # noqa: PLC0415

    given = overrides(arguments.overrides)
    if given is None:
        return WRONG
    try:
        settings = load(arguments.config, environment=os.environ, overrides=given)
        return _written(arguments, settings)
    except ConfigError as error:
        complain(str(error))
        return WRONG
    except (RefusedError, StoreError) as error:
        complain(f"shadowmon: {error}")
        return REFUSED
    except OSError as error:
        complain(f"shadowmon: {arguments.output}: cannot be written: {error.strerror}")
        return REFUSED


def _written(arguments: argparse.Namespace, settings: Settings) -> int:
    from shadowmon.cli.judge_rows import line_of  # noqa: PLC0415 - rule 1
    from shadowmon.clock import SystemClock  # noqa: PLC0415
    from shadowmon.daemon.judging import Judging, by_people, preferences_in  # noqa: PLC0415
    from shadowmon.daemon.recorded_pairs import recorded_pairs  # noqa: PLC0415

    trial_id = _trial(arguments, settings)
    path = _pairs(arguments, settings, trial_id)
    judge = settings.assessors.judge
    if trial_id is None or path is None or judge is None:
        complain(
            "shadowmon: needs assessors.judge, a trial (--trial NAME) and its pairs (PAIRS, or "
            "trials.NAME.review.pairs)"
        )
        return WRONG
    pairs = recorded_pairs(
        settings, trial_id, path, key="PAIRS" if arguments.pairs else "review.pairs"
    )
    store: Path = arguments.store or settings.store.path
    people = by_people(preferences_in(store, trial_id) if arguments.store or store.exists() else ())
    judging = Judging(
        judge, SystemClock(), trial_id=trial_id, task=settings.trials[trial_id].task.value
    )
    found = judging.run(pairs.values(), people)
    arguments.output.write_bytes(b"".join(line_of(name, each) for name, each in found.items()))
    beside = sum(each.human is not None for each in found.values())
    say(f"{arguments.output}: {len(found)} comparisons, {beside} of them judged by people too")
    for why, count in sorted(judging.left_out.items()):
        complain(f"shadowmon: {count} pairs left out: {why}")
    return DONE if found else REFUSED


def _trial(arguments: argparse.Namespace, settings: Settings) -> TrialId | None:
    from shadowmon.records import TrialId  # noqa: PLC0415 - rule 1

    name = arguments.trial or (next(iter(settings.trials)) if len(settings.trials) == 1 else "")
    return TrialId(name) if name in settings.trials else None


def _pairs(
    arguments: argparse.Namespace, settings: Settings, trial_id: TrialId | None
) -> Path | None:
    review = settings.trials[trial_id].review if trial_id is not None else None
    path: Path | None = arguments.pairs
    return path or (Path(review.pairs) if review else None)
