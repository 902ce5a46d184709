"""
What would each model have answered?

In: `Exchange`. Out: `Pair`s.
It may never make production wait, and never call a model that production already called.
"""
