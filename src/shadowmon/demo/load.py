"""
The users: a process that asks for digits at a steady rate, and later says what they really were.

    python -m shadowmon.demo.load --target http://127.0.0.1:PORT --labels http://127.0.0.1:PORT

Every request carries the user's id and an id of its own. How long the truth takes, who asks and
about which image is drawn from a seed and from nothing that the answer could change: a label
that came sooner for a right answer would flatter the model. Each request is told in one line of
JSON on standard output, so that the story can count for itself what users got.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import sys

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO, TypeAlias

import aiohttp
import msgspec
import numpy as np

from shadowmon.clock import Clock, SystemClock
from shadowmon.demo import tensors
from shadowmon.demo.digits import Digits, load_digits, split
from shadowmon.demo.stopping import set_within, stop_when_told


INFER_PATH = "/v2/models/digits/infer"
LABELS_PATH = "/api/v1/labels"

WAITING_MAX = 1024
"""Requests under way at one time. A user who comes when so many wait is counted as an error."""
ANSWER_SECONDS = 30.0
TRUTH_SECONDS = (0.2, 1.0)
"""When the truth about a request becomes known, after it was sent."""
LABELS_EVERY_SECONDS = 0.1
LABEL_TRIES = 20
BANK_EVERY = 5
"""Every fifth user is a customer of the tenant `bank`, all others of `post`."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """What one user got."""

    sent_at: float
    """Seconds since 1970."""
    user: int
    version: str = ""
    """Which model answered; empty if none did."""
    correct: bool = False
    problem: str = ""
    """Why the user got no good answer; empty if it was a well-formed 200."""


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """The last line."""

    asked: int
    errors: int
    labels_posted: int
    labels_lost: int


Told: TypeAlias = Asked | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """Who asks, how often, and where."""

    target: str
    """Where requests go: scheme, host and port."""
    labels: str
    """Where labels go; empty means nowhere."""
    seed: int
    users: int
    rate_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, fully drawn before it is sent."""

    number: int
    user: int
    exchange_id: str
    image: int
    truth: str
    truth_after_seconds: float

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, and by which name the request is known later."""
        return {
            "content-type": "application/json",
            "x-user-id": f"user-{self.user:06d}",
            "x-request-id": self.exchange_id,
            "x-tenant": "bank" if self.user % BANK_EVERY == 0 else "post",
        }


class Crowd:
    """Draws one question after another; the same seed draws the same ones."""

    def __init__(self, digits: Digits, plan: LoadPlan) -> None:
        self._digits = digits
        self._plan = plan
        self._dice = np.random.default_rng([plan.seed, 3])
        self._drawn = 0

    def question(self) -> Question:
        """Draw who asks, about which image, and when the truth comes out."""
        number = self._drawn
        self._drawn += 1
        image = int(self._dice.integers(len(self._digits)))
        return Question(
            number=number,
            user=int(self._dice.integers(self._plan.users)),
            exchange_id=f"demo-{self._plan.seed}-{number:08d}",
            image=image,
            truth=str(self._digits.labels[image]),
            truth_after_seconds=float(self._dice.uniform(*TRUTH_SECONDS)),
        )


class Truths:
    """Labels that are not due yet, and those that are; posted in batches."""

    def __init__(self, session: aiohttp.ClientSession, url: str, clock: Clock) -> None:
        self._session = session
        self._url = url
        self._clock = clock
        self._later: list[tuple[float, str, str]] = []
        self._due: list[dict[str, str]] = []
        self._failures = 0
        self.posted = 0
        self.lost = 0

    def expect(self, question: Question) -> None:
        """Keep a question's truth until it comes out."""
        due = self._clock.monotonic() + question.truth_after_seconds
        heapq.heappush(self._later, (due, question.exchange_id, question.truth))

    async def post(self, *, early: bool = False) -> None:
        """Post what is due; `early` posts everything. What cannot be posted is tried again."""
        now = self._clock.monotonic()
        while self._later and (early or self._later[0][0] <= now):
            _, exchange_id, truth = heapq.heappop(self._later)
            self._due.append({"exchange_id": exchange_id, "label": truth})
        if not self._due:
            return
        batch, self._due = self._due, []
        if await self._accepted(batch):
            self.posted += len(batch)
            self._failures = 0
        elif self._failures < LABEL_TRIES:
            self._failures += 1
            self._due = batch
        else:
            self.lost += len(batch)

    async def _accepted(self, batch: list[dict[str, str]]) -> bool:
        try:
            async with self._session.post(self._url, json=batch) as answer:
                await answer.read()
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False


class Load:
    """Sends, counts, tells."""

    def __init__(
        self, plan: LoadPlan, session: aiohttp.ClientSession, clock: Clock, tell: TextIO
    ) -> None:
        self._plan = plan
        self._session = session
        self._clock = clock
        self._tell = tell
        self._digits = split(load_digits(), seed=plan.seed).traffic
        self._bodies = [tensors.ask(pixels) for pixels in self._digits.images]
        self._waiting = 0
        self._asked = 0
        self._errors = 0
        self._truths = Truths(session, plan.labels + LABELS_PATH, clock) if plan.labels else None

    async def run(self, until: asyncio.Event) -> None:
        """Ask until the event is set; then wait for the last answers and tell the sums."""
        async with asyncio.TaskGroup() as group:
            labelling = group.create_task(self._label(until))
            await self._send(until, group)
            await labelling
        if self._truths is not None:
            await self._truths.post(early=True)
        self._line(self._sums())

    async def _send(self, until: asyncio.Event, group: asyncio.TaskGroup) -> None:
        """Start one request after another on a fixed timetable, whatever the answers do."""
        crowd = Crowd(self._digits, self._plan)
        started = self._clock.monotonic()
        while not until.is_set():
            question = crowd.question()
            due = started + question.number / self._plan.rate_per_second
            if await set_within(until, due - self._clock.monotonic()):
                return
            group.create_task(self._ask(question))

    async def _label(self, until: asyncio.Event) -> None:
        while not await set_within(until, LABELS_EVERY_SECONDS):
            if self._truths is not None:
                await self._truths.post()

    async def _ask(self, question: Question) -> None:
        sent_at = self._clock.now().timestamp()
        if self._truths is not None:
            self._truths.expect(question)
        version, label, problem = await self._answer(question)
        self._asked += 1
        self._errors += bool(problem)
        self._line(
            Asked(
                sent_at=sent_at,
                user=question.user,
                version=version,
                correct=label == question.truth,
                problem=problem,
            )
        )

    async def _answer(self, question: Question) -> tuple[str, str, str]:
        """Return (model version, label, problem): the first two or the last are empty."""
        if self._waiting >= WAITING_MAX:
            return "", "", f"not sent: {WAITING_MAX} requests are waiting for answers"
        self._waiting += 1
        try:
            async with self._session.post(
                self._plan.target + INFER_PATH,
                data=self._bodies[question.image],
                headers=question.headers,
            ) as answer:
                body = await answer.read()
                if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
                    return "", "", f"status {answer.status}"
                version, label = tensors.read_answer(body)
                return version, label, ""
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return "", "", f"{type(error).__name__}: {error}"
        finally:
            self._waiting -= 1

    def _sums(self) -> Ended:
        posted, lost = (self._truths.posted, self._truths.lost) if self._truths else (0, 0)
        return Ended(asked=self._asked, errors=self._errors, labels_posted=posted, labels_lost=lost)

    def _line(self, told: Told) -> None:
        self._tell.write(msgspec.json.encode(told).decode() + "\n")
        self._tell.flush()


async def _main(plan: LoadPlan) -> None:
    until = asyncio.Event()
    stop_when_told(until)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    connector = aiohttp.TCPConnector(limit=WAITING_MAX + 1)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await Load(plan, session, SystemClock(), sys.stdout).run(until)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m shadowmon.demo.load", description=__doc__)
    parser.add_argument("--target", required=True, help="where to ask: http://host:port")
    parser.add_argument("--labels", default="", help="where the truth is posted: http://host:port")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Ask until told to stop. Returns the exit code."""
    arguments = _arguments(sys.argv[1:] if given is None else given)
    plan = LoadPlan(
        target=arguments.target.rstrip("/"),
        labels=arguments.labels.rstrip("/"),
        seed=arguments.seed,
        users=arguments.users,
        rate_per_second=arguments.rate,
    )
    code = 0
    try:
        asyncio.run(_main(plan))
    except* BrokenPipeError:
        code = 1  # whoever listened is gone: there is nobody to tell
    return code


if __name__ == "__main__":
    raise SystemExit(main())
