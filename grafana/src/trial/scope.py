"""Which series the panels of one trial ask for."""

from __future__ import annotations


MINE = 'trial="$trial"'
FIGURE = f'{MINE},metric=~"$metric",slice=~"$slice"'
RATE = "[$__rate_interval]"
