"""
What is remembered, and how is it proven whole?

In: journal entries, snapshots, accounts. Out: the same, after any crash.
The only room that knows SQL; append-only where it says journal.
"""
