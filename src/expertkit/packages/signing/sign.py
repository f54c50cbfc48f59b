"""Stage ``sign``: the publisher's signature in a package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from expertkit import layout, signing
from expertkit.archives import archive
from expertkit.containers.writer import write_signed
from expertkit.errors import FormatError, IntegrityError, PackagingError, SignatureError
from expertkit.members import bundle
from expertkit.members.contents import Contents, Form, Part
from expertkit.members.names import SIGNATURE
from expertkit.members.signatures import MOST, Signature
from expertkit.packages.locks import held
from expertkit.packages.names import EVALUATION, PROVENANCE, TOKENIZER
from expertkit.packages.output import find_package, open_folder, packages, refuse, signed_folders
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.container import open_container
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.report import Judged, parse_report, read_refusal
from expertkit.packages.signing import ledger
from expertkit.packages.signing.signatures import detached, read_detached, write_detached
from expertkit.packages.writing import Built, Sizes, sizes, write_archive, write_package
from expertkit.recipes import Recipe
from expertkit.signing import Entry, Evidence, Member, PublicKey, Statement, dsse
from expertkit.signing.certificates.names import covered
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.signer import SigningKey
from expertkit.signing.statement import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, when, and what remembers it."""

    private: SigningKey
    public: PublicKey
    ledger: Path
    at: datetime
    valid_days: int
    chain: tuple[Certificate, ...] = ()
    """The key's certificate and those of the authorities above it but for the root; empty for a key of its own."""


def sign_package(project: Path, recipe: Recipe, *, signer: Signer, record_refusal: bool = False) -> Built | Judged:
    """Sign what stage ``package`` left, or with ``record_refusal`` pass its refusal on.

    Raises:
        PackagingError: there is no package, or its expert was refused.
        FormatError, IntegrityError: the package is not sound.
    """
    source, output = project / layout.PACKAGES / recipe.key, project / layout.SIGNED / recipe.key
    refused = read_refusal(source)
    if refused is not None:
        return refuse(output, refused, record=record_refusal)
    return sign_file(find_package(source, hint=_package_command(recipe)), output=output, whole=True, signer=signer)


def sign_file(path: Path, *, output: Path, whole: bool, signer: Signer, is_added: bool = False) -> Built:
    """Write a signed copy of a package and its sidecar into the folder ``output``.

    The same content signed again gives the same bytes.

    Args:
        path: the package.
        output: the folder.
        whole: whether the copy replaces everything in it.
        signer: who signs, and when.
        is_added: whether signatures of other keys that are in it stay there; they are not looked at.

    Raises:
        FormatError, IntegrityError: the package is not sound.
        SignatureError: the signer's certificate does not hold, or not for this expert.
        PackagingError: it changed meanwhile, or no more signatures go in; nothing was written.
    """
    checked = open_canonical(path)
    before = read_signatures(path) if is_added else ()
    signatures = [*_by_others(path, before, signer), _sign(checked, signer)]
    write = partial(_write, path, checked.contents.form, signatures)
    with open_folder(output, whole=whole) as folder:
        signed = write_package(folder / path.name, write, content_digest=checked.contents.content_digest)
    return replace(signed, path=output / path.name)


def sign_detached(path: Path, *, signer: Signer) -> Path:
    """Write a signature of a package beside it, with those of other keys that lie there; give where.

    Raises:
        FormatError, IntegrityError, SignatureError: as ``sign_file``.
    """
    checked = open_canonical(path)
    signature = _sign(checked, signer)
    with held(path):
        others = _by_others(detached(path), read_detached(path), signer)
        return write_detached(path, [*others, signature])


def expired(project: Path, *, at: datetime) -> frozenset[str]:
    """The names of the folders of ``build/signed/`` whose package is no longer valid."""
    signed = [path for folder in signed_folders(project) for path in packages(folder)]
    return frozenset(path.parent.name for path in signed if _has_expired(path, at))


def _has_expired(path: Path, at: datetime) -> bool:
    """A damaged package has not: whoever watches the files sees that for himself."""
    try:
        said = [signing.read_unverified(each.envelope) for each in read_signatures(path)]
    except (FormatError, IntegrityError):
        return False
    return any(at >= signing.parse_moment(each.expires) for each in said)


def _package_command(recipe: Recipe) -> str:
    return f"expert-cli package --expert {recipe.expert} --base {recipe.base}"


def _by_others(path: Path, signatures: Sequence[Signature], signer: Signer) -> list[Signature]:
    """The signatures that are not by the signer's key, as far as they say, if there is place for one more."""
    others = [each for each in signatures if _key_of(each) != signer.public.id]
    if len(others) >= MOST:
        hint = "expert-cli sign without --add puts yours instead of them"
        raise PackagingError(f"{path}: expected fewer than {MOST} signatures of other keys, got {MOST}", hint=hint)
    return others


def _key_of(signature: Signature) -> str | None:
    """The key that a signature names; None where it is of another kind than ours."""
    try:
        return dsse.decode(signature.envelope).keyid
    except FormatError:
        return None


def _sign(checked: Checked, signer: Signer) -> Signature:
    _check_certificate(signer, checked.manifest.name)
    entry = ledger.record(
        signer.ledger, content_digest=checked.contents.content_digest, key=signer.public.id, at=signer.at,
        valid_days=signer.valid_days,
    )  # fmt: skip
    envelope = signing.seal(_statement(checked, entry, publisher=signer.public.publisher), signer.private)
    return Signature(envelope=envelope, chain=tuple(each.der for each in signer.chain))


def _check_certificate(signer: Signer, name: str) -> None:
    """What is signed here is not to be refused by everybody else."""
    if not signer.chain:
        return
    own = signer.chain[0]
    hint = "expert-cli cert request, and put what the authority issues beside the key"
    if own.key != signer.public.raw:
        message = f"certificate: expected one of key {signer.public.id[:12]}, got one of {own.key_id[:12]}"
        raise SignatureError(message, hint=hint)
    if not own.not_before <= signer.at < own.not_after:
        message = (
            f"certificate of {own.subject}: expected one that holds today, got {own.not_before} to {own.not_after}"
        )
        raise SignatureError(message, hint=hint)
    if own.names and not covered(own.names, name):
        message = f"certificate of {own.subject}: expected one for {name}, got one for {', '.join(own.names)}"
        raise SignatureError(message, hint=hint)


def _statement(checked: Checked, entry: Entry, *, publisher: str) -> Statement:
    manifest, contents = checked.manifest, checked.contents
    (base,) = manifest.base_models
    members = [] if contents.form == "container" else sorted(contents.listed.items())
    return Statement(
        name=manifest.name,
        version=manifest.version,
        base=Base(name=base.name, fingerprint=str(base.sha256)),
        content_digest=contents.content_digest,
        members=tuple(Member(name=name, size=size, sha256=digest) for name, (size, digest) in members),
        evidence=_evidence(contents),
        publisher=publisher,
        key=entry.key,
        created=entry.created,
        expires=entry.expires,
        sequence=entry.sequence,
    )


def _evidence(contents: Contents) -> Evidence:
    report = parse_report(contents.kept[EVALUATION], file=EVALUATION)
    return Evidence(
        tokenizer=contents.members[TOKENIZER][1],
        template=report.template_hash,
        provenance=contents.members[PROVENANCE][1],
        evaluation=contents.members[EVALUATION][1],
    )


def _write(path: Path, form: Form, signatures: Sequence[Signature], file: IO[bytes]) -> Sizes:
    """Write a signed copy of a package."""
    if form != "container":
        with path.open("rb") as source:
            return write_archive(file, _with_signatures(source, bundle.encode(signatures)))
    with open_container(path) as container:
        write_signed(container, file, signed=signatures)
        return sizes(container.entries)


def _with_signatures(source: IO[bytes], signatures: bytes) -> Iterator[Part]:
    """The members of a package with its signatures as the last one."""
    for part in archive.read(source):
        if part.name != SIGNATURE:
            yield part
    yield Part(name=SIGNATURE, size=len(signatures), chunks=[signatures])
