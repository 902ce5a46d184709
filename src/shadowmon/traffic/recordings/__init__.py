"""Recorded traffic: files that hold requests, and what was answered then. Pure."""
