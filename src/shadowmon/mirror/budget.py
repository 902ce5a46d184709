"""
How many shadow calls a model may still get: in a second, and of tokens and money on this day. Pure.

What is not granted depends on the time and on what was spent before, never on the request or on
what a model would have answered: so the pairs that are made stand for those that are not, as far
as the hours are alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shadowmon.mirror.settings import BudgetSettings
from shadowmon.records import ModelName, Reply


REQUESTS_PER_SECOND = "requests_per_second"
TOKENS_PER_DAY = "tokens_per_day"
MONEY_PER_DAY = "money_per_day"

_BYTES_PER_TOKEN = 4
"""About, in English: what a call is charged whose answer told no tokens, a failed one included."""


class TokenBucket:
    """
    Permits that come at an even rate, up to one second's at once.

    More may be taken than are there: whoever comes next waits until the debt is paid.
    """

    def __init__(self, rate: float) -> None:
        """Take `rate` permits for each second; above 0."""
        self._rate = rate
        self._room = max(1.0, rate)
        self._level = self._room
        self._at = 0.0

    def has_one(self, now: float) -> bool:
        """Is there a permit at this moment (monotonic seconds)?"""
        self._level = min(self._room, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        return self._level >= 1

    def take(self, count: int = 1) -> None:
        """Take permits, present or not."""
        self._level -= count


@dataclass(slots=True)
class Spent:
    """What shadow calls to one model took."""

    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.money + other.money)


class Day:
    """What all models' shadow calls took on this day, by this process and by its neighbours."""

    def __init__(self) -> None:
        self.date = date.min
        self.ours: dict[ModelName, Spent] = {}
        """Not yet told to the neighbours."""
        self.told: Mapping[ModelName, Spent] = {}
        """All that is known to all of them."""

    def turn_to(self, today: date) -> None:
        """Begin anew if the day is another one."""
        if today != self.date:
            self.date, self.ours, self.told = today, {}, {}

    def spend(self, model: ModelName, spent: Spent) -> None:
        """Add to what this process spent."""
        self.ours[model] = self.ours.get(model, Spent()) + spent

    def spent(self, model: ModelName) -> Spent:
        """Return all that is known to be spent."""
        return self.told.get(model, Spent()) + self.ours.get(model, Spent())


class Budget:
    """One model's."""

    def __init__(self, model: ModelName, settings: BudgetSettings, day: Day, *, parts: int) -> None:
        """
        Args:
            model: Whose calls are counted.
            settings: What they may take.
            day: Shared by all models.
            parts: Scoring workers that share the rate; each has an even part.

        """
        self._model = model
        self._settings = settings
        self._day = day
        rate = settings.requests_per_second
        self._bucket = TokenBucket(rate / parts) if rate else None

    def refusal(self, now: float) -> str:
        """Return what is used up at this moment (monotonic seconds); empty if nothing is."""
        spent = self._day.spent(self._model)
        tokens, money = self._settings.tokens_per_day, self._settings.money_per_day
        if tokens is not None and spent.tokens >= tokens:
            return TOKENS_PER_DAY
        if money is not None and spent.money >= money:
            return MONEY_PER_DAY
        if self._bucket is not None and not self._bucket.has_one(now):
            return REQUESTS_PER_SECOND
        return ""

    def take(self) -> None:
        """Account for a call that will be made."""
        if self._bucket is not None:
            self._bucket.take()

    def pay(self, spent: Spent) -> None:
        """Account for what a call took, once it is over."""
        self._day.spend(self._model, spent)


def taken_by(reply: Reply, request_bytes: int) -> Spent:
    """
    Return what a shadow call took.

    Where nobody told the tokens, as of a call that failed, a token for each four bytes of the
    request stands for them: a provider may charge for what it never answered.
    """
    answer = reply.answer
    told = None
    if answer is not None and (answer.input_tokens, answer.output_tokens) != (None, None):
        told = (answer.input_tokens or 0) + (answer.output_tokens or 0)
    tokens = request_bytes // _BYTES_PER_TOKEN if told is None else told
    return Spent(tokens=tokens, money=reply.cost or 0.0)
