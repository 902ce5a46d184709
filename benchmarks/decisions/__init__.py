"""
Does shadowmon decide rightly, and how soon? `python -m benchmarks.decisions [--quick|--full]`.

Each file is one table, simulated with a seed, on streams whose truth is known. Bets, stakes and
shares are the product's own (stakes.py); what other tools would have decided on the same streams
stands beside it (peers/, written anew from their documents and sources, for comparison only).

Rule 1: every row says how many streams it is of, with which seed, and its standard error.
Rule 2: a table checks itself. What it must show is printed below it, and a check that does not
hold ends the command with status 1.
"""
