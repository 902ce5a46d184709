"""
The tables, once, as the newest migration leaves them.

A test holds this file against `migrate`: whoever changes a table here adds a migration there.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""`schema`: the last migration's number. `journal_head`: number and hash of the newest entry."""

journal = Table(
    "journal",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("trial_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("data", Text, nullable=False),  # canonical JSON
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("journal_by_trial", "trial_id", "number"),
)
"""Append-only: triggers refuse to change or delete what is in it."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("trial_id", Text, primary_key=True),
    Column("snapshot", Text, nullable=False),  # canonical JSON
)

accounts = Table(
    "accounts",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("trial_id", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("stage", Integer, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("slice", Text, primary_key=True),
    Column("rate", Integer, primary_key=True),
    Column("counts", LargeBinary, nullable=False),  # see counts.py
)
"""What each worker's incarnation counted since its start; the sum over them is the truth."""

retired = Table(
    "retired",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("worker", Text, nullable=False, unique=True),
)
"""Incarnations whose accounts were folded; what they might still tell would count twice."""

awaiting = Table(
    "awaiting",
    metadata,
    Column("trial_id", Text, primary_key=True),
    Column("exchange_id", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("baseline", Text),
    Column("optimized", Text),
    Column("slices", Text, nullable=False),  # canonical JSON: a sorted list
    Column("received_at", Text, nullable=False),
    Column("rate", Integer, nullable=False),
    Column("cluster", Text, nullable=False),
    Index("awaiting_by_exchange", "exchange_id"),
)

labels = Table(
    "labels",
    metadata,
    Column("exchange_id", Text, primary_key=True),
    Column("label", Text, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("trial_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("task", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("at", Text, nullable=False),
    UniqueConstraint("trial_id", "epoch", "task", "reviewer"),
)
"""What people preferred, side by side; numbered in the order in which they said it."""

places = Table(
    "places",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How far each reader of the journal is: the last entry that it is done with."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("at", Text, nullable=False),
)
"""What a reader could not be told."""
