"""
shadowmon replay: recorded traffic, recorded pairs, or a journal, under the rules of today. Nothing
is moved.
"""

from __future__ import annotations

import argparse
import json
import os

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowmon.cli import replay_traffic
from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.progress import progress
from shadowmon.cli.run import add_set, overrides
from shadowmon.cli.terminal import complain, say


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.config.settings import Settings
    from shadowmon.daemon.parts import Part
    from shadowmon.daemon.replay import Replay
    from shadowmon.daemon.replay_run import Done


_MERGE = "merge"
_EVERY = 100


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "replay",
        help="what recorded traffic or pairs prove, or a journal under today's rules",
        description="Recorded traffic (GoReplay, HAR, JSON lines of requests, OpenAI-style logs "
        "and batches, LiteLLM's logs; found out by what is in the file) is sent to the models that "
        "have no recorded answer, and judged. JSON lines of pairs that hold both answers are "
        "judged as they are: folded through scorers, evidence and rules. `shadowmon replay merge "
        "PART…` adds up what several processes counted with --shard and -o. With --store it walks "
        "a journal's hash chain and judges each of its verdicts again: exit code 1 if the same "
        "rules decide otherwise.",
    )
    command.add_argument(
        "files", nargs="*", metavar="FILE", help=f"a recording; or: {_MERGE} PART…"
    )
    command.add_argument("-c", "--config", type=Path, metavar="FILE", help="the configuration")
    command.add_argument("--trial", metavar="NAME", help="which one, if there are several")
    command.add_argument("--task", default="custom", help="without a configuration: its defaults")
    command.add_argument("--codec", default="openai", help="without a configuration")
    command.add_argument(
        "--every", type=int, default=_EVERY, metavar="N", help=f"pairs between looks ({_EVERY})"
    )
    command.add_argument("--shard", metavar="I/N", help="fold one of N shares of the pairs only")
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="of traffic: write its pairs, to be replayed again; of pairs: what was counted",
    )
    command.add_argument("--store", type=Path, metavar="DATABASE", help="judge its journal again")
    command.add_argument("--json", action="store_true", help="for programs")
    add_set(command)
    replay_traffic.add(command)
    command.set_defaults(command_function=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    from shadowmon.errors import ConfigError, RefusedError, StoreError  # noqa: PLC0415 - rule 1

    try:
        if arguments.store:
            return _journal(arguments)
        if arguments.files[:1] == [_MERGE]:
            return _merge(arguments)
        return _recording(arguments)
    except ConfigError as error:
        complain(str(error))
        return WRONG
    except (RefusedError, StoreError) as error:
        complain(f"shadowmon: {error}")
        return REFUSED


# --- a journal ---


def _journal(arguments: argparse.Namespace) -> int:
    from shadowmon.cli.replayed import journal_lines, journal_to_json  # noqa: PLC0415 - rule 1
    from shadowmon.daemon.build import trial_plans  # noqa: PLC0415
    from shadowmon.daemon.rejudge import judge_file  # noqa: PLC0415
    from shadowmon.records import TrialId  # noqa: PLC0415

    settings = _configured(arguments)
    if settings is None:
        return _wrong("--store needs --config: today's rules are in it")
    plans = {plan.trial_id: plan for plan in trial_plans(settings)}
    only = TrialId(arguments.trial) if arguments.trial else None
    entries, found = judge_file(arguments.store, plans, only=only)
    if arguments.json:
        say(json.dumps(journal_to_json(entries, found)))
    else:
        for line in journal_lines(str(arguments.store), entries, found):
            say(line)
    return REFUSED if any(each.is_broken for each in found) else DONE


# --- recorded pairs ---


def _recording(arguments: argparse.Namespace) -> int:
    problem = _usage(arguments)
    if problem:
        return _wrong(problem)
    kind = replay_traffic.format_of(arguments)
    problem = replay_traffic.usage(arguments, kind)
    if problem:
        return _wrong(problem)
    settings = _configured(arguments) or _plain(arguments, is_pairs=kind is None)
    if settings is None:
        return WRONG
    return _pairs(arguments, settings) if kind is None else _traffic(arguments, settings, kind)


def _pairs(arguments: argparse.Namespace, settings: Settings) -> int:
    replay = _fold(arguments, settings)
    _take(replay, arguments.files)
    part = replay.part()
    if arguments.output:
        return _write(arguments.output, part)
    _tell(arguments, part, replay)
    return DONE if part.pairs else REFUSED


def _traffic(arguments: argparse.Namespace, settings: Settings, kind: str) -> int:
    replay = _fold(arguments, settings)
    done = replay_traffic.run(arguments, settings, replay, kind)
    part = replay.part()
    _tell(arguments, part, replay, done=done)
    code = replay_traffic.exit_code(arguments, done)
    return code or (DONE if part.pairs else REFUSED)


def _fold(arguments: argparse.Namespace, settings: Settings) -> Replay:
    from shadowmon.daemon.replay import Replay, plan_of  # noqa: PLC0415 - rule 1

    return Replay(
        settings,
        plan_of(settings, arguments.trial),
        shard=_shard(arguments.shard),
        every=arguments.every,
    )


def _usage(arguments: argparse.Namespace) -> str:
    """Return what is wrong with the arguments; empty if nothing is."""
    if not arguments.files:
        return f"name the recorded pairs or traffic, or `{_MERGE}` and parts, or --store"
    if arguments.every < 1:
        return "--every needs a number of pairs, 1 or more"
    if _shard(arguments.shard) is None:
        return "--shard needs I/N with I from 1 to N, such as --shard 1/4"
    missing = [path for path in arguments.files if not Path(path).is_file()]
    return f"{missing[0]}: there is no such file" if missing else ""


def _take(replay: Replay, files: Sequence[str]) -> None:
    with progress(sum(Path(path).stat().st_size for path in files)) as moved:
        for path in files:
            with Path(path).open("rb") as file:
                for number, line in enumerate(file, start=1):
                    replay.take(line, file=path, number=number)
                    moved(len(line))


def _merge(arguments: argparse.Namespace) -> int:
    from shadowmon.daemon.parts import from_file, together  # noqa: PLC0415 - rule 1
    from shadowmon.errors import RefusedError  # noqa: PLC0415

    parts = []
    for path in arguments.files[1:]:
        try:
            parts.append(from_file(Path(path).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, RefusedError) as error:
            why = getattr(error, "strerror", None) or error
            complain(f"shadowmon: {path}: {why}")
            return REFUSED
    part = together(parts)
    if arguments.output:
        return _write(arguments.output, part)
    _tell(arguments, part, None)
    return DONE if part.pairs else REFUSED


def _write(path: Path, part: Part) -> int:
    from shadowmon.daemon.parts import to_file  # noqa: PLC0415 - rule 1

    try:
        path.write_text(to_file(part), encoding="utf-8")
    except OSError as error:
        complain(f"shadowmon: {path}: cannot be written: {error.strerror}")
        return REFUSED
    say(f"{path}: {part.pairs} pairs, {sum(part.refused.values())} lines refused")
    return DONE


def _tell(
    arguments: argparse.Namespace, part: Part, replay: Replay | None, *, done: Done | None = None
) -> None:
    from shadowmon.cli.replayed import pair_lines, pairs_to_json  # noqa: PLC0415 - rule 1

    told: Mapping[str, Any] = pairs_to_json(part, replay, done)
    if arguments.json:
        say(json.dumps(told))
        return
    for line in pair_lines(told, every=arguments.every):
        say(line)


# --- small things ---


def _configured(arguments: argparse.Namespace) -> Settings | None:
    if arguments.config is None:
        return None
    from shadowmon.config.load import load  # noqa: PLC0415 - rule 1

    given = overrides(arguments.overrides) or {}
    return load(arguments.config, environment=os.environ, overrides=given)


def _plain(arguments: argparse.Namespace, *, is_pairs: bool) -> Settings | None:
    """Return the defaults of a task; labels are expected if the first line has one."""
    from shadowmon.daemon.replay import has_label, plain_settings  # noqa: PLC0415 - rule 1
    from shadowmon.policy.settings import Task  # noqa: PLC0415

    if arguments.task not in set(Task):
        complain(f"shadowmon: --task must be one of: {', '.join(Task)}")
        return None
    with Path(arguments.files[0]).open("rb") as file:
        labelled = is_pairs and has_label(file.readline())
    return plain_settings(task=Task(arguments.task), codec=arguments.codec, expects_labels=labelled)


def _shard(text: str | None) -> Any:  # noqa: ANN401 - Shard or None; its module is heavy
    from shadowmon.daemon.parts import Shard  # noqa: PLC0415 - rule 1

    if text is None:
        return Shard(number=1, of=1)
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        return None
    return Shard(number=int(number), of=int(of))


def _wrong(problem: str) -> int:
    complain(f"shadowmon: {problem}")
    return WRONG
