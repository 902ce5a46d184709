"""
The command line: arguments in, exit code out.

Rule 1: a command's module imports what it needs when it runs, so that `--help` is quick and works
on a machine where something is broken.
Rule 2: exit codes are 0 for done, 1 for refused or a no, 2 for a wrong configuration or wrong
usage, 3 for a daemon that does not answer, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys

from collections.abc import Sequence

from shadowmon import __version__
from shadowmon.cli import (
    check_config,
    demo,
    explain,
    freeze,
    gate,
    init,
    journal,
    judge,
    judge_report,
    operate,
    plan,
    policy_cases,
    replay,
    run,
    status,
    verdict,
)
from shadowmon.cli.client import AnsweredNoError, UnreachableError
from shadowmon.cli.exit_codes import DONE, INTERRUPTED, REFUSED, UNREACHABLE
from shadowmon.cli.terminal import complain


_COMMANDS = (
    run,
    demo,
    check_config,
    plan,
    gate,
    init,
    policy_cases,
    status,
    operate,
    freeze,
    journal,
    explain,
    replay,
    judge,
    judge_report,
    verdict,
)


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    whole = argparse.ArgumentParser(
        prog="shadowmon",
        description="Put a cheaper model in the place of one that users rely on, and prove what it "
        "costs.",
        epilog="Exit codes: 0 done, 1 refused, 2 wrong configuration or usage, 3 no answer.",
    )
    whole.add_argument("--version", action="version", version=f"shadowmon {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add(commands)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        arguments = parser().parse_args(argv)
        code: int = arguments.command_function(arguments)
        sys.stdout.flush()
    except SystemExit as asked:  # argparse: --help, --version, wrong usage
        return asked.code if isinstance(asked.code, int) else DONE
    except UnreachableError as error:
        complain(f"shadowmon: {error}")
        return UNREACHABLE
    except AnsweredNoError as error:
        complain(f"shadowmon: {error}")
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone (`shadowmon status | head`); nothing more can be written to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    return code
