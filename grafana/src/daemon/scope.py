"""Which series the panels of a daemon ask for."""

from __future__ import annotations


HERE = 'instance=~"$instance"'
RATE = "[$__rate_interval]"
