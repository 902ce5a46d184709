"""
How is traffic moved?

In: `SetWeight`. Out: the weight that was read back.
The only room that moves traffic.
"""
