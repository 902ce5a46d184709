"""shadowmon explain: why a verdict is what it is, in numbers that a person can compute again."""

from __future__ import annotations

import argparse
import math

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.explain_summary import claim, figure, measured, summary
from shadowmon.cli.status import add_url, connected
from shadowmon.cli.terminal import say
from shadowmon.console.plain import plain


Json: TypeAlias = Mapping[str, Any]

_FORMULA = (
    "e-value = sum over bets of share x product over places of (1 + bet x gain)^(counted / unit), "
    "each product to the power if there is one; with fresh beginnings, half of this and half of "
    "what those own."
)

_LOG_MOST = 700.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "explain",
        help="how a verdict came about, and what holds it",
        description="Prints where a trial stands, what holds it, the claims that decide and what a "
        "person may do; of a verdict in the journal, its claims. With --all every rule's claim, "
        "counts, e-value and need. With --recompute each e-value is computed again from what was "
        "written down, by other code than gave the verdict: exit code 1 if one is not the same.",
    )
    command.add_argument("trial", metavar="TRIAL")
    command.add_argument(
        "--decision",
        "--entry",
        dest="entry",
        type=int,
        metavar="N",
        help="a verdict's number in the journal (`shadowmon journal` has them)",
    )
    command.add_argument(
        "--all",
        action="store_true",
        dest="whole",
        help="every rule, with counts, bets and e-values, to be computed again by hand",
    )
    command.add_argument(
        "--recompute", action="store_true", help="compute every e-value again, by hand"
    )
    add_url(command)
    command.set_defaults(command_function=_explain)


def _explain(arguments: argparse.Namespace) -> int:
    daemon = connected(arguments)
    if daemon is None:
        return WRONG
    told = daemon.get("trials", arguments.trial, "explain", entry=arguments.entry)
    if arguments.whole:
        written = lines(told)
    else:
        trial = daemon.get("trials", arguments.trial) if arguments.entry is None else None
        written = in_short(told, trial)
    for line in written:
        say(line)
    if not arguments.recompute:
        return DONE
    from shadowmon.cli.recompute import checks  # noqa: PLC0415 - see cli/main.py, rule 1

    found = list(checks(told))
    for check in found:
        for line in check.lines:
            say(line)
    return DONE if found and all(check.holds for check in found) else REFUSED


def in_short(told: Json, trial: Json | None) -> Iterator[str]:
    """Write an explanation on one screen (cli/explain_summary.py); pure."""
    yield from _verdict(told)
    yield from summary(told, trial)


def lines(told: Json) -> Iterator[str]:
    """Write an explanation out; pure."""
    yield from _verdict(told)
    for rule in told["rules"]:
        yield ""
        yield from _rule(rule)
    yield ""
    yield f"all rules that can take weight away, averaged: {_race(told['roll_back'])}"
    yield "A claim is proven once its e-value reaches its need, whenever it is looked at (log: ln)."
    if any("steps" in rule["recompute"] for rule in told["rules"]):
        yield _FORMULA


def _verdict(told: Json) -> Iterator[str]:
    verdict = told["verdict"]
    where = f"journal entry {told['entry']}" if told["entry"] is not None else "now"
    if verdict is None:
        yield f"trial {plain(told['trial'])}, {where}: no verdict yet"
        return
    when = f"epoch {verdict['epoch']}, {verdict['decided_at']}"
    yield f"trial {plain(told['trial'])}, {where}, {when}"
    decision = verdict["decision"]
    sentence = plain(verdict["sentence"], limit=2000).removeprefix(f"{decision}: ")
    yield f"{decision} ({verdict['grade']}): {sentence}"
    if told["hash"]:
        yield f"hash {plain(told['hash'])}"


def _rule(rule: Json) -> Iterator[str]:
    marks = [
        word
        for word, is_so in (("not armed", not rule["armed"]), ("BREACHED", rule["breached"]))
        if is_so
    ]
    yield plain(rule["rule"]) + (f" ({', '.join(marks)})" if marks else "")
    yield f"  claim      {claim(rule)}"
    yield f"  measured   {measured(rule)}"
    yield f"  counts     {' '.join(map(str, rule['counts']))}"
    yield f"  e-value    {_race(rule)}"
    if rule["weight_in_average"] is not None:
        yield f"  weight     {figure(rule['weight_in_average'])} of what can take weight away"
    yield from _receipt(rule["recompute"])
    if rule["sentence"]:
        yield f"  {plain(rule['sentence'], limit=2000)}"


def _receipt(told: Json) -> Iterator[str]:
    """Write out what the e-value is computed from, as far as it was written down."""
    if "steps" not in told:
        return
    yield "  places     counted / unit, and what a bet of 1 wins there"
    for place, count, unit, gain in told["steps"]:
        yield f"    {plain(place):<16} {count} / {unit}, {gain:.6g}"
    yield f"  bets       {_figures(told['bets'])}"
    yield f"  shares     {_figures(told['shares'])}"
    if told.get("power", 1) != 1:
        yield f"  power      {told['power']:.6g}: pairs go together, so that each counts less"
    fresh = told.get("fresh")
    if fresh:
        yield (
            f"  fresh      {fresh['copies']} beginnings, the newest after {fresh['cut_at']} pairs; "
            f"log of what each bet owns: {_figures(fresh['log_wealth'])}"
        )


def _figures(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)


def _race(race: Json) -> str:
    log_e, needed = race["log_e_value"], race["log_e_needed"]
    value = f"{race['e_value']:.6g}" if race["e_value"] is not None else "beyond a float"
    value = "0" if log_e is None else value
    if needed is None:
        return f"{value} (log {figure(log_e)})"
    word = "proven" if log_e is not None and log_e >= needed else "not proven"
    return f"{value} of {_need(needed)} needed (log {figure(log_e)} of {needed:.6g}): {word}"


def _need(log_e_needed: float) -> str:
    return f"{math.exp(log_e_needed):.6g}" if log_e_needed < _LOG_MOST else "beyond a float"
