"""An expert as a container: made, signed, verified, opened like any other package, and never in place of another."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from expertkit.adapters import encode_tensors
from expertkit.adapters.tensors import encode
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held, mapped
from expertkit.containers.writer import Options, write, write_signed
from expertkit.errors import ExpertError, FormatError, IntegrityError, SignatureError, UnsupportedError
from expertkit.files import sha256_bytes
from expertkit.manifest.parse import parse
from expertkit.members.contents import Contents, collect
from expertkit.members.signatures import Signature
from expertkit.packages.inspection import inspect, render
from expertkit.packages.making.build import build, prepare
from expertkit.packages.names import TENSORS
from expertkit.packages.packaged import open_packaged
from expertkit.packages.reading.container import parts
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.reading.unpack import unpack
from expertkit.packages.sections import drafts
from expertkit.packages.signing.sign import sign_file
from expertkit.packages.vouching.verify import verify, vouch
from expertkit.packages.weights import read_adapter
from expertkit.packages.writing import write_container
from tests.archives.builders import decode
from tests.archives.builders import encode as encode_archive
from tests.containers.builders import patched, with_unknown
from tests.packages.builders import MANIFEST, NOW, RECIPE, WEIGHTS, make_project, make_signer, pack, put, sign, verifier

BINARY = replace(RECIPE, package=replace(RECIPE.package, format="binary"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a signed container, and a signed archive of the same members elsewhere."""
    folder = make_project(tmp_path_factory.mktemp("project"))
    sign(folder, BINARY)
    signed = sign_file(archive(folder), output=folder / "archive", whole=False, signer=make_signer(folder / "home"))
    assert signed.form == "archive"
    return folder


def archive(project: Path) -> Path:
    """The same expert packed as an archive; only the form is chosen apart from the recipe."""
    config = replace(BINARY.package, format="archive")
    build(prepare(project, BINARY, package=config), output=project / "unsigned")
    return next((project / "unsigned").glob("*.expert"))


def signed(project: Path) -> Path:
    """The signed container."""
    return next((project / "build/signed/expert-mini-nano").glob("*.expert"))


def verdict(folder: Path, data: bytes) -> ExpertError | None:
    """The error that verifying ``data`` ends with, if it ends with one."""
    put(folder / "a.expert", data)
    try:
        verify(folder / "a.expert", verifier=verifier())
    except ExpertError as error:
        return error
    return None


def test_a_signed_container_verifies(project: Path) -> None:
    """Whole, and without its sections; what is signed is the root."""
    whole = verify(signed(project), verifier=verifier())
    container = Container(mapped(signed(project)))

    quick = vouch(container, verifier=verifier(), file="a.expert")

    assert whole.contents.form == "container"
    assert quick.statement == whole.statement
    assert quick.manifest == whole.manifest
    assert whole.statement.content_digest == container.root == whole.contents.content_digest
    assert whole.statement.members == ()


def test_both_forms_hold_the_same_members(project: Path) -> None:
    """Name by name, byte by byte; only the signatures differ, each being about its own form."""
    paths = (signed(project), *(project / "archive").glob("*.expert"))
    both = [verify(path, verifier=verifier()) for path in paths]

    container, other = (each.contents for each in both)

    assert container.members_digest == other.members_digest
    assert container.content_digest != other.content_digest == other.members_digest
    assert [*container.listed.items()] == [*other.listed.items()]


def test_signing_again_gives_the_same_file(project: Path, tmp_path: Path) -> None:
    """The ledger remembers a container by its root; the signature that is there is left out."""
    again = sign_file(signed(project), output=tmp_path, whole=False, signer=make_signer(project / "home"))

    assert again.path.read_bytes() == signed(project).read_bytes()


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_every_changed_byte_of_a_signed_container_is_refused(project: Path, tmp_path: Path, step: int) -> None:
    """Header, padding, metadata, TOC, sections and signature alike, always with the exit status of broken trust."""
    data = signed(project).read_bytes()

    for at in range(0, len(data), step):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        error = verdict(tmp_path, bytes(changed))
        assert error is not None, at
        assert error.exit_code == 5


def test_a_damaged_container_is_not_saved_by_an_archive_beside_it(project: Path, tmp_path: Path) -> None:
    """A failed check is final: nothing else is tried."""
    put(tmp_path / "a.tar.gz", next((project / "archive").glob("*.expert")).read_bytes())
    data = bytearray(signed(project).read_bytes())
    data[-2000] ^= 1

    error = verdict(tmp_path, bytes(data))

    assert error is not None
    assert "a.expert: " in str(error)


def with_envelope(path: Path, *signatures: Signature) -> bytes:
    """A container with these signatures."""
    file = io.BytesIO()
    write_signed(Container(Held(path.read_bytes())), file, signed=signatures)
    return file.getvalue()


def own(path: Path) -> Signature:
    """The signature of a container."""
    (signature,) = Container(Held(path.read_bytes())).signatures
    return signature


STRANGE: dict[str, Callable[[Path], bytes]] = {
    "the envelope of an archive": lambda project: with_envelope(
        signed(project),
        Signature(envelope=decode(next((project / "archive").glob("*.expert")).read_bytes())["signature.sig"]),
    ),
    "an envelope and something else": lambda project: with_envelope(
        signed(project), own(signed(project)), Signature(envelope=b"{}")
    ),
    "certificates that are none": lambda project: with_envelope(
        signed(project), replace(own(signed(project)), chain=(b"certificate",))
    ),
    "no signature": lambda project: pack(project, BINARY).read_bytes(),
    "an envelope with a space": lambda project: with_envelope(
        signed(project), Signature(envelope=own(signed(project)).envelope + b" ")
    ),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_another_signature_vouches_for_nothing(project: Path, tmp_path: Path, strange: str) -> None:
    """What is not this root, signed by the trusted key, is refused, whole and without sections."""
    data = STRANGE[strange](project)

    error = verdict(tmp_path, data)

    assert isinstance(error, SignatureError)
    with pytest.raises(SignatureError):
        vouch(Container(Held(data)), verifier=verifier(), file="a.expert")


@pytest.mark.parametrize("at", [NOW + timedelta(days=366), NOW - timedelta(days=1)], ids=["expired", "not yet made"])
def test_a_signature_outside_its_time_vouches_for_nothing(project: Path, at: object) -> None:
    """The clock is the caller's."""
    container = Container(mapped(signed(project)))

    with pytest.raises(SignatureError, match=r"expired|future"):
        vouch(container, verifier=verifier(at=at), file="a.expert")  # type: ignore[arg-type]


def test_an_archive_cannot_carry_the_signature_of_a_container(project: Path, tmp_path: Path) -> None:
    """The statement of a container lists no members, and so is none of an archive."""
    members = decode(next((project / "archive").glob("*.expert")).read_bytes())

    error = verdict(tmp_path, encode_archive({**members, "signature.sig": own(signed(project)).envelope}))

    assert isinstance(error, SignatureError)
    assert "about an archive, got one about a container" in str(error)


def test_a_container_is_opened_by_its_first_bytes(project: Path, tmp_path: Path) -> None:
    """Whatever it is called; and what begins like no form is said to be unsupported."""
    renamed = tmp_path / "weights.bin"
    put(renamed, signed(project).read_bytes())
    put(tmp_path / "x.expert", b"PK\3\4 and so on")

    opened = open_expert(renamed)

    assert (opened.kind, opened.manifest.name) == ("container", "expert-mini")
    with pytest.raises(UnsupportedError, match=r"a container or a tar\.gz, got neither"):
        open_expert(tmp_path / "x.expert")


def test_opening_quickly_reads_no_section(project: Path, tmp_path: Path) -> None:
    """A damaged section is found when it is read, and not before."""
    data = bytearray(signed(project).read_bytes())
    entry = next(each for each in Container(Held(bytes(data))).entries if each.name == "README.md")
    data[entry.at] ^= 1
    put(tmp_path / "a.expert", bytes(data))

    quick = open_expert(tmp_path / "a.expert", is_whole=False)

    assert quick.package is None
    assert quick.outline is not None
    with pytest.raises(IntegrityError, match=rf"README\.md.*at byte {entry.at}"):
        open_expert(tmp_path / "a.expert")


def test_the_adapter_in_a_container_is_the_one_that_was_evaluated(project: Path) -> None:
    """Put together from its layers it has the very same bytes."""
    packaged = open_packaged(signed(project))

    adapter = read_adapter(project / WEIGHTS, hint="")

    assert encode_tensors(packaged.adapter) == encode_tensors(adapter)


def test_a_container_is_unpacked_like_an_archive(project: Path, tmp_path: Path) -> None:
    """The folder has the members as files, in PEFT's layout."""
    opened = open_expert(signed(project))
    assert opened.package is not None

    unpack(signed(project), tmp_path / "new", contents=opened.package.contents)

    other = decode(next((project / "archive").glob("*.expert")).read_bytes())
    found = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert {name: data for name, data in found.items() if name != "signature.sig"} == {
        name: data for name, data in other.items() if name != "signature.sig"
    }


def rewritten(project: Path, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A container of the expert's members with something changed, and the hashes in its manifest made right."""
    members = decode(archive(project).read_bytes())
    change(members)
    file = io.BytesIO()
    write_container(file, {name: Held(data) for name, data in members.items()}, options=Options())
    return file.getvalue()


def drop(name: str) -> Callable[[dict[str, bytes]], None]:
    """Leaves a member out."""

    def change(members: dict[str, bytes]) -> None:
        del members[name]

    return change


def with_hash(name: str, digest: str | None) -> Callable[[dict[str, bytes]], None]:
    """Gives another hash for a member in the manifest, or none."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["integrity"]["files"][name] = digest
        if digest is None:
            del manifest["integrity"]["files"][name]
        members["manifest.json"] = json.dumps(manifest).encode()

    return change


WRONG = {
    "a section that the manifest does not name": with_hash("README.md", None),
    "a member that is not there": drop("README.md"),
    "another hash for a member": with_hash("README.md", "0" * 64),
    "another hash for the adapter": with_hash("adapter_model.safetensors", "0" * 64),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_manifest_about_other_sections_is_refused(project: Path, tmp_path: Path, wrong: str) -> None:
    """The metadata names every member but itself, with the hash of its own bytes."""
    put(tmp_path / "a.expert", rewritten(project, WRONG[wrong]))

    with pytest.raises(IntegrityError, match="integrity"):
        open_expert(tmp_path / "a.expert")


def test_the_dtype_of_a_section_of_tensors_is_that_of_its_tensors(project: Path, tmp_path: Path) -> None:
    """Of what speaks for the expert to a router too, whose bytes are the member's own."""

    def add(members: dict[str, bytes]) -> None:
        members["router/embeddings.safetensors"] = encode({"e": np.ones((2, 2), np.float32)}, "float16")
        manifest = json.loads(members["manifest.json"])
        manifest["integrity"]["files"] |= {
            "router/embeddings.safetensors": sha256_bytes(members["router/embeddings.safetensors"])
        }
        members["manifest.json"] = json.dumps(manifest).encode()

    data = rewritten(project, add)
    put(tmp_path / "a.expert", data)
    put(tmp_path / "b.expert", patched(data, lambda pieces: pieces.entries[2].update(dtype=1)))

    opened = open_expert(tmp_path / "a.expert")

    assert opened.package is not None
    assert "router/embeddings.safetensors" in opened.package.contents.members
    with pytest.raises(FormatError, match="expected dtype 1, as its entry says, got float16"):
        open_expert(tmp_path / "b.expert")


def test_a_member_of_no_meaning_has_no_section(project: Path) -> None:
    """There is no type for it, so it cannot be written."""

    def add(members: dict[str, bytes]) -> None:
        members["notes.txt"] = b"x"

    with pytest.raises(FormatError, match=r"notes\.txt: expected a member of a package"):
        rewritten(project, add)


@pytest.mark.parametrize("integrity", [None, {"algorithm": "sha256", "files": None}, {"algorithm": "sha256"}])
def test_a_manifest_that_names_no_member_is_refused(project: Path, tmp_path: Path, integrity: object) -> None:
    """In whatever way it leaves them out, with the exit status of broken trust."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps({**manifest, "integrity": integrity}).encode()

    error = verdict(tmp_path, rewritten(project, change))

    assert isinstance(error, IntegrityError)


@pytest.mark.parametrize("name", ["grammar.gbnf", "tests/x.json", "custom/x"])
def test_a_type_that_is_not_known_hides_no_member(project: Path, tmp_path: Path, name: str) -> None:
    """Whoever knows the type would see another package."""
    data = rewritten(project, lambda members: members.pop(name, None) and None)
    put(tmp_path / "a.expert", with_unknown(data, name))

    with pytest.raises(FormatError, match=f"{name}.*expected type .*got type 36864"):
        open_expert(tmp_path / "a.expert", is_whole=False)


def test_a_section_that_is_passed_over_is_hashed_all_the_same(project: Path, tmp_path: Path) -> None:
    """Quickly it is left alone; read whole, its digest is compared."""
    data = bytearray(with_unknown(rewritten(project, lambda _members: None), "new/thing"))
    entry = Container(Held(bytes(data))).entries[-1]
    data[entry.at] ^= 1
    put(tmp_path / "a.expert", bytes(data))

    open_expert(tmp_path / "a.expert", is_whole=False)

    with pytest.raises(IntegrityError, match="new/thing"):
        open_expert(tmp_path / "a.expert")


@pytest.mark.parametrize("name", ["adapter_config.json", "evaluation.json", "adapter_model.safetensors"])
def test_what_is_no_package_is_not_vouched_for(project: Path, name: str) -> None:
    """A member that every package has is missed without reading a section."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        del manifest["integrity"]["files"][name], members[name]
        members["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(FormatError, match=f"expected {name}.* got none"):
        vouch(Container(Held(rewritten(project, change))), verifier=verifier())


def test_two_signatures_are_told_and_the_rest_is_checked(project: Path, tmp_path: Path) -> None:
    """Who made them cannot be judged here, what is in the package can."""
    put(tmp_path / "a.expert", STRANGE["an envelope and something else"](project))

    opened = open_expert(tmp_path / "a.expert")

    assert opened.package is not None
    assert "one that this program does not understand" in "\n".join(render(inspect(opened)))
    with pytest.raises(SignatureError, match=r"a\.expert: envelope: expected"):
        verify(tmp_path / "a.expert", verifier=verifier())


def joined(names: Sequence[str]) -> Contents:
    """What is found in a container whose adapter has tensors of these names."""
    values = {f"{name}.x": np.full((1, 1), number, np.float32) for number, name in enumerate(names)}
    manifest = parse(MANIFEST, file="m").manifest
    data = encode(values, "float32")
    file = io.BytesIO()
    write(file, metadata=b"{}", sections=drafts({TENSORS: Held(data)}, manifest), options=Options())
    found = collect(parts(Container(Held(file.getvalue()))), form="container", keep={TENSORS})
    assert found.kept[TENSORS] == data
    return found


def test_an_adapter_of_several_stacks_is_put_together() -> None:
    """The layers of encoder and decoder have the same numbers, and lie apart in the order of names."""
    names = [f"{stack}.layers.{layer}.q" for stack in ("decoder", "encoder", "vision") for layer in (0, 1, 2, 10)]

    found = joined(names)

    assert TENSORS in found.members


def test_an_adapter_that_would_be_decoded_without_end_is_refused() -> None:
    """Names that go back and forth between layers cost a decoding each."""
    names = [f"{number:05}x.{number % 2}" for number in range(100)]

    with pytest.raises(FormatError, match="expected at most 8 runs of names for each layer, got 100 of 2 layers"):
        joined(names)
