"""What can be wrong with a package or with what is known about it, one thing at a time.

A condition begins with a sound place: a project, the home of somebody who trusts its publisher, and a good package. It
spoils one thing, and says what is told about it and what helps.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.containers import kinds
from expertkit.files import canonical_json
from expertkit.members.contents import Form
from expertkit.members.names import SIGNATURE
from expertkit.members.signatures import Signature
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.forms import read_signatures, recognize
from expertkit.packages.sidecar import write_sidecar
from expertkit.packages.signing.local_root import LocalRoot
from expertkit.packages.signing.sign import _statement, _write
from expertkit.packages.vouching.trust import TrustStore
from expertkit.packages.vouching.verify import Verified, verify
from expertkit.signing import Entry, dsse, keys, legacy
from expertkit.signing.certificates import making
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.ed25519 import public_bytes
from expertkit.signing.envelope import read_unverified, seal
from expertkit.signing.statement import Statement, format_moment
from expertkit.signing.trust import Occasion, Verifier, remembered
from tests.archives.builders import decode, encode
from tests.containers.builders import put_together, taken_apart
from tests.packages.builders import RECIPE
from tests.packages.test_legacy import files as legacy_files
from tests.packages.test_legacy import make as make_legacy
from tests.signing.certificates.builders import replacing

NAME = "expert-mini-nano.v1.0.0.expert"
FORMS: tuple[Form, ...] = ("archive", "container")
DAY = timedelta(days=1)
_CODE_SIGNING, _EMAIL = (bytes.fromhex(f"06082b0601050507030{number}") for number in (3, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project, and the home of somebody who works in it."""

    folder: Path
    form: Form

    @property
    def project(self) -> Path:
        """Where commands are typed."""
        return self.folder / "project"

    @property
    def home(self) -> Path:
        """What ``EXPERTKIT_HOME`` names."""
        return self.folder / "home"

    @property
    def package(self) -> Path:
        """The package that is judged."""
        return self.project / "build/signed" / RECIPE.key / NAME

    @property
    def released(self) -> Path:
        """The same where ``promote`` takes it from."""
        return self.project / "dist" / NAME

    @property
    def store(self) -> TrustStore:
        """What is trusted."""
        return TrustStore(folder=self.home / "trust")

    @property
    def root(self) -> LocalRoot:
        """The authority that vouches for the publisher."""
        return LocalRoot(folder=self.home / "local-root")

    @property
    def private(self) -> Ed25519PrivateKey:
        """The publisher's key."""
        return keys.load(self.home / "publisher.key")

    @property
    def root_private(self) -> Ed25519PrivateKey:
        """The authority's key."""
        return keys.load(self.root.key)

    def unsigned(self, name: str = "good") -> Path:
        """A package nobody signed: the good one, one of ``other`` members, or a ``newer`` version."""
        return self.folder / "unsigned" / f"{name}.expert"

    def copy(self, folder: Path) -> Place:
        """The same in another folder."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def look(self, package: Path | None = None) -> Verified:
        """Verify in process, now, as the owner of the home."""
        store = self.store
        verifier = Verifier(trust=store.read(), occasion=Occasion(at=datetime.now(UTC)), revoked=store.revoked)
        return verify(package or self.package, verifier=verifier)

    def remember(self, package: Path) -> None:
        """Take a package, which has to be good, and keep in mind that it was seen."""
        verdict = self.look(package).verdict
        self.store.update(lambda trust: remembered(trust, verdict, at=datetime.now(UTC)))

    def statement(self) -> Statement:
        """What is signed, if it is."""
        return read_unverified(read_signatures(self.package)[0].envelope)

    def put(self, data: bytes) -> None:
        """Exchange the package, wherever it lies, and its checksums."""
        for path in (self.package, self.released):
            path.write_bytes(data)
            write_sidecar(path)

    def sign(self, *signatures: Signature, members: str = "good") -> bytes:
        """A package with these signatures, whatever they say."""
        file = io.BytesIO()
        _write(self.unsigned(members), self.form, signatures, file)
        return file.getvalue()

    def resigned(self, *, private: Ed25519PrivateKey | None = None, **changed: Any) -> bytes:
        """The package under another statement or key; ``chain`` are other certificates, in DER."""
        (old,) = read_signatures(self.package)
        chain = changed.pop("chain", old.chain)
        statement = replace(read_unverified(old.envelope), **changed)
        return self.sign(Signature(envelope=seal(statement, private or self.private), chain=tuple(chain)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is wrong."""

    spoil: Callable[[Place], None]
    said: str
    """What the one sentence has in it, as a regular expression."""
    helps: str
    """What the hint has in it: a command or an act."""
    differs: frozenset[str]
    """All in which the place differs from the good one, as ``differences`` says it."""
    of_form: Mapping[Form, Mapping[str, Any]] = field(default_factory=dict)
    """What is otherwise in one of the forms."""

    def of(self, form: Form) -> Condition:
        """The condition as it is in a form."""
        return replace(self, **self.of_form.get(form, {}))


def stranger() -> Ed25519PrivateKey:
    """A key that nobody trusts."""
    return Ed25519PrivateKey.from_private_bytes(b"stranger" * 4)


def key_id(private: Ed25519PrivateKey) -> str:
    """What statements call a key."""
    return keys.public_key(private, publisher="anybody").id


def issue(
    private: Ed25519PrivateKey, *, authority: Certificate, authority_key: Ed25519PrivateKey, name: str, **how: Any
) -> bytes:
    """A certificate for a key, in DER."""
    request = making.read_request(making.make_request(private, name=name, names=()))
    return making.issue(
        request, authority=authority, authority_key=authority_key, at=datetime.now(UTC), days=300, **how
    )


def _unsigned(place: Place) -> None:
    place.put(place.unsigned().read_bytes())


def _wrong_signature(place: Place) -> None:
    """One bit of S."""
    (old,) = read_signatures(place.package)
    envelope = dsse.decode(old.envelope)
    changed = envelope.signature[:40] + bytes([envelope.signature[40] ^ 1]) + envelope.signature[41:]
    place.put(place.sign(replace(old, envelope=replace(envelope, signature=changed).encode())))


def _other_key(place: Place) -> None:
    place.put(place.resigned(private=stranger(), key=key_id(stranger()), chain=()))


def _expired(place: Place) -> None:
    now = datetime.now(UTC)
    place.put(place.resigned(created=format_moment(now - 2 * DAY), expires=format_moment(now - DAY)))


def _not_yet_valid(place: Place) -> None:
    place.put(place.resigned(created=format_moment(datetime.now(UTC) + DAY)))


def _revoked(place: Place) -> None:
    now, authority = datetime.now(UTC), place.root.read()
    serial = read(read_signatures(place.package)[0].chain[0]).serial
    made = make_list(authority=authority, key=place.root_private, number=2, at=now, days=30, entries={serial: now})
    place.store.add_list(read_list(made), issuer=authority, at=now)


def _stale_list(place: Place) -> None:
    then, authority = datetime.now(UTC) - 40 * DAY, place.root.read()
    place.store.update(lambda trust: replace(trust, lists=()))
    made = make_list(authority=authority, key=place.root_private, number=1, at=then, days=30, entries={})
    place.store.add_list(read_list(made), issuer=authority, at=then)


def _unknown_root(place: Place) -> None:
    """All that a stranger can do: he calls himself what the publisher is called."""
    private = stranger()
    own = Ed25519PrivateKey.from_private_bytes(b"authority of the stranger's own."[:32])
    root = read(making.make_root(own, name="root of a stranger", at=datetime.now(UTC), days=400))
    leaf = issue(private, authority=root, authority_key=own, name="local publisher")
    place.put(place.resigned(private=private, key=key_id(private), chain=[leaf]))


def _wrong_purpose(place: Place) -> None:
    """The certificate is by the same root for the same key, to protect e-mail with."""
    (old,) = read_signatures(place.package)
    made = replacing(_CODE_SIGNING, _EMAIL)(old.chain[0], place.root_private)
    place.put(place.resigned(chain=[made]))


def _name_constraint(place: Place) -> None:
    """An authority below the root that may not speak for this expert vouches for the key."""
    place.put(place.resigned(chain=constrained(place, "expert-other")))


def constrained(place: Place, *permitted: str) -> list[bytes]:
    """The publisher's certificate by an authority that may let these experts be signed, and that of the authority."""
    team = Ed25519PrivateKey.from_private_bytes(b"team" * 8)
    above = issue(
        team, authority=place.root.read(), authority_key=place.root_private, name="team", is_authority=True,
        permitted=permitted,
    )  # fmt: skip
    return [issue(place.private, authority=read(above), authority_key=team, name="local publisher"), above]


def _older_version(place: Place) -> None:
    newer = place.folder / "newer.expert"
    (old,) = read_signatures(place.package)
    newer.write_bytes(place.unsigned("newer").read_bytes())
    newer.write_bytes(place.sign(_about(newer, place, old), members="newer"))
    place.remember(newer)
    newer.unlink()


def _about(path: Path, place: Place, old: Signature) -> Signature:
    """The publisher's signature of another package."""
    said = read_unverified(old.envelope)
    checked = open_canonical(path)
    entry = Entry(
        content_digest=checked.contents.content_digest, key=said.key, created=said.created, expires=said.expires,
        sequence=said.sequence + 1,
    )  # fmt: skip
    statement = _statement(checked, entry, publisher=said.publisher)
    return Signature(envelope=seal(statement, place.private), chain=old.chain)


def _older_sequence(place: Place) -> None:
    again = place.folder / "again.expert"
    again.write_bytes(place.resigned(sequence=place.statement().sequence + 1))
    place.remember(again)
    again.unlink()


def _mixed_members(place: Place) -> None:
    """Members that were packed together, under the signature of others."""
    place.put(place.sign(*read_signatures(place.package), members="other"))


def _extra_member(place: Place) -> None:
    data = place.package.read_bytes()
    if place.form == "container":
        pieces = taken_apart(data)
        (last,) = (at for at, entry in enumerate(pieces.entries) if entry["name"].rstrip(b"\0") == b"README.md")
        extra = {**pieces.entries[last], "type": kinds.CUSTOM.number, "name": b"custom/extra.bin"}
        pieces.entries.append(extra)
        pieces.payloads.append(pieces.payloads[last])
        place.put(put_together(pieces))
    else:
        members = decode(data)
        signature = members.pop(SIGNATURE)
        place.put(encode({**members, "zzz.txt": b"extra\n", SIGNATURE: signature}))


def _legacy(place: Place) -> None:
    """The signature of an older program: in an older program's package, or in a container, where none can be."""
    members = {name: hashlib.sha256(data).hexdigest() for name, data in legacy_files().items()}
    covered = {name: digest for name, digest in members.items() if name not in legacy.UNCOVERED}
    integrity = {
        "pubkey": public_bytes(place.private.public_key()).hex(),
        "signature": place.private.sign(legacy.message(covered)).hex(), "files": covered,
    }  # fmt: skip
    if place.form == "container":
        old = read_signatures(place.package)[0]
        place.put(place.sign(replace(old, envelope=canonical_json(integrity))))
    else:
        scratch = place.folder / "scratch"
        place.put(make_legacy(scratch, legacy_files(integrity=integrity)).read_bytes())
        shutil.rmtree(scratch)


CONDITIONS: dict[str, Condition] = {
    "unsigned": Condition(
        spoil=_unsigned, said="expected a signature, got none", helps="expert-cli sign",
        differs=frozenset({"signatures"}),
    ),
    "wrong signature": Condition(
        spoil=_wrong_signature, said="signature: not made by key [0-9a-f]{12} over these bytes",
        helps="expert-cli inspect", differs=frozenset({"signature"}),
    ),
    "other key": Condition(
        spoil=_other_key, said="expected a key that you trust, got [0-9a-f]{12} without a certificate",
        helps="expert-cli trust pin PUBFILE", differs=frozenset({"statement.key", "signature", "chain"}),
    ),
    "expired": Condition(
        spoil=_expired, said="signature: expired 20", helps="ask the publisher for a newer package",
        differs=frozenset({"statement.created", "statement.expires", "signature"}),
    ),
    "not yet valid": Condition(
        spoil=_not_yet_valid, said="which is in the future of this computer's clock", helps="expert-cli verify --at",
        differs=frozenset({"statement.created", "signature"}),
    ),
    "revoked": Condition(
        spoil=_revoked, said="certificate [0-9a-f]+: revoked 20.*, says list 2 of CN=local root",
        helps="ask the publisher for a package that another key signed", differs=frozenset({"trust.lists"}),
    ),
    "stale list": Condition(
        spoil=_stale_list, said="revocation: list 1 of CN=local root.* was to be renewed by 20",
        helps="expert-cli trust update LIST", differs=frozenset({"trust.lists"}),
    ),
    "unknown root": Condition(
        spoil=_unknown_root, said="expected a root that you trust, got CN=root of a stranger, which you do not",
        helps="expert-cli trust add ROOT.pem", differs=frozenset({"statement.key", "signature", "chain"}),
    ),
    "wrong purpose": Condition(
        spoil=_wrong_purpose, said="expected the purpose of code signing", helps="expert-cli cert issue",
        differs=frozenset({"chain"}),
    ),
    "name constraint broken": Condition(
        spoil=_name_constraint, said="certificate of CN=team: expected an expert of expert-other, got expert-mini",
        helps="expert-cli cert show", differs=frozenset({"chain"}),
    ),
    "older version": Condition(
        spoil=_older_version, said="version: expected at least 1.1.0, which was seen, got 1.0.0",
        helps="expert-cli trust forget expert-mini", differs=frozenset({"trust.seen"}),
    ),
    "older sequence": Condition(
        spoil=_older_sequence, said="sequence: expected at least 2, which was seen, got 1",
        helps="expert-cli trust forget expert-mini", differs=frozenset({"trust.seen"}),
    ),
    "mixed members": Condition(
        spoil=_mixed_members, said="signature: expected one over these members, got one over others",
        helps="ask the publisher for the original", differs=frozenset({"members"}),
    ),
    "extra member": Condition(
        spoil=_extra_member, said="expected no members but those of a package, got zzz.txt",
        helps="expert-cli validate", differs=frozenset({"members"}),
        of_form={"container": {"said": "expected the members that are there, but for custom/extra.bin"}},
    ),
    "legacy": Condition(
        spoil=_legacy, said="expected a signature that can be trusted, got a legacy package: key [0-9a-f]{12}",
        helps="expert-cli unpack --compatible --unsigned", differs=frozenset({"form"}),
        of_form={
            "container": {
                "said": "envelope: expected a payload, its type and one signature", "helps": "expert-cli inspect",
                "differs": frozenset({"envelope"}),
            }
        },
    ),
}  # fmt: skip
"""By its name."""


def differences(place: Place, good: Place) -> frozenset[str]:
    """All in which the package, and what is known in the home, differ from the good ones."""
    trust, other = (asdict(each.store.read()) for each in (place, good))
    trusted = {f"trust.{name}" for name, value in trust.items() if value != other[name]}
    if recognize(place.package) != good.form:
        return frozenset({"form", *trusted})
    members = {"members"} if _members(place) != _members(good) else set()
    return frozenset({*trusted, *members, *_signed_differently(place, good)})


def _members(place: Place) -> object:
    data = place.package.read_bytes()
    if place.form == "archive":
        return {name: content for name, content in decode(data).items() if name != SIGNATURE}
    pieces = taken_apart(data)
    return pieces.metadata, pieces.entries, pieces.payloads


def _signed_differently(place: Place, good: Place) -> set[str]:
    found, wanted = read_signatures(place.package), read_signatures(good.package)
    if len(found) != len(wanted):
        return {"signatures"}
    ((one,), (other,)) = found, wanted
    chain = {"chain"} if one.chain != other.chain else set()
    if b"payloadType" not in one.envelope:
        return {"envelope", *chain}
    if dsse.decode(one.envelope).signature != dsse.decode(other.envelope).signature:
        chain.add("signature")
    said, meant = (asdict(read_unverified(each.envelope)) for each in (one, other))
    return {*chain, *(f"statement.{name}" for name in said if said[name] != meant[name])}
