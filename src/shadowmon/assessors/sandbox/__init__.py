"""
Where the code that models write is run: in a sandbox, or not at all.

In: the parts of a program, one after the other. Out: one word, whether it came to its end.

Rule 1: nothing is run before the self-test has seen every attack contained (self_test.py).
Rule 2: two tiers and no third: namespaces, or Landlock by the operator's leave (tiers.py). Where
neither holds, nothing is run, and `Sandbox.problem` says why.
Rule 3: whatever the sandbox itself could not do is never held against the code.
Rule 4: files that the launcher imports need the standard library alone: it forks for every run, and
a small process forks fast. `guest.py` is imported by nobody; its text is what runs inside.
"""
