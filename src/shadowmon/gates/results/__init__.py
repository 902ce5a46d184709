"""
Result files of evaluation tools, read into one form: figures of one model, by question if possible.

Each format has a file of its own; `read.py` tells them apart, `compare.py` holds two models against
each other. What cannot be compared is said with what to do about it, and never guessed.
"""
