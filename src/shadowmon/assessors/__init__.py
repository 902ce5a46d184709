"""
What only I/O can tell of two answers: a judge model, an embeddings or moderation endpoint, a run in
the sandbox, a symbolic proof in a worker process that may be killed.

In: `Pair`. Out: `Assessment`s, which pure scorers read.
It may never make production wait, never run foreign code outside the sandbox, and never take "could
not be found out" for a zero.
"""
