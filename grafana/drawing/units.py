"""Numbers as a panel's unit has them written, and where an axis has its marks."""

from __future__ import annotations

import math


_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TIMES = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_SIZES = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"))


def written(value: float, unit: str) -> str:
    """Write a number: three digits that count, and its unit."""
    match unit:
        case "percentunit":
            return f"{_digits(value * 100)}%"
        case "s":
            factor, name = next((each for each in _TIMES if abs(value) >= each[0]), _TIMES[3])
            return f"{_digits(value / factor)} {name}"
        case "reqps":
            return f"{_digits(value)} req/s"
        case _:
            factor, name = next((each for each in _SIZES if abs(value) >= each[0]), (1.0, ""))
            return f"{_digits(value / factor)} {name}".rstrip()


def marks(low: float, high: float, *, about: int) -> list[float]:
    """Return round numbers, about so many of them, that lie between two others."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _digits(value: float) -> str:
    if not value:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = f"{value:.{min(places, 3)}f}"
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded
