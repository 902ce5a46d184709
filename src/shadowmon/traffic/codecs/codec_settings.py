"""
What codecs do alike with a route's `codec_settings`.

Rule: a setting that cannot be used is a `ValueError` at the start, and an expression that does not
fit a body is a `CodecError` later on; both name the key, and neither quotes a body.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import jmespath

from jmespath.exceptions import JMESPathError

from shadowmon.errors import CodecError


class Expression:
    """
    A JMESPath of the settings, compiled once.

    Raises:
        ValueError: On construction, if it is none.

    """

    def __init__(self, key: str, written: object) -> None:
        if not isinstance(written, str):
            msg = f"{key} must be a JMESPath"
            raise ValueError(msg)  # noqa: TRY004 - the Codec protocol promises ValueError
        try:
            self._compiled = jmespath.compile(written)
        except JMESPathError as error:
            msg = f'{key}: "{written}" is not a JMESPath: {str(error).splitlines()[0]}'
            raise ValueError(msg) from error
        self._key = key

    def find(self, document: Any, *, of: str = "answer") -> Any:  # noqa: ANN401 - JSON is any of six types
        """
        Return what the expression finds in the document; None if it finds nothing.

        Args:
            document: Parsed JSON.
            of: What the document is, for the message.

        Raises:
            CodecError: If a function of the expression cannot be applied to what is there.

        """
        try:
            return self._compiled.search(document)
        except (JMESPathError, ArithmeticError, TypeError, ValueError):
            # jmespath checks types, but `ceil(to_number('inf'))` is left to Python.
            problem = f"codec_settings.{self._key}: the expression does not fit the {of}"
        # Raised out here, so that the error does not carry the other one, which quotes the body.
        raise CodecError(problem)


def refuse_unknown(settings: Mapping[str, Any], known: Collection[str], *, codec: str) -> None:
    """
    Refuse settings that the codec does not have.

    Raises:
        ValueError: With the key, and what there is.

    """
    for key in settings:
        if key not in known:
            msg = f'no setting "{key}"; the codec {codec} has: {", ".join(known)}'
            raise ValueError(msg)


def name_in(settings: Mapping[str, Any], key: str) -> str | None:
    """Return the name of an output that a setting gives; None if it is not given."""
    value = settings.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"{key} must be an output's name"
        raise ValueError(msg)
    return value


def labels_in(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the setting `labels`: what the places of probabilities stand for."""
    value = settings.get("labels")
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not value:
        msg = "labels must be a list of names"
        raise ValueError(msg)
    labels = tuple(map(str, value))
    if len(set(labels)) != len(labels):
        msg = "labels must all be different"
        raise ValueError(msg)
    return labels
