"""
What an answer to a mathematical question comes to, and whether two of them come to the same.

In: the texts of two answers. Out: their final answers, exact numbers where they are numbers.
It never evaluates what a model wrote: what is no plain number is left to a proof that may be
killed (assessors/symbolic_math.py).
"""
