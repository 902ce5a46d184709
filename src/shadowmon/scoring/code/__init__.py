"""Two programs: what is read off them without running them, and what the sandbox said."""
