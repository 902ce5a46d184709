"""shadowmon test-policy: given these counts, is this decided? After `promtool test rules`."""

from __future__ import annotations

import argparse
import os

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowmon.cli.terminal import complain, say


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.config.settings import Settings
    from shadowmon.daemon.policy_case_file import CaseFile
    from shadowmon.daemon.policy_cases import Difference

PASSED, FAILED, UNUSABLE = 0, 1, 2


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "test-policy",
        help="unit tests of a configuration's limits: given these counts, expect this decision",
        description="Plays each case of a file through the rules, the evidence and the rollout "
        "that the daemon would run, without traffic. daemon/policy_case_file.py has the form.",
        epilog="Exit codes: 0 all as expected, 1 not, 2 the file or configuration cannot be used.",
    )
    command.add_argument("files", nargs="+", type=Path, metavar="CASES")
    command.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="instead of the one that CASES names"
    )
    command.set_defaults(command_function=_test)


def _test(arguments: argparse.Namespace) -> int:
    from shadowmon.daemon.policy_cases import CaseError  # noqa: PLC0415 - see cli/main.py, rule 1
    from shadowmon.errors import ConfigError  # noqa: PLC0415

    failed = 0
    try:
        for path in arguments.files:
            cases = _read(path)
            failed += _play(path, cases, _settings(path, cases, arguments.config))
    except (CaseError, ConfigError, OSError, UnicodeDecodeError) as error:
        complain(f"shadowmon: {error}")
        return UNUSABLE
    return FAILED if failed else PASSED


def _play(path: Path, cases: CaseFile, settings: Settings) -> int:
    """Play all cases of a file; return how many failed."""
    from shadowmon.daemon.policy_cases import CaseError, play  # noqa: PLC0415 - rule 1

    failed = 0
    for case in cases.cases:
        try:
            found = play(case, settings)
        except CaseError as error:
            msg = f"{path}: {case.name}: {error}"
            raise CaseError(msg) from error
        say(f"{'FAILED' if found else 'ok':<7} {case.name}")
        _show(found)
        failed += bool(found)
    say(f"{path}: {len(cases.cases)} cases, {failed} failed")
    return failed


def _show(differences: Sequence[Difference]) -> None:
    told = 0
    for each in differences:
        if each.step != told:
            say(f"        step {each.step}: {each.because}")
            told = each.step
        say(f"          {each.what}")
        say(f"            - {each.expected}")
        say(f"            + {each.found}")


def _read(path: Path) -> CaseFile:
    """
    Read a file of cases.

    Raises:
        CaseError: If it is none: where, and what is wrong.

    """
    import yaml  # noqa: PLC0415 - rule 1

    from pydantic import ValidationError  # noqa: PLC0415

    from shadowmon.daemon.policy_case_file import CaseFile  # noqa: PLC0415
    from shadowmon.daemon.policy_cases import CaseError  # noqa: PLC0415

    try:
        return CaseFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        msg = f"{path}: is no YAML: {error}"
        raise CaseError(msg) from error
    except ValidationError as error:
        wrong = [
            f"{path}: {'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg'].lower()}"
            for each in error.errors(include_url=False)
        ]
        raise CaseError("\n".join(wrong)) from error


def _settings(path: Path, cases: CaseFile, given: Path | None) -> Settings:
    from shadowmon.config.load import load  # noqa: PLC0415 - rule 1
    from shadowmon.daemon.policy_cases import CaseError  # noqa: PLC0415

    if given is None and cases.config is None:
        msg = f"{path}: names no `config`; give one, or use --config"
        raise CaseError(msg)
    config = given or path.parent / str(cases.config)
    return load(config, environment=os.environ, overrides={})
