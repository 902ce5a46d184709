"""
How do we ask, or tell, a server that is not ours?

In: an address and what to say. Out: its whole answer, or why there is none. Knows nothing of what
is said, and never goes anywhere but to the address that was named.
"""
