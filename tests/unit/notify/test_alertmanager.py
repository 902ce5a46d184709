"""What Alertmanagers are counted by."""

from __future__ import annotations

import pytest

from shadowmon.notify.alertmanager import names


@pytest.mark.parametrize(
    ("urls", "counted_by"),
    [
        (["http://AM-0:9093", "http://am-1:9093/team"], ["am-0:9093", "am-1:9093"]),
        (["http://am/a", "http://am:80", "http://am/b"], ["am", "am:80", "am#2"]),
        (["https://am?token=s3cret", "https://am/#x", "http://[::1]/"], ["am", "am#2", "[::1]"]),
        (["http://[::1"], ["[::1"]),
        ([], []),
    ],
)
def test_names(urls, counted_by):
    """Each has its own, by host and port: no token of an address becomes a label."""
    assert names(urls) == [f"alertmanager.{each}" for each in counted_by]
