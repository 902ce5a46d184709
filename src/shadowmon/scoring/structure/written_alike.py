"""
One way of writing for JSON documents whose values a person would call the same.

`values.Values` compares two documents leaf by leaf and knows more (tolerances, ways to write a
date); this is for where only a digest is kept, and two documents must become the same text.
"""

from __future__ import annotations

import json

from typing import Any

from shadowmon.scoring.structure.amounts import amount
from shadowmon.scoring.structure.documents import leaves
from shadowmon.scoring.text.phrases import plain


def written_alike(document: Any) -> str:  # noqa: ANN401 - any JSON
    """Return every leaf with its path, in the order of the paths; a null is as good as absent."""
    found = ((path, _form(leaf)) for path, leaf in leaves(document) if leaf is not None)
    return "\n".join(sorted(f"{json.dumps(path)} {form}" for path, form in found))


def _form(leaf: object) -> str:
    """Write a leaf: an amount as a number without its currency, a text without its layout."""
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    text = leaf if isinstance(leaf, str) else json.dumps(leaf)
    found = amount(text)
    if found is None:
        return " ".join(plain(text).split())
    return f"{found.value.normalize():f}" + ("%" if "%" in found.units else "")
