"""
JUnit's XML, as pytest and most others write it: each test case passed, or it did not.

A case with a `failure` or an `error` failed, even one that was skipped and failed when it was torn
down; one with `skipped` has no figure, and neither has one that GoogleTest did not run
(`status="notrun"`, without an element that says so).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from collections import Counter
from pathlib import Path

from shadowmon.gates.results.measured import Figures, Measured, ResultsError


BENCHMARK = "tests"
_NOT_RUN = frozenset({"notrun", "disabled", "skipped"})


def read_junit(path: Path, text: str) -> Measured:
    """
    Read the test cases of one model.

    Raises:
        ResultsError: If it is not JUnit's XML, or declares a document type.

    """
    # Entities are the only way for XML of this size to do harm; JUnit's has none.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        msg = f"{path}: declares a document type, which JUnit's XML has no need of"
        raise ResultsError(msg)
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as error:
        msg = f"{path}: is no XML: {error}"
        raise ResultsError(msg) from error
    values: dict[str, float | None] = {}
    seen: Counter[str] = Counter()
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        seen[name] += 1
        key = name if seen[name] == 1 else f"{name} #{seen[name]}"
        values[key] = _figure(case)
    if not values:
        msg = f"{path}: has no <testcase>: give JUnit's XML"
        raise ResultsError(msg)
    figures = {(BENCHMARK, "passed"): Figures(by_question=values, count=len(values))}
    return Measured(origin=str(path), form="JUnit's XML", figures=figures)


def _figure(case: ET.Element) -> float | None:
    if case.find("failure") is not None or case.find("error") is not None:
        return 0.0
    was_run = case.find("skipped") is None and case.get("status") not in _NOT_RUN
    return 1.0 if was_run else None
