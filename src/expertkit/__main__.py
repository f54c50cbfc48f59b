"""``python -m expertkit``: expert-cli for launchers that start a module."""

from __future__ import annotations

from expertkit.cli.main import main

if __name__ == "__main__":
    main(prog_name="expert-cli")
