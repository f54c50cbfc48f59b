"""No bit of a certificate can be changed without anybody noticing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate, read
from tests.signing.certificates.builders import AT, NAME, make_chain


def verdict(data: bytes, above: Sequence[Certificate], root: Certificate) -> str:
    """How a signer's certificate is judged."""
    try:
        check_path([read(data), *above], root=root, name=NAME, at=AT)
    except (FormatError, SignatureError) as error:
        return type(error).__name__
    return "believed"


def test_every_flipped_bit_of_a_certificate_is_refused() -> None:
    """Each neighbour is malformed or not signed, and both happen."""
    (signer, *above), root = make_chain(1)
    verdicts: Counter[str] = Counter()

    for bit in range(8 * len(signer.der)):
        changed = bytearray(signer.der)
        changed[bit // 8] ^= 1 << bit % 8
        verdicts[verdict(bytes(changed), above, root)] += 1

    assert verdict(signer.der, above, root) == "believed"
    assert set(verdicts) == {"FormatError", "SignatureError"}
    assert min(verdicts.values()) > 500


def test_every_shorter_and_longer_certificate_is_malformed() -> None:
    """Each prefix, and one to 64 bytes more."""
    (signer, *_), _ = make_chain(0)
    others = [signer.der[:end] for end in range(len(signer.der))] + [signer.der + bytes(more) for more in range(1, 65)]

    for other in others:
        try:
            read(other)
        except FormatError:
            continue
        raise AssertionError(other.hex())
