"""Targets that name the model in their path, as model servers' own APIs do."""

from __future__ import annotations

import re

from urllib.parse import quote


def with_model(target: str, path: re.Pattern[str], model: str) -> str:
    """
    Return a target whose path names another model; unchanged if it names none.

    Args:
        target: As on the wire: path and query.
        path: Finds an inference path; the first of its groups that matches is the model's name.
        model: As people write it; it is quoted for a path segment (RFC 3986, section 3.3).

    """
    before, mark, query = target.partition("?")
    found = path.search(before)
    at = 0 if found is None else next((n for n in range(1, path.groups + 1) if found[n]), 0)
    if found is None or not at:
        return target
    begin, end = found.span(at)
    return before[:begin] + quote(model, safe="") + before[end:] + mark + query
