"""
How fast is it, beside what people use today? `python -m benchmarks [--quick]`; each file one table.

Every figure of a table comes from one run on one machine, rounds interleaved, medians of rounds;
read the ratios, for the absolute figures are the machine's.
"""

from __future__ import annotations

import os


# As the daemon starts its processes (daemon/children.py); before numpy is there.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
