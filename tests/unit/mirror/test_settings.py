"""What models may be given, and what contradicts itself."""

from __future__ import annotations

import pytest

from pydantic import ValidationError

from shadowmon.mirror.settings import ModelSettings


def test_money_needs_a_price() -> None:
    """A cap on money is refused where no call would cost anything."""
    budget = {"money_per_day": 5}
    model = {"url": "http://models:80", "budget": budget}

    with pytest.raises(ValidationError, match="needs a price"):
        ModelSettings.model_validate(model)
    assert ModelSettings.model_validate(model | {"price": {"per_request": 0.01}}).price
