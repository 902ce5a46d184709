"""
What do other controllers ask us?

In: their requests, in their own formats. Out: what the trials know, as each of them reads it.
Thin: no gate decides anything.
"""
