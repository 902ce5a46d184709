"""
The whole description.

Kept in step with the routes by tests/integration/console/test_openapi.py: each route is described,
each description has a route, and what each one answers fits its schema.
"""

from __future__ import annotations

from typing import Any

from shadowmon import __version__
from shadowmon.console.openapi.paths import (
    argo,
    asking,
    flagger,
    machines,
    people,
    reading,
    shares,
)
from shadowmon.console.openapi.schemas import daemon, evidence, gates, kayenta, trial
from shadowmon.console.openapi.schemas import people as people_say


_PATHS = (reading, asking, people, machines, flagger, argo, shares)
_SCHEMAS = (daemon, trial, evidence, people_say, gates, kayenta)


def document() -> dict[str, Any]:
    """Return it, as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shadowmon",
            "version": __version__,
            "description": "Reads trials, evidence and the journal; asks for operations; takes "
            "labels; answers other controllers. Figures are finite or null, a positive one is "
            "always worse. By a name that is not its own the console answers 421 to everything.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {path: item for each in _PATHS for path, item in each.PATHS.items()},
        "components": {
            "schemas": {name: schema for each in _SCHEMAS for name, schema in each.SCHEMAS.items()},
            "securitySchemes": {
                "operator": {"type": "http", "scheme": "bearer"},
                "reviewer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "opens what reviewers compare, and nothing else",
                },
            },
        },
    }
