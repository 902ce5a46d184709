"""Formulas that take for ever, or all memory: what a model may write in one line."""

from __future__ import annotations


HOSTILE = (
    "9^{9^{9^9}}",
    r"\sum_{i=1}^{10^7} \frac{1}{i}",
    "(x+1)^{5000}",
    "1000000!",
    r"\prod_{i=1}^{10^6} (x+i)",
    r"\binom{10^9}{5 \cdot 10^8}",
    r"2^{10^{10}} \mod 7",
    "((x+y+z+w)^{40}+1)^{3}",
    "(" * 150 + "x" + ")" * 150,
)
