"""python -m shadowmon."""

from __future__ import annotations

from shadowmon.cli.main import main


if __name__ == "__main__":
    raise SystemExit(main())
