"""
The demo as a story in three acts. Nothing here decides anything: the daemon does, and is watched.

1. Three quantised models stand trial against one baseline, on one stream of real inputs. The
   daemon lets int8 climb as far as it is proven good, and takes int2 off at a red line.
2. The server of int8, which has all of the traffic by then, truly loads the weights of int2 and
   goes on calling itself int8. The daemon finds out from the answers and takes the traffic back.
3. What users got is counted by the load generator, and held against what the daemon said it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import aiohttp

from rich.console import Console

from shadowmon.clock import Clock, SystemClock
from shadowmon.demo import ends, journal
from shadowmon.demo.configuration import OPTIMIZED
from shadowmon.demo.crew import (
    RATE_PER_SECOND,
    USERS,
    Crew,
    Heard,
    listen,
    start_daemon,
    start_servers,
    start_users,
    swap_weights,
)
from shadowmon.demo.ends import BROKEN, HELD, Swap
from shadowmon.demo.journal import Line
from shadowmon.demo.prepare import Model, prepare
from shadowmon.demo.processes import DemoError, Processes
from shadowmon.demo.screen import Screen
from shadowmon.demo.seen import count, windows
from shadowmon.demo.tables import decisions_table, models_table, seen_table
from shadowmon.demo.watch import Watch


CLIMB_SECONDS = 60.0
"""Act 1 usually ends by then; a slow machine gets longer (`Watch.until_at_last`)."""
HOLD_SECONDS = 3.0
"""How long int8 has all of the traffic before its server loads other weights."""
TAKE_BACK_SECONDS = 20.0
AFTERWARDS_SECONDS = 2.0
CALL_SECONDS = 10.0
PLAIN_WIDTH = 100
"""Of tables where there is no terminal."""


def main(
    *, seed: int = 1, keep_running: bool = False, live: bool = True, folder: Path | None = None
) -> int:
    """
    Run the demo.

    Args:
        seed: Draws the training, the split of the data, the users and their questions.
        keep_running: Leave everything up at the end, until Ctrl-C.
        live: Draw a moving picture, if there is a terminal to draw on.
        folder: Where models, configuration, logs and the journal are kept; None: a temporary one.

    Returns:
        The exit code: 0 if everything ended as it must, 1 if not, 130 or 143 after a signal that
        came before the end.

    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    try:
        with _work_folder(folder) as work:
            demo = _Demo(work, seed, console, live=live)
            return asyncio.run(_until_told(demo, keep_running=keep_running))
    except* (DemoError, aiohttp.ClientError, OSError) as group:
        for error in group.exceptions:
            console.print(
                f"The demo cannot go on: {str(error) or type(error).__name__}",
                markup=False,
                style="red",
                soft_wrap=True,
            )
    return 1


@contextlib.contextmanager
def _work_folder(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="shadowmon-demo-") as name:
            yield Path(name)
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        msg = f"{folder} is not empty; give a new folder, for a journal is never overwritten"
        raise DemoError(msg)
    yield folder.resolve()


async def _until_told(demo: _Demo, *, keep_running: bool) -> int:
    """Run the demo; the first SIGINT or SIGTERM ends it in order, and later ones change nothing."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    told: list[int] = []

    def stop(number: int) -> None:
        if not told and this is not None:
            this.cancel()
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await demo.run(keep_running=keep_running)
    except asyncio.CancelledError:
        if not told or this is None:
            raise
        this.uncancel()
        return 128 + told[0] if demo.code is None else demo.code


class _Demo:
    """One telling."""

    def __init__(self, folder: Path, seed: int, console: Console, *, live: bool) -> None:
        self._folder = folder
        self._seed = seed
        self._console = console
        self._live = live
        self._clock: Clock = SystemClock()
        self.code: int | None = None
        """The exit code, once the story is at its end; None until then."""

    async def run(self, *, keep_running: bool) -> int:
        """Set up, tell the story, and clear away."""
        begun = self._clock.monotonic()
        models = self._prepare()
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        async with (
            Processes(self._folder) as processes,
            aiohttp.ClientSession(timeout=timeout) as session,
        ):
            self._console.print("Starting four model servers and the daemon …")
            servers = await start_servers(processes, models, session=session, clock=self._clock)
            crew, api = await start_daemon(
                processes,
                models,
                servers,
                folder=self._folder,
                session=session,
                clock=self._clock,
            )
            seconds = self._clock.monotonic() - begun
            self._console.print(_introduction(crew, seconds), markup=False, soft_wrap=True)
            users = await start_users(processes, crew, seed=self._seed)
            heard = Heard()
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(listen(users, heard))
                with Screen(self._console, live=self._live) as screen:
                    watch = Watch(api, processes, screen, self._clock)
                    swap = await _acts(watch, crew, models, session)
                until = self._clock.now()
                if not keep_running:
                    await processes.stop(users)
                    await listening
                await watch.look()
                wrong = _told_end(watch, heard, swap, models, until=until)
                if wrong:
                    watch.screen.say(_clues(watch, crew))
                self.code = 1 if wrong else 0
                if keep_running:
                    await self._keep(crew, processes)
        return self.code

    def _prepare(self) -> list[Model]:
        self._console.print(f"Training a network on handwritten digits (seed {self._seed}) …")
        begun = self._clock.monotonic()
        models = prepare(self._folder, seed=self._seed)
        seconds = self._clock.monotonic() - begun
        self._console.print(
            f"Trained and truly quantised in {seconds:.1f} s. Measured offline on the inputs that "
            "users will ask about (the daemon is not told):",
            soft_wrap=True,
        )
        self._console.print(models_table(models))
        return models

    async def _keep(self, crew: Crew, processes: Processes) -> None:
        self._console.print(_tour(crew), markup=False, soft_wrap=True)
        while True:
            processes.check()
            await self._clock.sleep(1.0)


async def _acts(
    watch: Watch, crew: Crew, models: list[Model], session: aiohttp.ClientSession
) -> Swap | None:
    """Play the first two acts; None if it never came to the second."""
    if not await watch.until_at_last(
        lambda: _climbed(watch.lines), what="The climb", seconds=CLIMB_SECONDS
    ):
        return None
    await watch.until(lambda: False, seconds=HOLD_SECONDS)
    broken = next(model for model in models if model.name == BROKEN)
    await swap_weights(session, crew.servers[HELD], broken.file)
    swap = Swap(at=watch.clock.now().timestamp())
    watch.screen.say(
        f"          The server of {HELD} has just loaded the weights of {BROKEN}, and goes on "
        f"calling itself {HELD}. Nobody tells the daemon.",
        style="bold magenta",
    )
    await watch.until_at_last(
        lambda: _taken_back(watch.lines, swap) is not None,
        what="To take the traffic back",
        seconds=TAKE_BACK_SECONDS,
    )
    await watch.until(lambda: False, seconds=AFTERWARDS_SECONDS)
    return Swap(at=swap.at, taken_back_at=_taken_back(watch.lines, swap))


def _climbed(lines: list[Line]) -> bool:
    """Is int8 at the top, and int2 off?"""
    top = journal.weight_reached(lines, HELD, 1.0)
    return top is not None and ends.rolled_back(lines, BROKEN) is not None


def _taken_back(lines: list[Line], swap: Swap) -> float | None:
    after = [line for line in lines if line.at.timestamp() >= swap.at]
    line = journal.weight_reached(after, HELD, 0.0)
    return line.at.timestamp() if line else None


def _told_end(
    watch: Watch, heard: Heard, swap: Swap | None, models: list[Model], *, until: datetime
) -> list[str]:
    """Print what was decided, what users got, and what did not end as it must; return the last."""
    screen, asked = watch.screen, heard.in_order()
    trials = [model.name for model in models if model.name in OPTIMIZED]
    seen = [
        count(window, asked, users=USERS)
        for trial in trials
        for window in windows(watch.lines, trial=trial, until=until.timestamp())
    ]
    screen.say("\nWhat was decided, and on which figures (from the journal):", style="bold")
    screen.put(decisions_table(watch.lines, trials, begun=watch.begun))
    screen.say("What users got, as the load generator counted it:", style="bold")
    screen.put(seen_table(seen))
    sums = heard.sums()
    screen.say(_users(sums.asked, sums.errors, swap, heard))
    wrong = ends.complaints(watch.lines, seen, sums, swap)
    for complaint in wrong:
        screen.say(f"Not as it must be: {complaint}.", style="bold red")
    if not wrong:
        screen.say("Everything ended as it must.", style="bold green")
    return wrong


def _clues(watch: Watch, crew: Crew) -> str:
    """Return what helps to find out why it did not end as it must."""
    funnel = ", ".join(f"{count:,} {fate}" for fate, count in watch.funnel.items() if count)
    return f"The daemon's funnel: {funnel}. Its log ends:\n{crew.daemon.last_words()}"


def _users(asked: int, errors: int, swap: Swap | None, heard: Heard) -> str:
    sentence = f"{asked} requests, {errors} errors that a user could see."
    harm = ends.harm(swap, heard.in_order()) if swap else None
    if harm is None:
        return sentence
    return (
        f"{sentence} After the weights were swapped, {HELD} answered {harm.asked} requests "
        f"({harm.wrong} of them wrong) in {harm.seconds:.1f} s before the daemon had taken all "
        "traffic back."
    )


def _introduction(crew: Crew, seconds: float) -> str:
    return (
        f"Set up in {seconds:.1f} s: four model servers, the daemon (shadowmon run --config "
        f"{crew.configuration}), and {USERS:,} users at {RATE_PER_SECOND:g} requests a second "
        f"through its proxy http://{crew.proxy}. Console: http://{crew.console}\n"
    )


def _tour(crew: Crew) -> str:
    return "\n".join(
        [
            "",
            "Everything is still up; Ctrl-C ends it. Look around:",
            f"  shadowmon status --watch --url http://{crew.console}",
            f"  curl http://{crew.console}/api/v1/trials",
            f"  curl http://{crew.console}/api/v1/journal",
            f"  curl http://{crew.console}/metrics",
            f"  less {crew.configuration}",
            f"  ls {crew.folder}/logs",
            *(
                f"  model {name}: {address}/v2/models/digits"
                for name, address in crew.servers.items()
            ),
        ]
    )
