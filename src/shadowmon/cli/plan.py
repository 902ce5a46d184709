"""shadowmon plan: what a trial will have to prove, and how long that takes with your traffic."""

from __future__ import annotations

import argparse
import json
import math
import os

from collections.abc import Sequence
from pathlib import Path

from shadowmon.cli.exit_codes import DONE, WRONG
from shadowmon.cli.run import add_set, overrides
from shadowmon.cli.terminal import complain, say


_DAYS = 30.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "plan",
        help="how many pairs and hours each limit takes, before anything runs",
        description="Reads a configuration and forecasts, for each trial, how many pairs prove "
        "what its rules ask, how long that takes at your traffic, and what your traffic cannot "
        "prove. Nothing is started, nothing is asked.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="the configuration")
    command.add_argument("--trial", metavar="NAME", help="one of them; all, if not given")
    command.add_argument("--rate", type=float, metavar="R", help="requests a second of the route")
    command.add_argument(
        "--share",
        action="append",
        default=[],
        metavar="SLICE=SHARE",
        help="a slice's share of the requests, such as bank=0.03; may be repeated",
    )
    command.add_argument(
        "--noise", type=float, help="pairs where only one is right though neither is better"
    )
    command.add_argument("--loss", type=float, help="a true loss of quality to forecast as well")
    command.add_argument("--accuracy", type=float, help="the baseline's; 0.9 if not given")
    command.add_argument("--error-rate", type=float, help="the baseline's; 0.01 if not given")
    command.add_argument(
        "--days", type=float, default=_DAYS, help=f"what takes longer is told ({_DAYS:g})"
    )
    command.add_argument("--plot", action="store_true", help="draw pairs over the true loss")
    command.add_argument("--json", action="store_true", help="for programs")
    add_set(command)
    command.set_defaults(command_function=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    given, shares = overrides(arguments.overrides), _shares(arguments.share)
    if given is None or shares is None or not _are_right(arguments):
        return WRONG
    from shadowmon.cli.planned import lines  # noqa: PLC0415 - see cli/main.py, rule 1
    from shadowmon.cli.planned_json import to_json  # noqa: PLC0415
    from shadowmon.cli.planned_plot import plot  # noqa: PLC0415
    from shadowmon.config.load import load  # noqa: PLC0415
    from shadowmon.daemon.build import trial_plans  # noqa: PLC0415
    from shadowmon.daemon.forecast import Assumed, forecast  # noqa: PLC0415
    from shadowmon.errors import ConfigError  # noqa: PLC0415
    from shadowmon.records import SliceName  # noqa: PLC0415

    try:
        settings = load(arguments.file, environment=os.environ, overrides=given)
    except ConfigError as error:
        complain(str(error))
        return WRONG
    plans = {plan.trial_id: plan for plan in trial_plans(settings)}
    wanted = [plan for name, plan in plans.items() if arguments.trial in {None, name}]
    strange = sorted(set(shares) - set(settings.traffic.slices))
    if not wanted or strange:
        there = ", ".join(settings.traffic.slices if strange else plans) or "none"
        what = f"slice {strange[0]}" if strange else f"trial {arguments.trial or ''}".rstrip()
        complain(f"shadowmon: no {what} is configured; there are: {there}")
        return WRONG
    assumed = Assumed(
        requests_per_second=arguments.rate,
        shares={SliceName(name): share for name, share in shares.items()},
        noise=arguments.noise,
        loss=arguments.loss,
        accuracy=arguments.accuracy,
        error_rate=arguments.error_rate,
    )
    found = [forecast(settings, plan, assumed) for plan in wanted]
    if arguments.json:
        trials = [to_json(each, days=arguments.days) for each in found]
        say(json.dumps({"trials": trials}))
        return DONE
    for at, each in enumerate(found):
        if at:
            say()
        for line in lines(each, days=arguments.days):
            say(line)
        for line in plot(each) if arguments.plot else ():
            say(line)
    return DONE


def _are_right(arguments: argparse.Namespace) -> bool:
    """Are the numbers in range? If not, say which is not."""
    for name, top in (
        ("rate", math.inf),
        ("noise", 1.0),
        ("loss", 1.0),
        ("accuracy", 1.0),
        ("error_rate", 1.0),
        ("days", math.inf),
    ):
        value = getattr(arguments, name)
        may_be_zero = name == "loss"
        if value is None or (0 if may_be_zero else 1e-12) <= value <= top:
            continue
        flag = name.replace("_", "-")
        limit = "" if math.isinf(top) else f" and at most {top:g}"
        complain(f"shadowmon: --{flag} must be {'0 or more' if may_be_zero else 'above 0'}{limit}")
        return False
    return True


def _shares(pairs: Sequence[str]) -> dict[str, float] | None:
    """Read the values of --share; None, after saying why, if one of them is none."""
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = math.nan
        if not name or not 0 < share <= 1:
            complain(
                "shadowmon: --share needs SLICE=SHARE, a share above 0 and at most 1: bank=0.03"
            )
            return None
        found[name] = share
    return found
