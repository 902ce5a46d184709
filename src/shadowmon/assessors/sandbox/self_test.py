"""
Is every attack contained, here and now? Nothing else is run before this has said yes.

Also a command, for whoever wants to see it: `python -m shadowmon.assessors.sandbox.self_test`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import stat
import sys
import tempfile

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from shadowmon.assessors.sandbox.attacks import HARMLESS, Attack, Scene, attacks
from shadowmon.assessors.sandbox.link import LauncherError, Link
from shadowmon.assessors.sandbox.tiers import plans
from shadowmon.assessors.sandbox.verdict import Limits, Ran, Verdict


PLACES = 6
"""Attacks that are tried at one time; most of the time goes into waiting."""
DEADLINE_SECONDS = 120.0

_MEMORY_MAX_BYTES = 192 * 1024 * 1024
_OUTPUT_MAX_BYTES = 64 * 1024
_MARK = "sm-left-behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attack, and what came of it."""

    attack: Attack
    ran: Ran

    @property
    def problem(self) -> str:
        """What is wrong, if anything is."""
        if self.ran.verdict in self.attack.expected:
            return ""
        if self.ran.verdict is Verdict.NOT_STARTED:
            return f"{self.attack.name} was not started ({self.ran.error})"
        return f"{self.attack.name} {self.ran.verdict}"


async def problems(link: Link) -> list[str]:
    """
    Try every attack; return what is not as it must be. Empty: all are contained.

    Asks first whether anything runs at all, so that the usual case of failure is a short one.
    """
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            tried, traces = await try_all(link)
    except TimeoutError:
        return [f"the self-test did not end within {DEADLINE_SECONDS:.0f} seconds"]
    return [*filter(None, (each.problem for each in tried)), *traces]


async def try_all(link: Link) -> tuple[list[Tried], list[str]]:
    """Return what came of each attack, and the signs of escape that were found outside."""
    with _scene(link.process_id) as scene:
        first, *others = attacks()
        if first.name != HARMLESS:
            msg = f"the first attack must be the harmless one, not {first.name}"
            raise ValueError(msg)
        tried = [await _try(link, first, scene)]
        if tried[0].problem:
            return tried, []
        places = asyncio.Semaphore(PLACES)

        async def try_in_turn(attack: Attack) -> Tried:
            async with places:
                return await _try(link, attack, scene)

        tried += await asyncio.gather(*map(try_in_turn, others))
        return tried, _signs(scene, link)


async def _try(link: Link, attack: Attack, scene: Scene) -> Tried:
    limits = Limits(
        timeout_seconds=attack.seconds,
        memory_max_bytes=_MEMORY_MAX_BYTES,
        output_max_bytes=_OUTPUT_MAX_BYTES,
    )
    return Tried(attack=attack, ran=await link.run([attack.program_for(scene)], limits))


@contextmanager
def _scene(launcher: int) -> Iterator[Scene]:
    """Put up what is to be attacked: files and sockets that anybody outside can reach."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shadowmon-scene-")))
        folder.chmod(0o777)
        secret = folder / "secret"
        secret.write_text("secret", encoding="ascii")
        secret.chmod(0o644)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for name, kind in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM)):
            listening = stack.enter_context(socket.socket(socket.AF_UNIX, kind))
            listening.bind(str(folder / name))
            (folder / name).chmod(0o777)
            if kind is socket.SOCK_STREAM:
                listening.listen()
        yield Scene(
            folder=str(folder),
            secret=str(secret),
            stream=str(folder / "stream"),
            datagram=str(folder / "datagram"),
            port=tcp.getsockname()[1],
            launcher=launcher,
            trace=str(folder / "trace"),
            mark=_MARK,
        )


def _signs(scene: Scene, link: Link) -> list[str]:
    """Return what escaped programs have left outside."""
    signs = []
    if Path(scene.trace).exists():
        signs.append("a file was written outside")
    found = Path(scene.secret).stat()
    if stat.S_IMODE(found.st_mode) != 0o644 or found.st_mtime == 1:  # noqa: PLR2004 - as it was made
        signs.append("a file outside was changed")
    if not link.is_alive:
        signs.append("the launcher was killed")
    if _left_behind(scene.mark):
        signs.append("a process was left behind")
    return signs


def _left_behind(mark: str) -> bool:
    """Return whether a process of this name is left; it dies before its run is answered."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if (process / "comm").read_text(encoding="utf-8").strip() == mark:
                    return True
            except OSError:  # gone by now
                continue
    return False


async def _report(*, allow_landlock: bool) -> int:
    """Try every plan and print what came of it; return the exit code."""
    candidates, refusals = plans(allow_landlock=allow_landlock)
    holds = False
    for refusal in refusals:
        _print(refusal)
    for plan in candidates:
        _print(f"{plan.tier}, {plan.interpreter}, as user {os.getuid()}")
        try:
            link = await Link.start(plan, PLACES)
        except LauncherError as error:
            _print(f"  {error}")
            continue
        try:
            tried, traces = await try_all(link)
        finally:
            await link.end()
        for each in tried:
            mark = "!" if each.problem else " "
            _print(f"{mark} {each.attack.name:28} {each.ran.verdict:11} {each.ran.error}")
        for trace in traces:
            _print(f"! {trace}")
        wrong = sum(bool(each.problem) for each in tried) + len(traces)
        _print(f"  {len(tried)} programs, {wrong} not as they must be")
        holds = holds or not wrong
    return 0 if holds else 1


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: Sequence[str]) -> int:
    """Print what each attack comes to; 0 if at least one plan contains all of them."""
    parser = argparse.ArgumentParser(prog="shadowmon.assessors.sandbox.self_test")
    parser.add_argument("--allow-landlock", action="store_true")
    return asyncio.run(_report(allow_landlock=parser.parse_args(arguments).allow_landlock))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
