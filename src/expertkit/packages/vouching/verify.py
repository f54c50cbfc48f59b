"""Whether a package is what it claims to be: its form, its hashes, its manifest, and who vouches for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from expertkit.containers.reader import Container
from expertkit.errors import FormatError, IntegrityError, ProblemsError, SignatureError
from expertkit.manifest import Manifest
from expertkit.members import bundle
from expertkit.members.contents import Contents
from expertkit.members.names import SIGNATURE
from expertkit.members.signatures import Signature
from expertkit.packages.names import EVALUATION, PROVENANCE, TOKENIZER
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.container import outline
from expertkit.packages.reading.forms import read_signatures, recognize
from expertkit.packages.reading.legacy import describe_signature
from expertkit.packages.report import parse_report
from expertkit.packages.signing.signatures import read_detached
from expertkit.packages.vouching.proofs import proven_times
from expertkit.signing import Statement
from expertkit.signing.trust import Verdict, Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A package that somebody who is trusted vouches for."""

    contents: Contents
    manifest: Manifest
    verdict: Verdict

    @property
    def statement(self) -> Statement:
        """What was signed."""
        return self.verdict.statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A container that is trusted, of which only header, metadata, TOC and signatures were read."""

    manifest: Manifest
    verdict: Verdict

    @property
    def statement(self) -> Statement:
        """What was signed."""
        return self.verdict.statement


def verify(path: Path, *, verifier: Verifier, detached: Path | None = None) -> Verified:
    """Check everything about a package, who vouches for it included.

    A proof beside it, ``<package>.proof``, shows since when a signature is there, where a trusted witness says so.

    Args:
        path: the package.
        verifier: who looks, and what is held against it.
        detached: a file of signatures; by default the one beside the package, if there is one.

    Raises:
        SignatureError: nobody who is trusted vouches for it, or no longer.
        IntegrityError: anything else is wrong with it.
    """
    _refuse_legacy(path)
    try:
        checked = open_canonical(path)
        signatures = (*_inside(path, checked.contents), *read_detached(path, detached))
        proven = proven_times(path, signatures, trust=verifier.trust)
    except (FormatError, IntegrityError, ProblemsError) as error:
        offset = None if isinstance(error, ProblemsError) else error.offset
        raise IntegrityError(*error.lines, hint=error.hint or _DAMAGED.format(path=path), offset=offset) from error
    contents = checked.contents
    subject = _Subject(
        manifest=checked.manifest, content_digest=contents.content_digest, evaluation=contents.kept[EVALUATION],
        members={} if contents.form == "container" else contents.listed,
    )  # fmt: skip
    occasion = replace(verifier.occasion, proven=proven)
    verdict = _judge(signatures, subject, verifier=replace(verifier, occasion=occasion), file=str(path))
    return Verified(contents=contents, manifest=checked.manifest, verdict=verdict)


def vouch(container: Container, *, verifier: Verifier, file: str = "container") -> Vouched:
    """Check who vouches for a container whose sections nobody has read yet, in time that grows with their number alone.

    Each section is checked against the signed root when it is first read.

    Args:
        container: which itself was checked when it was opened.
        verifier: who looks, and what is held against it.
        file: what the container is called in messages.

    Raises:
        SignatureError: nobody who is trusted vouches for it, or no longer.
        FormatError, ManifestError, IntegrityError: the manifest is wrong, or about other sections.
    """
    manifest = outline(container, file=file).reading.manifest
    subject = _Subject(manifest=manifest, content_digest=container.root, members={}, evaluation=None)
    return Vouched(manifest=manifest, verdict=_judge(container.signatures, subject, verifier=verifier, file=file))


_LEGACY = "ask the publisher for a package of today; expert-cli unpack --compatible --unsigned reads this one untrusted"


def _refuse_legacy(path: Path) -> None:
    """Say what the signature of an older program is worth; what is not even sound for one is refused as it would be."""
    with suppress(FormatError, IntegrityError, ProblemsError):
        if recognize(path) == "legacy":
            raise SignatureError(f"{path}: {describe_signature(path)}", hint=_LEGACY)


def _inside(path: Path, contents: Contents) -> Sequence[Signature]:
    """The signatures in a package that was read; a container's may be of a kind that no archive could hold."""
    kept = contents.kept.get(SIGNATURE)
    if kept is not None:
        return bundle.decode(kept)
    return read_signatures(path) if contents.form == "container" else ()


def _judge(signatures: Sequence[Signature], subject: _Subject, *, verifier: Verifier, file: str) -> Verdict:
    if not signatures:
        message = f"{file}: expected a signature, got none"
        raise SignatureError(message, hint=f"ask its publisher; if that is you: expert-cli sign {file}")
    try:
        return verifier.judge(signatures, about=subject.check)
    except SignatureError as error:
        hint = error.hint or _STRANGE.format(file=file)
        raise SignatureError(*(f"{file}: {line}" for line in error.lines), hint=hint) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """The package that a statement has to be about, and nothing else."""

    manifest: Manifest
    content_digest: str
    members: Mapping[str, tuple[int, str]]
    """Those of an archive."""
    evaluation: bytes | None
    """The member, if it was read."""

    def check(self, statement: Statement) -> None:
        """Return if the statement is about this package."""
        form = "archive" if self.members else "container"
        if statement.form != form:
            message = f"signature: expected one about {_FORMS[form]}, got one about {_FORMS[statement.form]}"
            raise SignatureError(message, hint="the publisher signs each form; if that is you: expert-cli sign")
        signed = {each.name: (each.size, each.sha256) for each in statement.members}
        if (signed, statement.content_digest) != (self.members, self.content_digest):
            raise SignatureError("signature: expected one over these members, got one over others", hint=_ORIGINAL)
        (base,) = self.manifest.base_models
        about = (statement.name, statement.version, statement.base.name, statement.base.fingerprint)
        if about != (self.manifest.name, self.manifest.version, base.name, base.sha256):
            message = f"signature: expected one for this expert and base, got one for {' '.join(about[:3])}"
            raise SignatureError(message, hint=_ORIGINAL)
        self._check_evidence(statement)

    def _check_evidence(self, statement: Statement) -> None:
        said = statement.evidence
        if said is None:
            return
        files = (self.manifest.integrity and self.manifest.integrity.files) or {}
        named = {"tokenizer": TOKENIZER, "provenance": PROVENANCE, "evaluation": EVALUATION}
        wrong = [what for what, name in named.items() if getattr(said, what) != files.get(name)]
        if self.evaluation is not None and said.template != _template(self.evaluation):
            wrong.append("template")
        if wrong:
            raise SignatureError(f"signature: expected the digests of {', '.join(wrong)}, got others", hint=_ORIGINAL)


def _template(evaluation: bytes) -> str:
    """Digest of the prompt template that was evaluated with."""
    try:
        return parse_report(evaluation, file=EVALUATION).template_hash
    except FormatError as error:
        raise SignatureError(*error.lines) from error


_FORMS = {"archive": "an archive", "container": "a container"}
_ORIGINAL = "ask the publisher for the original: this package was put together from others"
_DAMAGED = "ask its publisher for it again; expert-cli validate {path} says what is wrong with this one"
_STRANGE = "ask its publisher for it again; expert-cli inspect {file} shows what this one says about itself"
