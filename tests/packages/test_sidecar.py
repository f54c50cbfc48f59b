"""The SHA-256 beside a package."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from expertkit.errors import FormatError, IntegrityError
from expertkit.packages.sidecar import check_sidecar, sidecar, write_sidecar


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Some bytes with a sidecar."""
    path = tmp_path / "a.expert"
    path.write_bytes(b"bytes")
    write_sidecar(path)
    return path


def test_sha256sum_reads_it(package: Path) -> None:
    """The line is the one that the usual program checks."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", sidecar(package).name],
        cwd=package.parent,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    check_sidecar(package)


def test_other_bytes_are_refused(package: Path) -> None:
    """A changed package does not match."""
    package.write_bytes(b"other")

    with pytest.raises(IntegrityError, match=r"a\.expert: expected SHA-256"):
        check_sidecar(package)


@pytest.mark.parametrize("line", [b"", b"00  b.expert\n", b"00 a.expert\n", b"\xff  a.expert", b"0" * 5000])
def test_a_malformed_line_is_refused(package: Path, line: bytes) -> None:
    """A sidecar for another file, or none at all, is an error."""
    sidecar(package).write_bytes(line)

    with pytest.raises(FormatError):
        check_sidecar(package)


def test_a_package_may_come_without(package: Path) -> None:
    """Nothing is checked where nothing is said."""
    sidecar(package).unlink()

    check_sidecar(package)
