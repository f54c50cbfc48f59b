"""Signatures that other tools verify: OpenSSF model signing, by a key of the curve P-256.

What is signed is an in-toto Statement whose predicate lists the files of a folder, each with its SHA-256, and whose
subject is the digest of those digests. It lies in a DSSE envelope, and that in a bundle of Sigstore's: JSON of the
form that ``model_signing sign key`` of version 1.1 writes, so that ``model_signing verify key`` takes it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from expertkit.files import sha256_bytes
from expertkit.signing.dsse import PAYLOAD_TYPE, pae
from expertkit.signing.statement import TYPE

PREDICATE_TYPE = "https://model_signing/signature/v1.0"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_IGNORED = (".git", ".gitattributes", ".github", ".gitignore")
"""What the tool passes over in a folder, and says so; no member of a package has such a name."""


def sign(name: str, files: Mapping[str, str], *, private: EllipticCurvePrivateKey) -> bytes:
    """The bundle that vouches for a folder of files.

    Args:
        name: the folder's, for people.
        files: the path of each file in it, with ``/`` between folders, and its hex SHA-256.
        private: a key of the curve P-256.
    """
    payload = encode(name, files)
    signature = private.sign(pae(PAYLOAD_TYPE, payload), ECDSA(SHA256()))
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": key_hint(private.public_key())}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": _text(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _text(signature), "keyid": ""}],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode()


def encode(name: str, files: Mapping[str, str]) -> bytes:
    """The statement about a folder of files: the bytes that are signed."""
    return json.dumps(_statement(name, files), indent=2).encode()


def key_hint(key: EllipticCurvePublicKey) -> str:
    """What names a key in a bundle: hex SHA-256 of its PEM."""
    return sha256_bytes(public_pem(key))


def public_pem(key: EllipticCurvePublicKey) -> bytes:
    """A public key as PEM, the form in which the tool reads it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _statement(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Folder by folder, as paths are sorted: ``d/a`` comes before ``d-a``."""
    order = sorted(files, key=PurePosixPath)
    digest = hashlib.sha256(b"".join(bytes.fromhex(files[each]) for each in order)).hexdigest()
    return {
        "_type": TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": list(_IGNORED),
            },
            "resources": [{"name": each, "algorithm": "sha256", "digest": files[each]} for each in order],
        },
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
