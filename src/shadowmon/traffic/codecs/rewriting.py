"""A request's body for another model: top-level keys of its JSON set, all else as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import strict_json


def rewritten(body: bytes, changes: Mapping[str, Any]) -> bytes:
    """
    Return the body with these keys set. With nothing to change the bytes stay as they are.

    Raises:
        CodecError: If the body is not a JSON object.

    """
    if not changes:
        return body
    found = strict_json.loads_verbatim(body)
    if not isinstance(found, dict):
        msg = "request is not a JSON object, so that no key of it can be set"
        raise CodecError(msg)
    return strict_json.dumps({**found, **changes})


def named(model: str | None) -> dict[str, Any]:
    """Return the change that names another model, where the body names one."""
    return {} if model is None else {"model": model}
