"""
How does a user's request reach a model, and who else learns of it?

In: users' connections. Out: answers, byte for byte; and exchanges, to whoever has room for them.
Nothing on a user's path waits for anything of shadowmon's.
"""
