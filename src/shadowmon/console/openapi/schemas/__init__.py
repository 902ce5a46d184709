"""
JSON Schemas (2020-12) of what is sent and answered.

Every object of ours lists all of its keys and allows no others, so that a test notices whatever is
added on one side only; objects that others send or define may hold more.
"""
