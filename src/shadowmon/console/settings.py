"""Where the API listens, and who may operate."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from shadowmon.console.hosts import HOST


class ConsoleSettings(BaseModel):
    """Settings of console/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:9180"
    """host:port of the API, /metrics, /-/healthy and /-/ready."""
    hosts: tuple[Annotated[str, Field(pattern=HOST)], ...] = ()
    """Names that it is asked by, beside those that no site can have (console/hosts.py) and the one
    it listens on; `.example` stands for all that end so. Addresses need not be named. By any other
    name it answers 421."""
    operator_token: SecretStr | None = None
    """Bearer token that every changing request must carry. Needed beyond loopback."""
    reviewer_token: SecretStr | None = None
    """Bearer token of those who compare answers side by side, which opens nothing else. The
    operator's token does as well; with neither only this machine itself is handed any text."""
    body_max_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    head_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
