"""
Who is told what happened?

In: the journal, entry by entry, and the picture. Out: messages to people and programs, each at
least once, with the same id every time. Nothing here is ever waited for by whoever decides.
"""
