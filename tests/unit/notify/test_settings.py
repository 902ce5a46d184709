"""What of notify's settings is refused."""

from __future__ import annotations

import pytest

from pydantic import ValidationError

from shadowmon.notify.settings import NotifySettings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack": {"ops": {}}}, "give url or url_file"),
        ({"slack": {"ops": {"url": "http://a/", "url_file": "f"}}}, "give url or url_file"),
        ({"webhooks": {"cd": {"url": "http://user:secret@a/"}}}, "url"),
        ({"webhooks": {"cd": {"url": "ftp://a/"}}}, "url"),
        ({"webhooks": {"cd": {"url": "http://a/", "topics": ["rollout"]}}}, "topics"),
        ({"alertmanager": {"urls": []}}, "urls"),
        ({"alertmanager": {"urls": [f"http://a-{number}" for number in range(17)]}}, "urls"),
        ({"alertmanager": {"urls": ["http://a"], "labels": {"a-b": "c"}}}, "labels"),
        ({"allow": ["10.0.0.1/8"]}, "no network"),
        ({"allow": ["localhost"]}, "no network"),
    ],
)
def test_what_is_refused(given, said):
    """Settings that cannot be meant are refused, with the key that is wrong."""
    with pytest.raises(ValidationError, match=said):
        NotifySettings.model_validate(given)


def test_nobody_is_told_by_default():
    """Without a word of configuration nothing is sent anywhere."""
    settings = NotifySettings()

    assert (settings.webhooks, settings.slack, settings.alertmanager) == ({}, {}, None)
