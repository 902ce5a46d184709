"""shadowmon gate: two models' benchmark results, judged by what the task tolerates."""

from __future__ import annotations

import argparse
import json

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowmon.cli.client import AnsweredNoError, UnreachableError, from_environment
from shadowmon.cli.terminal import complain, say
from shadowmon.console.plain import plain


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.gates.results.compare import Wanted
    from shadowmon.policy.settings import PolicySettings, Task
    from shadowmon.trial.benchmark import Benchmarked


ACCEPTED, REJECTED, UNUSABLE, REVIEW = 0, 1, 2, 3

_SENTENCE_MAX = 1000
_PROBLEM_MAX = 2000
_ROWS_TOLD = 30


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "gate",
        help="judge an optimized model's benchmark results against the baseline's",
        description="Reads results of lm-evaluation-harness (files, folders or samples), promptfoo "
        'or JUnit, or JSON lines of {"id", "score"}, {"id", "correct"} or {"id", "answer", '
        '"label"}; prints what the optimized model loses, and whether the task tolerates it.',
        epilog="Exit codes: 0 accepted, 1 rejected, 3 for review, 2 unusable.",
    )
    command.add_argument("baseline", type=Path, metavar="BASELINE")
    command.add_argument("optimized", type=Path, metavar="OPTIMIZED")
    command.add_argument("--task", required=True, help="what the models are for: sets the limit")
    command.add_argument(
        "--acceptable", type=float, metavar="DROP", help="relative; instead of the task's own"
    )
    command.add_argument(
        "--alpha", type=float, default=0.05, help="chance of a wrong yes, and of a wrong no (0.05)"
    )
    command.add_argument("--only", action="append", default=[], metavar="BENCHMARK")
    command.add_argument("--metric", action="append", default=[], metavar="NAME")
    command.add_argument(
        "--worse",
        action="append",
        default=[],
        metavar="METRIC=WAY",
        help="which way is worse, lower or higher, where the file does not say",
    )
    command.add_argument("--codec", default="openai", help="of answers as they came over the wire")
    command.add_argument("--json", action="store_true", help="for programs")
    command.add_argument("--post", metavar="URL", help="tell a daemon, whose trial waits for this")
    command.add_argument("--trial", metavar="NAME", help="which trial to tell")
    command.add_argument("--reporter", default="shadowmon gate", help="who says so")
    command.set_defaults(command_function=_gate)


def _gate(arguments: argparse.Namespace) -> int:
    from shadowmon.errors import ShadowmonError  # noqa: PLC0415 - see cli/main.py, rule 1

    problem = _usage(arguments)
    if problem:
        return _unusable(problem)
    try:
        found = _judged(arguments)
    except (ShadowmonError, ValueError) as error:
        return _unusable(str(error))
    _show(found, as_json=arguments.json)
    if arguments.post:
        problem = _post(arguments, found)
        if problem:
            return _unusable(problem)
    return {"accept": ACCEPTED, "reject": REJECTED}.get(found.grade.value, REVIEW)


def _usage(arguments: argparse.Namespace) -> str:
    """Return what is wrong with the arguments; empty if nothing is."""
    from shadowmon.policy.settings import Task  # noqa: PLC0415 - rule 1

    if arguments.task not in set(Task):
        return f"--task must be one of: {', '.join(Task)}"
    if arguments.acceptable is not None and not 0 < arguments.acceptable < 1:
        return "--acceptable must be above 0 and below 1, such as 0.02 for 2 %"
    if not 0 < arguments.alpha < 1:
        return "--alpha must be above 0 and below 1"
    if not all(each.partition("=")[2] in {"lower", "higher"} for each in arguments.worse):
        return "--worse needs METRIC=lower or METRIC=higher"
    if bool(arguments.post) != bool(arguments.trial):
        return "--post and --trial go together"
    missing = [path for path in (arguments.baseline, arguments.optimized) if not path.exists()]
    return f"{missing[0]}: there is no such file" if missing else ""


def _judged(arguments: argparse.Namespace) -> Benchmarked:
    from shadowmon.gates.results.compare import compare  # noqa: PLC0415 - rule 1
    from shadowmon.gates.results.measured import ResultsError  # noqa: PLC0415
    from shadowmon.gates.results.read import read_measured  # noqa: PLC0415
    from shadowmon.policy.settings import ACCEPTABLE_LOSS, Task  # noqa: PLC0415
    from shadowmon.trial.benchmark import judge_benchmarks, limits_of  # noqa: PLC0415

    task = Task(arguments.task)
    paths = arguments.baseline, arguments.optimized
    baseline, optimized = map(read_measured, paths)
    if baseline is None and optimized is None:
        return _of_answers(arguments, task)
    if baseline is None or optimized is None:
        answers, other = paths if baseline is None else reversed(paths)
        msg = f"{answers} holds answers and {other} does not: give the same form of both"
        raise ResultsError(msg)
    policy = _policy(arguments)
    limits = limits_of(
        policy, task, policy.acceptable or ACCEPTABLE_LOSS[task], alpha=arguments.alpha
    )
    return judge_benchmarks(compare(baseline, optimized, _wanted(arguments)), limits)


def _of_answers(arguments: argparse.Namespace, task: Task) -> Benchmarked:
    from shadowmon.cli.gate_answers import judge_answers  # noqa: PLC0415 - rule 1

    return judge_answers(
        arguments.baseline,
        arguments.optimized,
        task=task,
        codec=arguments.codec,
        policy=_policy(arguments),
        alpha=arguments.alpha,
    )


def _policy(arguments: argparse.Namespace) -> PolicySettings:
    from shadowmon.policy.settings import PolicySettings  # noqa: PLC0415 - rule 1

    return PolicySettings(acceptable=arguments.acceptable)


def _wanted(arguments: argparse.Namespace) -> Wanted:
    from shadowmon.gates.results.compare import Wanted  # noqa: PLC0415 - rule 1
    from shadowmon.records import Worse  # noqa: PLC0415

    ways = [each.partition("=") for each in arguments.worse]
    return Wanted(
        benchmarks=arguments.only,
        metrics=arguments.metric,
        worse={metric: Worse(way) for metric, _, way in ways},
    )


def _show(found: Benchmarked, *, as_json: bool) -> None:
    from shadowmon.cli.gate_table import lines  # noqa: PLC0415 - rule 1
    from shadowmon.trial.benchmark import to_json  # noqa: PLC0415

    if as_json:
        say(json.dumps(to_json(found)))
        return
    for line in lines(found):
        say(line)


def _post(arguments: argparse.Namespace, found: Benchmarked) -> str:
    """Tell the daemon; return what went wrong, empty if nothing did."""
    from shadowmon.trial.benchmark import to_json  # noqa: PLC0415 - rule 1

    told: dict[str, Any] = to_json(found)
    told["rows"] = told["rows"][:_ROWS_TOLD]
    sentence = told.pop("sentence")
    for row in told["rows"]:
        del row["sentence"]
    body = {
        "grade": found.grade.value,
        "sentence": sentence if len(sentence) <= _SENTENCE_MAX else sentence[:997] + "...",
        "reporter": arguments.reporter,
        "data": told,
    }
    try:
        daemon = from_environment(arguments.post)
        state = daemon.post("trials", arguments.trial, "gates", "benchmark", body=body)["state"]
    except (ValueError, UnreachableError, AnsweredNoError) as error:
        return f"the verdict could not be told: {error}"
    complain(f"told {arguments.post}: trial {arguments.trial} is now {state['phase']}")
    return ""


def _unusable(problem: str) -> int:
    # It may quote a file of anybody's, which may hold what moves a cursor.
    lines = (plain(line, limit=_PROBLEM_MAX) for line in problem.splitlines())
    complain("shadowmon: " + "\n".join(lines))
    return UNUSABLE
