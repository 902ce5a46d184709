"""All hazards of HTTP/1.1 that a proxy before a model server meets, in the order of a request."""

from __future__ import annotations

from tests.hazards import answers, bodies, leaving, requests, waiting
from tests.hazards.stage import HAZARDS, TIMEOUT_SECONDS, Hazard, Stage, a_stage


FILES = (requests, bodies, answers, leaving, waiting)
"""Whose functions are in HAZARDS; imported in this order."""

__all__ = ["FILES", "HAZARDS", "TIMEOUT_SECONDS", "Hazard", "Stage", "a_stage"]
