"""
Does it really work?

Trains and truly quantises small models, serves them, drives traffic, and runs the same daemon that
production runs.
"""
