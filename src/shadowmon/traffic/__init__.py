"""
Where do exchanges come from, which are watched, and how are their bytes read?

In: bytes. Out: `Exchange`, `Answer`.
It may not call a model, nor keep what redaction should have taken out.
"""
