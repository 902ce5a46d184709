"""What machines ask of the daemon as a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.operations import (
    CHANGING,
    OPERATOR,
    answers,
    in_json,
    in_text,
    operation,
)
from shadowmon.console.openapi.vocabulary import ref


PATHS: Mapping[str, Mapping[str, Any]] = {
    "/metrics": {
        "get": operation(
            "metrics",
            "For Prometheus",
            {"200": in_text("the exposition, in the form that Accept asks for", "up 1.0\n")},
        )
    },
    "/-/healthy": {"get": operation("healthy", "Does the loop turn?", answers("Healthy", ()))},
    "/-/ready": {
        "get": operation(
            "ready",
            "Can it work?",
            {
                **answers("Ready", ()),
                "503": in_json("not ready; `problems` says why", ref("Ready")),
            },
        )
    },
    "/-/reload": {
        "post": operation(
            "reload",
            "Load the configuration again, whole or not at all",
            answers("Reloaded", (*CHANGING, 422)),
            security=OPERATOR,
        )
    },
}
