"""``python -m flows``: the release line, as ``python -m flows.release``."""

from __future__ import annotations

from flows.command import main

raise SystemExit(main("flows.release:release"))
