"""
How do the processes of one daemon speak to one another?

In: records. Out: packets, and one page of shared memory.
No packet waits for a reader: what does not fit is dropped, and counted by the caller. Only a child
process (child.py) is asked, and its answer awaited.
"""
