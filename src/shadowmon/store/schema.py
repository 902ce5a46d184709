"""
The tables, once, as the newest migration leaves them.

A test holds this file against `migrate`: whoever changes a table here adds a migration there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint


metadata = MetaData()


def _key(name: str, kind: type[Text | Integer]) -> Column[Any]:
    """Return a column of the primary key."""
    return Column(name, kind, primary_key=True)


def _given(name: str, kind: type[Text | Integer]) -> Column[Any]:
    """Return a column that every row has a value in."""
    return Column(name, kind, nullable=False)


meta = Table(
    "meta",
    metadata,
    _key("key", Text),
    _given("value", Text),
)
"""`schema`: the last migration's number. `journal_head`: number and hash of the newest entry."""

journal = Table(
    "journal",
    metadata,
    _key("number", Integer),
    _given("at", Text),
    _given("trial_id", Text),
    _given("kind", Text),
    _given("sentence", Text),
    _given("data", Text),  # canonical JSON
    _given("previous_hash", Text),
    _given("hash", Text),
    Index("journal_by_trial", "trial_id", "number"),
)
"""Append-only: triggers refuse to change or delete what is in it."""

snapshots = Table(
    "snapshots",
    metadata,
    _key("trial_id", Text),
    _given("snapshot", Text),  # canonical JSON
)

accounts = Table(
    "accounts",
    metadata,
    _key("worker", Text),
    _key("trial_id", Text),
    _key("epoch", Integer),
    _key("stage", Integer),
    _key("metric", Text),
    _key("slice", Text),
    _key("rate", Integer),
    Column("counts", LargeBinary, nullable=False),  # see accounts.py
)
"""What each worker's incarnation counted since its start; the sum over them is the truth."""

retired = Table(
    "retired",
    metadata,
    _key("number", Integer),
    Column("worker", Text, nullable=False, unique=True),
)
"""Incarnations whose accounts were folded; what they might still tell would count twice."""

awaiting = Table(
    "awaiting",
    metadata,
    _key("trial_id", Text),
    _key("exchange_id", Text),
    _given("epoch", Integer),
    Column("baseline", Text),
    Column("optimized", Text),
    _given("slices", Text),  # canonical JSON: a sorted list
    _given("received_at", Text),
    _given("rate", Integer),
    _given("cluster", Text),
    Index("awaiting_by_exchange", "exchange_id"),
)

labels = Table(
    "labels",
    metadata,
    _key("exchange_id", Text),
    _given("label", Text),
)

preferences = Table(
    "preferences",
    metadata,
    _key("number", Integer),
    _given("trial_id", Text),
    _given("epoch", Integer),
    _given("task", Text),
    _given("reviewer", Text),
    _given("choice", Text),
    _given("at", Text),
    UniqueConstraint("trial_id", "epoch", "task", "reviewer"),
)
"""What people preferred, side by side; numbered in the order in which they said it."""

places = Table(
    "places",
    metadata,
    _key("reader", Text),
    _given("number", Integer),
)
"""How far each reader of the journal is: the last entry that it is done with."""

dead_letters = Table(
    "dead_letters",
    metadata,
    _key("reader", Text),
    _key("number", Integer),
    _given("message_id", Text),
    _given("topic", Text),
    _given("sentence", Text),
    _given("problem", Text),
    _given("tries", Integer),
    _given("at", Text),
)
"""What a reader could not be told."""
