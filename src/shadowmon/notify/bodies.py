"""
How a message is written: Standard Webhooks, CloudEvents, Slack. Pure.

Rule: a message's bytes are the same on every try: whoever compares them finds no difference. (One
that was told before the journal had its entry, ahead.py, had no number for it then.)
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

from shadowmon.notify.news import News
from shadowmon.notify.settings import Topic
from shadowmon.rollout.freeze import EVERY_TRIAL


_PREFIX = "shadowmon."
_SLACK_MAX = 3_000
"""Characters of a sentence, before any is escaped: Slack cuts a text at 40,000."""

_MARKS: Mapping[Topic, str] = {
    Topic.ROLLED_BACK: ":rotating_light:",
    Topic.ALARM_RAISED: ":warning:",
    Topic.WEIGHT_REJECTED: ":warning:",
    Topic.WEIGHT_DRIFTED: ":warning:",
    Topic.STEPPED_DOWN: ":warning:",
    Topic.PROMOTED: ":white_check_mark:",
}


def standard(news: News) -> bytes:
    """Return {type, timestamp, data}: https://www.standardwebhooks.com, "Payload structure"."""
    return _json({"type": _PREFIX + news.topic, "timestamp": _at(news), "data": _data(news)})


def cloud_event(news: News) -> bytes:
    """Return a CloudEvent 1.0 in the JSON format, for application/cloudevents+json."""
    return _json(
        {
            "specversion": "1.0",
            "id": news.message_id,
            "source": f"/shadowmon/trials/{news.trial_id}",
            "type": _PREFIX + news.topic,
            "time": _at(news),
            "datacontenttype": "application/json",
            "data": _data(news),
        }
    )


def slack(news: News) -> bytes:
    """Return what an incoming webhook of Slack's takes; the id is for whoever sees it twice."""
    mark = _MARKS.get(news.topic, ":information_source:")
    whose = "all trials" if news.trial_id == EVERY_TRIAL else news.trial_id
    said = " ".join(news.sentence.split())[:_SLACK_MAX]  # in one line, so that it forges no other
    head = f"{mark} *{_escaped(whose)}* {_escaped(said)}"
    foot = f"_{news.topic} · {_at(news)} · {news.message_id}_"
    return _json({"text": f"{head}\n{foot}"})


def _data(news: News) -> dict[str, Any]:
    return {
        "id": news.message_id,
        "trial": news.trial_id,
        "entry": news.number,
        "sentence": news.sentence,
        **({"details": dict(news.data)} if news.data else {}),
    }


def _at(news: News) -> str:
    return news.at.isoformat().replace("+00:00", "Z")


def _escaped(text: str) -> str:
    """Slack reads three characters: https://api.slack.com/reference/surfaces/formatting."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
