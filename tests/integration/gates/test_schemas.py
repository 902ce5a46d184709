"""
The manifests of deploy/ against the controllers' own schemas.

The schemas are not shipped: where they lie beside the project, each of them is a test.
"""

from __future__ import annotations

import json

from pathlib import Path

import jsonschema_rs
import pytest
import yaml


ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT.parent / "shared" / "data" / "schemas"
KINDS = {"argo": "AnalysisTemplate_argoproj.io_v1alpha1", "flagger": "Canary_flagger.app_v1beta1"}
CASES = [
    (path, SCHEMAS / f"{schema}.json")
    for folder, schema in KINDS.items()
    for path in sorted((ROOT / "deploy" / folder).glob("*.yaml"))
    if SCHEMAS.is_dir()
]


if CASES:

    @pytest.mark.parametrize(("path", "schema"), CASES, ids=lambda path: path.stem)
    def test_manifest(path: Path, schema: Path):
        """The controller takes the manifest as it is."""
        jsonschema_rs.validate(
            json.loads(schema.read_text()), yaml.safe_load(path.read_text()), validate_formats=False
        )
