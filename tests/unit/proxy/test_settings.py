"""What docs/data-plane.md says can be set."""

from __future__ import annotations

from pathlib import Path

import yaml

from shadowmon.proxy.settings import ProxySettings


PAGE = Path(__file__).parents[3] / "docs" / "data-plane.md"


def test_the_page_shows_settings_that_are_some():
    """Each key of its example is one, and has the type that is shown."""
    _, _, rest = PAGE.read_text().partition("```yaml\nproxy:")
    example = yaml.safe_load("proxy:" + rest.partition("```")[0])["proxy"]

    settings = ProxySettings.model_validate(example)

    assert settings.model_fields_set == set(example)
    assert settings.tls
    assert settings.pins["chat"].optimized == ("tester-1",)
