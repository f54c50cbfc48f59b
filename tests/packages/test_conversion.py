"""A package in the other form: the same members, proved, and nothing of its trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.containers.writer import Options
from expertkit.errors import PackagingError, SignatureError
from expertkit.packages.conversion import convert
from expertkit.packages.verify import verify
from tests.archives.builders import gunzipped
from tests.packages.builders import NOW, make_project, make_signer, pack, publisher, sign


@pytest.mark.parametrize("codec", ["auto", "raw", "zstd", "planes"])
def test_an_archive_comes_back_byte_for_byte(tmp_path: Path, codec: str) -> None:
    """Whatever the codec in between: an archive has one form."""
    package = pack(make_project(tmp_path))

    options = Options(codec=codec)  # type: ignore[arg-type]
    there = convert(package, output=tmp_path / "there", form="container", options=options, signer=None)
    back = convert(there.built.path, output=tmp_path / "back", form="archive", options=options, signer=None)

    assert gunzipped(back.built.path.read_bytes()) == gunzipped(package.read_bytes())
    assert there.members_digest == back.members_digest == back.built.content_digest
    assert (there.before, there.built.form, back.built.form) == ("archive", "container", "archive")


def test_a_container_gets_another_codec_and_alignment(tmp_path: Path) -> None:
    """The members stay; the root is another one."""
    package = pack(make_project(tmp_path))
    first = convert(package, output=tmp_path / "1", form="container", options=Options(codec="raw"), signer=None)

    wide = Options(codec="raw", alignment=4096)
    second = convert(first.built.path, output=tmp_path / "2", form="container", options=wide, signer=None)

    assert first.members_digest == second.members_digest
    assert first.built.content_digest != second.built.content_digest


def test_a_signature_is_left_behind_unless_a_key_is_given(tmp_path: Path) -> None:
    """Nobody vouches for a conversion but who made it."""
    package = sign(make_project(tmp_path))

    bare = convert(package, output=tmp_path / "bare", form="container", options=Options(), signer=None)
    own = convert(
        package, output=tmp_path / "own", form="container", options=Options(), signer=make_signer(tmp_path, seed=2)
    )

    assert (bare.is_signed, own.is_signed) == (False, True)
    with pytest.raises(SignatureError, match="expected a signature, got none"):
        verify(bare.built.path, trusted=publisher(), at=NOW)
    with pytest.raises(SignatureError):
        verify(own.built.path, trusted=publisher(), at=NOW)
    assert verify(own.built.path, trusted=publisher(2), at=NOW).statement.name == "expert-mini"


def test_a_package_is_never_written_over_itself(tmp_path: Path) -> None:
    """Its own folder is refused, under any name that leads there."""
    package = pack(make_project(tmp_path))
    before = package.read_bytes()
    (tmp_path / "link").symlink_to(package.parent)

    for folder in (package.parent, tmp_path / "link"):
        with pytest.raises(PackagingError, match="another folder"):
            convert(package, output=folder, form="container", options=Options(), signer=None)

    assert package.read_bytes() == before
