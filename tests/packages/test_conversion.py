"""A package in the other form: the same members, proved, and nothing of its trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.containers.writer import Options
from expertkit.errors import FormatError, PackagingError, SignatureError, UnsupportedError
from expertkit.packages.conversion import convert
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.sidecar import check_sidecar
from expertkit.packages.vouching.verify import verify
from tests.archives.builders import gunzipped
from tests.containers.builders import with_unknown
from tests.packages.builders import make_project, make_signer, pack, put, sign, verifier


@pytest.mark.parametrize("codec", ["auto", "raw", "zstd", "planes"])
def test_an_archive_comes_back_byte_for_byte(tmp_path: Path, codec: str) -> None:
    """Whatever the codec in between: an archive has one form."""
    package = pack(make_project(tmp_path))

    options = Options(codec=codec)  # type: ignore[arg-type]
    there = convert(package, output=tmp_path / "there", form="container", options=options, verifier=None, signer=None)
    back = convert(
        there.built.path, output=tmp_path / "back", form="archive", options=options, verifier=None, signer=None
    )

    assert gunzipped(back.built.path.read_bytes()) == gunzipped(package.read_bytes())
    assert there.members_digest == back.members_digest == back.built.content_digest
    assert (there.before, there.built.form, back.built.form) == ("archive", "container", "archive")


def test_a_container_gets_another_codec_and_alignment(tmp_path: Path) -> None:
    """The members stay; the root is another one."""
    package = pack(make_project(tmp_path))
    first = convert(
        package, output=tmp_path / "1", form="container", options=Options(codec="raw"), verifier=None, signer=None
    )

    wide = Options(codec="raw", alignment=4096)
    second = convert(
        first.built.path, output=tmp_path / "2", form="container", options=wide, verifier=None, signer=None
    )

    assert first.members_digest == second.members_digest
    assert first.built.content_digest != second.built.content_digest


def test_a_signature_is_left_behind_unless_a_key_is_given(tmp_path: Path) -> None:
    """Nobody vouches for a conversion but who made it."""
    package = sign(make_project(tmp_path))

    bare = convert(package, output=tmp_path / "bare", form="container", options=Options(), verifier=None, signer=None)
    own = convert(
        package,
        output=tmp_path / "own",
        form="container",
        options=Options(),
        verifier=None,
        signer=make_signer(tmp_path, seed=2),
    )

    assert (bare.is_signed, own.is_signed) == (False, True)
    with pytest.raises(SignatureError, match="expected a signature, got none"):
        verify(bare.built.path, verifier=verifier())
    with pytest.raises(SignatureError):
        verify(own.built.path, verifier=verifier())
    assert verify(own.built.path, verifier=verifier(2)).statement.name == "expert-mini"


def test_a_package_is_never_written_over_itself(tmp_path: Path) -> None:
    """Its own folder is refused, under any name that leads there."""
    package = pack(make_project(tmp_path))
    before = package.read_bytes()
    (tmp_path / "link").symlink_to(package.parent)

    for folder in (package.parent, tmp_path / "link"):
        with pytest.raises(PackagingError, match="another folder"):
            convert(package, output=folder, form="container", options=Options(), verifier=None, signer=None)

    assert package.read_bytes() == before


def test_a_failed_signature_leaves_what_was_there(tmp_path: Path) -> None:
    """The signed package of an earlier conversion is not replaced by an unsigned one."""
    package, signer = sign(make_project(tmp_path)), make_signer(tmp_path / "home")
    first = convert(package, output=tmp_path / "new", form="container", options=Options(), verifier=None, signer=signer)
    before = first.built.path.read_bytes()
    signer.ledger.write_bytes(b"damaged")

    with pytest.raises(FormatError):
        convert(
            package,
            output=tmp_path / "new",
            form="container",
            options=Options(codec="raw"),
            verifier=None,
            signer=signer,
        )

    assert first.built.path.read_bytes() == before
    assert {path.name for path in (tmp_path / "new").iterdir()} == {package.name, f"{package.name}.sha256"}


def test_a_conversion_replaces_package_and_sidecar(tmp_path: Path) -> None:
    """Both are those of the newer one."""
    package = pack(make_project(tmp_path))
    for codec in ("raw", "zstd"):
        convert(
            package,
            output=tmp_path / "new",
            form="container",
            options=Options(codec=codec),
            verifier=None,
            signer=None,  # type: ignore[arg-type]
        )

    check_sidecar(tmp_path / "new" / package.name)
    assert len([*(tmp_path / "new").iterdir()]) == 2


def test_sections_that_would_get_lost_keep_a_container_from_conversion(tmp_path: Path) -> None:
    """Of a type that is not known here: it is no member, and nobody would miss it."""
    package = pack(make_project(tmp_path))
    there = convert(
        package, output=tmp_path / "there", form="container", options=Options(codec="raw"), verifier=None, signer=None
    )
    put(tmp_path / "newer.expert", with_unknown(there.built.path.read_bytes(), "new/thing"))

    opened = open_expert(tmp_path / "newer.expert")

    assert opened.package is not None
    assert opened.package.contents.members_digest == there.members_digest
    with pytest.raises(UnsupportedError, match="new/thing"):
        convert(
            tmp_path / "newer.expert",
            output=tmp_path / "x",
            form="archive",
            options=Options(),
            verifier=None,
            signer=None,
        )
