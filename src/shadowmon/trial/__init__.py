"""
One optimized model on trial: events in, commands out; no I/O.

Everything revolves around `trial.Trial`. The daemon, the demo and the replay of a journal drive the
same one, so that what is tested here is what production runs.
"""
