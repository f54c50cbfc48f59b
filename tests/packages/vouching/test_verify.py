"""Verification: every byte counts, and only a trusted key's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from expertkit.adapters import encode_tensors
from expertkit.errors import ExpertError, FormatError, IntegrityError, ManifestError, SignatureError
from expertkit.files import dump_json, sha256_bytes
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.sidecar import sidecar
from expertkit.packages.vouching.verify import _Subject, verify
from expertkit.signing import Member, seal
from expertkit.signing.dsse import decode as decode_envelope
from expertkit.signing.statement import Base
from expertkit.signing.statement import decode as decode_statement
from tests.adapters.builders import random_lora
from tests.archives.builders import decode, encode, gunzipped, gzipped
from tests.packages.builders import NOW, load, make_project, make_signer, pack, publisher, sign, verifier
from tests.signing.builders import MEMBERS, make_statement


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A signed package."""
    return sign(make_project(tmp_path_factory.mktemp("project"))).read_bytes()


def verdict(folder: Path, data: bytes) -> ExpertError | None:
    """The error that verifying ``data`` ends with, if it ends with one."""
    path = folder / "a.expert"
    path.write_bytes(data)
    try:
        verify(path, verifier=verifier())
    except ExpertError as error:
        return error
    return None


def test_a_signed_package_verifies(tmp_path: Path, signed: bytes) -> None:
    """What is signed and what is there are the same."""
    path = tmp_path / "a.expert"
    path.write_bytes(signed)

    verified = verify(path, verifier=verifier())

    assert verified.statement.name == verified.manifest.name == "expert-mini"
    assert verified.statement.content_digest == verified.contents.content_digest
    assert [each.anchored.key.publisher for each in verified.verdict.vouchers] == ["mini publisher"]


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_every_changed_byte_inside_is_refused(tmp_path: Path, signed: bytes, step: int) -> None:
    """No byte of headers, members, signature or padding can be another, with the compression made right again."""
    layer = gunzipped(signed)

    for at in range(0, len(layer), step):
        changed = bytearray(layer)
        changed[at] ^= 1 << at % 8
        error = verdict(tmp_path, gzipped(bytes(changed)))
        assert error is not None, at
        assert error.exit_code == 5


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_changed_byte_of_the_compression_is_refused_or_changes_nothing(
    tmp_path: Path, signed: bytes, step: int
) -> None:
    """Deflate can say the same in several ways; whatever is accepted unpacks to the very same archive."""
    for at in range(0, len(signed), step):
        changed = bytearray(signed)
        changed[at] ^= 1 << at % 8
        error = verdict(tmp_path, bytes(changed))
        assert error is not None or gunzipped(bytes(changed)) == gunzipped(signed)
        assert error is None or error.exit_code == 5


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_with_its_sidecar_every_changed_byte_of_the_file_is_refused(tmp_path: Path, signed: bytes, step: int) -> None:
    """The SHA-256 beside the package covers the compression too."""
    sidecar(tmp_path / "a.expert").write_text(f"{sha256_bytes(signed)}  a.expert\n")
    assert verdict(tmp_path, signed) is None

    for at in range(0, len(signed), step):
        changed = bytearray(signed)
        changed[at] ^= 1 << at % 8
        assert isinstance(verdict(tmp_path, bytes(changed)), IntegrityError)


def test_an_unsigned_package_is_refused(tmp_path: Path) -> None:
    """Taking the signature away does not make a package pass."""
    error = verdict(tmp_path, pack(make_project(tmp_path)).read_bytes())

    assert isinstance(error, SignatureError)


@pytest.mark.parametrize("at", [NOW + timedelta(days=366), NOW - timedelta(days=1)], ids=["expired", "not yet made"])
def test_a_signature_outside_its_time_is_refused(tmp_path: Path, signed: bytes, at: object) -> None:
    """The clock is the caller's, never the file's."""
    path = tmp_path / "a.expert"
    path.write_bytes(signed)

    with pytest.raises(SignatureError, match=r"expired|future"):
        verify(path, verifier=verifier(at=at))  # type: ignore[arg-type]


def test_a_stranger_cannot_sign(tmp_path: Path, signed: bytes) -> None:
    """The key in the package proves nothing: only the trusted one counts."""
    path = tmp_path / "a.expert"
    path.write_bytes(signed)

    with pytest.raises(SignatureError, match="expected a key that you trust"):
        verify(path, verifier=verifier(2))


def resigned(signed: bytes, **changed: object) -> bytes:
    """The package with a good signature over a statement that says something else."""
    members = decode(signed)
    statement = decode_statement(decode_envelope(members["signature.sig"]).payload)
    other = replace(statement, **changed)  # type: ignore[arg-type]
    return encode({**members, "signature.sig": seal(other, make_signer(Path()).private)})


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "expert-other"},
        {"version": "9.0.0"},
        {"base": Base(name="other", fingerprint="f" * 64)},
    ],
    ids=["name", "version", "base"],
)
def test_a_signature_for_something_else_does_not_pass(
    tmp_path: Path, signed: bytes, changed: dict[str, object]
) -> None:
    """Name, version and base of statement and manifest must agree."""
    error = verdict(tmp_path, resigned(signed, **changed))

    assert isinstance(error, SignatureError)


@pytest.mark.parametrize("part", ["tokenizer", "template", "provenance", "evaluation"])
def test_a_signature_that_names_other_evidence_does_not_pass(tmp_path: Path, signed: bytes, part: str) -> None:
    """Each of the digests is compared with the member that it is of; without any, members alone are signed."""
    statement = decode_statement(decode_envelope(decode(signed)["signature.sig"]).payload)
    assert statement.evidence is not None
    other = replace(statement.evidence, **{part: "0" * 64})

    error = verdict(tmp_path, resigned(signed, evidence=other))

    assert isinstance(error, SignatureError)
    assert f"signature: expected the digests of {part}, got others" in str(error)


def test_a_signature_of_another_package_does_not_pass(tmp_path: Path, signed: bytes) -> None:
    """Moving a signature to other members is seen."""
    other = make_project(tmp_path)
    (other / "experts/expert-mini/README.md").write_bytes(b"other")
    foreign = decode(sign(other).read_bytes())["signature.sig"]

    error = verdict(tmp_path, encode({**decode(signed), "signature.sig": foreign}))

    assert isinstance(error, SignatureError)
    assert "over others" in str(error)


def with_manifest(members: dict[str, bytes], **changed: object) -> dict[str, bytes]:
    """The members with some of the manifest's keys changed."""
    return {**members, "manifest.json": dump_json({**load(members["manifest.json"]), **changed})}


def without(members: dict[str, bytes], name: str) -> dict[str, bytes]:
    """The members without one."""
    return {each: data for each, data in members.items() if each != name}


def twice(members: dict[str, bytes]) -> object:
    """The list of bases with its one entry and a second."""
    (base,) = load(members["manifest.json"])["base_models"]
    return [base, {**base, "name": "other"}]


def with_adapter(found: dict[str, bytes], tensors: bytes, **changed: object) -> dict[str, bytes]:
    """The members with another adapter, and everything that a manifest says of it made right again."""
    (base,) = load(found["manifest.json"])["base_models"]
    facts = {"size_bytes": len(tensors), "sha256": sha256_bytes(tensors), **changed}
    bases = [{**base, "adapters": [{**base["adapters"][0], **facts}]}]
    return listing_all({**with_manifest(found, base_models=bases), "adapter_model.safetensors": tensors})


def listing_all(found: dict[str, bytes]) -> dict[str, bytes]:
    """The members with an integrity block that is right."""
    named = {name: data for name, data in found.items() if name not in {"manifest.json", "signature.sig"}}
    files = {name: sha256_bytes(data) for name, data in named.items()}
    return with_manifest(found, integrity={"algorithm": "sha256", "files": files})


def judging(found: dict[str, bytes], **changed: object) -> dict[str, bytes]:
    """The members with an evaluation that says something else."""
    return listing_all({**found, "evaluation.json": dump_json({**load(found["evaluation.json"]), **changed})})


def configuring(found: dict[str, bytes], **changed: object) -> dict[str, bytes]:
    """The members with settings of PEFT that say something else."""
    config = {**load(found["adapter_config.json"]), **changed}
    return listing_all({**found, "adapter_config.json": dump_json(config)})


def basing(found: dict[str, bytes], **changed: object) -> dict[str, bytes]:
    """The members with something else about the base."""
    (base,) = load(found["manifest.json"])["base_models"]
    return with_manifest(found, base_models=[{**base, **changed}])


def asking(found: dict[str, bytes], name: str) -> dict[str, bytes]:
    """The members with a manifest that names another grammar."""
    training = load(found["manifest.json"])["training"]
    named = {**training, "decoding": {**training["decoding"], "grammar_file": name}}
    return with_manifest(found, training=named)


NAN = encode_tensors(random_lora())[:-4] + b"\0\0\xc0\x7f"
NO_FILES = {"algorithm": "sha256", "files": {}}
WRONG: dict[str, tuple[Callable[[dict[str, bytes]], dict[str, bytes]], type[ExpertError]]] = {
    "a member missing": (lambda found: without(found, "LICENSE"), IntegrityError),
    "a required member missing": (lambda found: without(found, "vocab.json"), FormatError),
    "no manifest": (lambda found: without(found, "manifest.json"), FormatError),
    "a member more": (lambda found: {**found, "tests/extra.txt": b""}, IntegrityError),
    "a member that has no meaning": (lambda found: listing_all({**found, "setup.py": b""}), FormatError),
    "a checkpoint": (lambda found: listing_all({**found, "checkpoint-5/state.json": b"{}"}), FormatError),
    "tensors beside": (lambda found: listing_all({**found, "optimizer.safetensors": NAN}), FormatError),
    "a pickle of the old protocol": (lambda found: listing_all({**found, "vocab.json": b"(dp0\n."}), FormatError),
    "a recipe that is no JSON": (lambda found: listing_all({**found, "recipe.json": b"{not json"}), FormatError),
    "a provenance that is none": (lambda found: listing_all({**found, "provenance.json": b"\xff"}), FormatError),
    "settings of no adapter": (lambda found: listing_all({**found, "adapter_config.json": b"{}"}), FormatError),
    "settings of another adapter": (lambda found: configuring(found, r=3), FormatError),
    "a base without fingerprint": (lambda found: basing(found, sha256=None), IntegrityError),
    "a refused expert": (lambda found: judging(found, verdict="refused", reasons=["x"]), IntegrityError),
    "a score that is a text": (lambda found: judging(found, expert_score="nan"), FormatError),
    "a score of ten": (lambda found: judging(found, expert_score=10.0), FormatError),
    "another member": (lambda found: {**found, "LICENSE": b"other"}, IntegrityError),
    "a pickle": (lambda found: {**found, "training_args.bin": b"x"}, FormatError),
    "an empty integrity block": (lambda found: with_manifest(found, integrity=NO_FILES), IntegrityError),
    "another algorithm": (lambda found: with_manifest(found, integrity=NO_FILES | {"algorithm": "md5"}), ManifestError),
    "a number that is not finite": (lambda found: with_adapter(found, NAN), FormatError),
    "tensors that are no safetensors": (lambda found: with_adapter(found, b"{}"), FormatError),
    "another rank": (lambda found: with_adapter(found, found["adapter_model.safetensors"], r=5), IntegrityError),
    "an adapter elsewhere": (
        lambda found: with_adapter(found, found["adapter_model.safetensors"], path="LICENSE"), IntegrityError,
    ),
    "the evaluation of another adapter": (lambda found: judging(found, adapter_digest="0" * 64), IntegrityError),
    "the evaluation of another expert": (lambda found: judging(found, expert="expert-other"), IntegrityError),
    "an evaluation without a verdict": (lambda found: judging(found, verdict=None), FormatError),
    "a grammar that is not there": (lambda found: asking(found, "other.gbnf"), ManifestError),
    "a grammar beside the package": (lambda found: asking(found, "a.expert"), ManifestError),
    "two bases": (lambda found: with_manifest(found, base_models=twice(found)), IntegrityError),
    "a manifest that is none": (lambda found: {**found, "manifest.json": b"{}"}, ManifestError),
    "a manifest that is no JSON": (lambda found: {**found, "manifest.json": b'{"a":NaN}'}, FormatError),
    "a manifest with a key twice": (lambda found: {**found, "manifest.json": b'{"a":1,"a":1}'}, ManifestError),
}  # fmt: skip


@pytest.mark.parametrize(("change", "error"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_package_is_refused_before_anybody_asks_who_signed(
    tmp_path: Path, signed: bytes, change: Callable[[dict[str, bytes]], dict[str, bytes]], error: type[ExpertError]
) -> None:
    """The form is checked with errors of its own; verifying turns each into status 5."""
    path = tmp_path / "a.expert"
    path.write_bytes(encode(change(decode(signed))))

    with pytest.raises(error):
        open_canonical(path)

    refusal = verdict(tmp_path, path.read_bytes())
    assert refusal is not None
    assert refusal.exit_code == 5


@pytest.mark.parametrize(("members", "told"), [((), "an archive, got one about a container"),
                                               (MEMBERS, "a container, got one about an archive")])  # fmt: skip
def test_a_statement_about_the_other_form_is_called_that(
    tmp_path: Path, members: tuple[Member, ...], told: str
) -> None:  # fmt: skip
    """Each form is signed; the hint says so."""
    checked = open_canonical(pack(make_project(tmp_path / "project")))
    listed = {} if members else checked.contents.listed
    subject = _Subject(
        manifest=checked.manifest, content_digest=checked.contents.content_digest, members=listed, evaluation=None
    )

    with pytest.raises(SignatureError, match=f"signature: expected one about {told}") as refusal:
        subject.check(make_statement(publisher(), members=members))

    assert refusal.value.hint == "the publisher signs each form; if that is you: expert-cli sign"
