"""Whether spans can be sent where they are to go."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from shadowmon.config.settings import Settings
from shadowmon.errors import Complaint
from shadowmon.telemetry.spans import KEY, missing_extra


def tracing(settings: Settings) -> Iterator[Complaint]:
    """Complain of an endpoint that is none, or that nothing is installed for."""
    endpoint = settings.telemetry.tracing.otlp_endpoint
    if not endpoint:
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield Complaint(
            key=KEY,
            problem="is no address that spans could be sent to",
            hint="such as http://127.0.0.1:4318/v1/traces",
        )
    complaint = missing_extra()
    if complaint is not None:
        yield complaint
