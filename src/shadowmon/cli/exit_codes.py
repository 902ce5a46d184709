"""What each command ends with, for scripts: the same in all of them, and told by `--help`."""

from __future__ import annotations


DONE = 0
REFUSED = 1
"""It was understood, and the answer is no."""
WRONG = 2
"""Wrong configuration or usage; argparse's own code for the latter."""
UNREACHABLE = 3
"""No answer from the daemon, or none that can be read."""
INTERRUPTED = 130
"""By Ctrl-C: 128 and the number of SIGINT, as shells have it."""
