"""Installs the TypeScript compiler: ``python -m expertkit.evaluation.graders.typescript.install``."""

from __future__ import annotations

import sys

from expertkit.errors import DependencyError
from expertkit.evaluation.graders.typescript.tools import install_compiler


def main() -> int:
    """Install it and give the exit status."""
    try:
        install_compiler()
    except DependencyError as error:
        sys.stderr.write(f"{error}\n{error.hint or ''}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
