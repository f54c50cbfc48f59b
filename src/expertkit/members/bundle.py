"""Several signatures in one file: an envelope on each line, with its certificates in it.

That is in-toto's bundle, JSON Lines. It is what an archive holds as ``signature.sig`` and what lies beside a package
that was signed apart; a container has a block of its own for the same. Lines are in the order of the bare envelopes,
and the last has no line feed. What else an envelope says is ``signing``'s to read.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Sequence
from typing import Any

from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.members.signatures import MOST, Signature

MAX_SIZE = 4 << 20
"""Largest bundle that is read, in bytes."""
_CERTIFICATES = "certificates"


def encode(signatures: Sequence[Signature]) -> bytes:
    """The one byte form, whatever order they come in.

    Raises:
        ValueError: they are none, too many, twice the same, or an envelope is none.
    """
    try:
        data = b"\n".join(map(_line, sorted(signatures, key=lambda each: each.envelope)))
        decode(data)
    except FormatError as error:
        raise ValueError(str(error)) from error
    return data


def decode(data: bytes) -> tuple[Signature, ...]:
    """The signatures in a bundle, their envelopes bare.

    Raises:
        FormatError: it has another form than ``encode`` gives.
    """
    if len(data) > MAX_SIZE:
        raise FormatError(f"signatures: expected at most {MAX_SIZE} bytes, got {len(data)}")
    lines = data.split(b"\n", MOST)
    if len(lines) > MOST:
        raise FormatError(f"signatures: expected at most {MOST}, got more")
    found = tuple(map(_signature, lines))
    if any(a.envelope >= b.envelope for a, b in itertools.pairwise(found)):
        raise FormatError("signatures: expected envelopes once and in order, got one too late or twice")
    return found


def _line(signature: Signature) -> bytes:
    value = _read(signature.envelope)
    if not signature.chain:
        return signature.envelope
    value["signatures"][0][_CERTIFICATES] = [base64.b64encode(each).decode() for each in signature.chain]
    return canonical_json(value)


def _signature(line: bytes) -> Signature:
    value = _read(line)
    first = value["signatures"][0]
    chain = _chain(first.pop(_CERTIFICATES)) if _CERTIFICATES in first else ()
    return Signature(envelope=canonical_json(value), chain=chain)


def _chain(texts: Any) -> tuple[bytes, ...]:
    """Certificates as an envelope holds them: at least one, each in the one base64 it has."""
    try:
        chain = tuple(base64.b64decode(each, validate=True) for each in texts)
    except (binascii.Error, TypeError, ValueError) as error:
        raise FormatError("envelope: expected certificates in base64, got something else") from error
    if not chain or texts != [base64.b64encode(each).decode() for each in chain]:
        raise FormatError("envelope: expected certificates as a list, each as base64 writes it, got another form")
    return chain


def _read(line: bytes) -> Any:
    """An envelope with at least one signature, as JSON values."""
    try:
        value = json.loads(line.decode())
        value["signatures"][0]["sig"]
        canonical = canonical_json(value)
    except (ValueError, RecursionError, KeyError, IndexError, TypeError) as error:
        raise FormatError("envelope: expected a payload, its type and one signature") from error
    if canonical != line:
        raise FormatError("envelope: expected RFC 8785 JSON, got another form of it")
    return value
