"""
The imperative shell: processes, tasks, queues, signals and deadlines.

In: settings. Out: a running daemon.
It decides nothing about a trial; `trial.py` does.
"""
