"""
The API described to programs: OpenAPI 3.1.

`paths/` has what may be asked, a file for whoever asks it; `schemas/` what is sent and answered.
"""
