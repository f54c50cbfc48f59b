"""Files that are none, and disks that are full."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from errno import EIO, ENOSPC
from pathlib import Path

import pytest

from expertkit.errors import FormatError
from expertkit.files import atomic_write, open_regular, real_path, replace_folder


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    """Also through a link; reading waits as usual."""
    (tmp_path / "file").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("file")

    with open_regular(tmp_path / "link") as file:
        data, waits = file.read(), os.get_blocking(file.fileno())

    assert (data, waits) == (b"bytes", True)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("name", ["pipe", "folder", "zero"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    """A pipe without a writer is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    before = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(FormatError, match=rf"{name}: expected a regular file, got a"):
        open_regular(tmp_path / name)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_links_in_a_circle_are_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    """Without an error of its own."""
    (tmp_path / "loop").symlink_to("loop")

    found = real_path(tmp_path / "loop")

    assert not found.is_file()


@pytest.mark.parametrize("write", [atomic_write, replace_folder])
def test_a_full_disk_is_told_with_what_was_written(tmp_path: Path, write: type[AbstractContextManager[object]]) -> None:
    """The system says only that there is no space; another error may be about another file."""
    with pytest.raises(OSError, match="No space left") as full, write(tmp_path / "new"):
        raise OSError(ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="error") as broken, write(tmp_path / "new"):
        raise OSError(EIO, "Input/output error")

    assert full.value.filename == str(tmp_path / "new")
    assert broken.value.filename is None
