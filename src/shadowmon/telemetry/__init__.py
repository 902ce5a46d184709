"""
How does shadowmon speak of itself?

In: the view, events. Out: metrics, log lines.
It decides nothing and never reads a body.
"""
