"""
How far apart are the two answers?

In: `Pair`. Out: `Observation`s.
Pure: no I/O, no clock, no dice, no log.
"""
