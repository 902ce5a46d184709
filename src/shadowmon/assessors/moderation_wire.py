"""How a moderation endpoint is spoken to: OpenAI's API, or any JSON by a template and JMESPath."""

from __future__ import annotations

import json

from typing import Any, Protocol

import jmespath
import msgspec

from jmespath.exceptions import JMESPathError

from shadowmon.assessors.endpoint import Trouble, UnansweredError, read, written
from shadowmon.assessors.settings import ModerationSettings
from shadowmon.errors import Complaint, ConfigError


_TEXT = "$text"


class Wire(Protocol):
    """One API."""

    path: str

    def request(self, text: str) -> bytes:
        """Return the body that asks about a text."""
        ...

    def is_flagged(self, answer: bytes) -> bool:
        """
        Return whether the answer calls the text unsafe.

        Raises:
            UnansweredError: `bad_answer`, if it does not say.

        """
        ...


def wire_of(settings: ModerationSettings) -> Wire:
    """
    Return the API that the settings name.

    Raises:
        ConfigError: If the template or the expression cannot be used.

    """
    if settings.kind == "openai":
        return OpenAIModeration(settings.endpoint.model, settings.categories)
    return JsonModeration(settings.request, settings.flagged)


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None] = {}


class _Results(msgspec.Struct):
    results: list[_Result]


class OpenAIModeration:
    """https://platform.openai.com/docs/api-reference/moderations/create."""

    path = "/moderations"

    def __init__(self, model: str, categories: tuple[str, ...]) -> None:
        self._model = {"model": model} if model else {}
        self._categories = categories

    def request(self, text: str) -> bytes:
        """See `Wire.request`."""
        return written({**self._model, "input": text})

    def is_flagged(self, answer: bytes) -> bool:
        """See `Wire.is_flagged`. A category that the settings name and the answer lacks is bad."""
        results = read(answer, _Results).results
        if len(results) != 1:
            raise UnansweredError(Trouble.BAD_ANSWER)
        found = results[0]
        if not self._categories:
            return found.flagged
        if not found.categories.keys() >= set(self._categories):
            raise UnansweredError(Trouble.BAD_ANSWER)
        return any(found.categories[name] for name in self._categories)


class JsonModeration:
    """Any JSON over POST."""

    path = ""

    def __init__(self, template: str, flagged: str) -> None:
        self._template = template
        try:
            json.loads(template.replace(_TEXT, '""'))
        except ValueError as error:
            raise _wrong(key="request", problem=f"with {_TEXT} put in it is no JSON") from error
        if _TEXT not in template:
            raise _wrong(key="request", problem=f"has no {_TEXT}, so that no text would be sent")
        try:
            self._flagged: Any = jmespath.compile(flagged)
        except JMESPathError as error:
            raise _wrong(key="flagged", problem=f'"{flagged}" is not a JMESPath') from error

    def request(self, text: str) -> bytes:
        """See `Wire.request`."""
        return self._template.replace(_TEXT, json.dumps(text)).encode()

    def is_flagged(self, answer: bytes) -> bool:
        """See `Wire.is_flagged`. The expression must find true or false, and nothing else."""
        try:
            found = self._flagged.search(read(answer, object))
        except JMESPathError:
            found = None
        if not isinstance(found, bool):
            raise UnansweredError(Trouble.BAD_ANSWER)
        return found


def _wrong(*, key: str, problem: str) -> ConfigError:
    return ConfigError(Complaint(key=f"assessors.moderation.{key}", problem=problem))
