"""
How do the processes of one daemon speak to one another?

In: records. Out: packets, and one page of shared memory.
Nothing here waits for a reader: what does not fit is dropped, and counted by the caller.
"""
