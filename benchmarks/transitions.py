"""
python -m benchmarks.transitions [--write PAGE]: print the rollout's state table, drawn and in full.

`--write` puts it between the marks of a page (docs/rollout.md). The same table always prints the
same bytes, so that a test can tell whether the page is what the code does.
"""

from __future__ import annotations

import argparse

from pathlib import Path

from shadowmon.rollout import diagram


BEGIN = "<!-- printed by: python -m benchmarks.transitions -->\n"
END = "<!-- end -->"


def printed() -> str:
    """Return the drawing and the table, as Markdown."""
    return f"```mermaid\n{diagram.mermaid()}\n```\n\n{diagram.table()}\n"


def with_transitions(page: str) -> str:
    """
    Return a page with the table between its marks.

    Raises:
        ValueError: If the page has no such marks.

    """
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        message = f"there is no block that begins with {BEGIN.strip()!r} and ends with {END!r}"
        raise ValueError(message)
    return f"{before}{BEGIN}{printed()}{END}{after}"


def main() -> None:
    """Print, or write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transitions", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="where it is put")
    page = parser.parse_args().write
    if page is None:
        print(printed(), end="")
    else:
        page.write_text(with_transitions(page.read_text()))


if __name__ == "__main__":
    main()
