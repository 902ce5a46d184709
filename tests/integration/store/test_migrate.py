"""Migrations lead to the tables that the code uses, from every schema there ever was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from shadowmon.store import schema
from shadowmon.store.migrate import MIGRATIONS, migrate


def described(connection: Connection) -> dict[str, Any]:
    """Return tables, columns, keys and indexes, as the file has them."""
    found = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": [one["column_names"] for one in found.get_unique_constraints(table)],
            "indexes": {
                str(index["name"]): index["column_names"] for index in found.get_indexes(table)
            },
        }
        for table in sorted(found.get_table_names())
    }


@pytest.mark.parametrize("start", range(len(MIGRATIONS)))
async def test_migrations_make_the_schema(tmp_path: Path, start: int) -> None:
    """From each released schema on, migrations make exactly the tables of schema.py."""
    migrated = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path}/migrated.db", isolation_level="AUTOCOMMIT"
    )
    made = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/made.db")

    async with migrated.connect() as connection:
        await migrate(connection, MIGRATIONS[:start])
        await migrate(connection)
        found = await connection.run_sync(described)
    async with made.begin() as connection:
        await connection.run_sync(schema.metadata.create_all)
        expected = await connection.run_sync(described)

    assert found == expected
    await migrated.dispose()
    await made.dispose()
