"""Where the API listens, and who may operate."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ConsoleSettings(BaseModel):
    """Settings of console/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:9180"
    """host:port of the API, /metrics, /-/healthy and /-/ready."""
    operator_token: SecretStr | None = None
    """Bearer token that every changing request must carry. Needed beyond loopback."""
    reviewer_token: SecretStr | None = None
    """Bearer token of those who compare answers side by side, which opens nothing else. The
    operator's token does as well; with neither only this machine itself is handed any text."""
    body_max_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    head_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
