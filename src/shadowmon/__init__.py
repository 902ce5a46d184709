"""Put a cheaper model in the place of one that users rely on, and prove what it costs."""

from __future__ import annotations


__version__ = "0.1.0"
