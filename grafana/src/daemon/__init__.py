"""Daemon: shadowmon's own health."""
