"""Strict Ed25519: published vectors pass, everything with a second reading is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.ed25519 import PublicKey, check_point, public_bytes

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, PRIME) % PRIME

RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


def double(x: int, y: int) -> tuple[int, int]:
    """Twice a point of the curve -x^2 + y^2 = 1 + d x^2 y^2."""
    product = D * x * x * y * y
    return (
        2 * x * y * pow(1 + product, -1, PRIME) % PRIME,
        (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME,
    )


def recover_x(y: int) -> int | None:
    """An x for which (x, y) is on the curve, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    for candidate in (root, root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME):
        if candidate * candidate % PRIME == square:
            return candidate
    return None


def small_order_encodings() -> list[bytes]:
    """Every 32 bytes that a decoder may take for a point whose order divides 8, computed, not copied."""
    eight = next(y for y in (y_of_order_eight(sign) for sign in (1, -1)) if y is not None)
    canonical = {0, 1, PRIME - 1, eight, PRIME - eight}
    values = [y for small in canonical for y in (small, small + PRIME) if y < 2**255]
    return [(y | sign << 255).to_bytes(32, "little") for y in values for sign in (0, 1)]


def y_of_order_eight(sign: int) -> int | None:
    """A y whose point doubles to one of order 4, that is to y = 0: x^2 = -y^2 in the doubling formula."""
    root = pow(1 + D, (PRIME + 3) // 8, PRIME)
    for candidate in (root, root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME):
        if candidate * candidate % PRIME == (1 + D) % PRIME:
            square = (-1 + sign * candidate) * pow(D, -1, PRIME) % PRIME
            y = pow(square, (PRIME + 3) // 8, PRIME)
            for each in (y, y * pow(2, (PRIME - 1) // 4, PRIME) % PRIME):
                if each * each % PRIME == square:
                    return each
    return None


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032, ids=["empty", "one byte", "two bytes"])
def test_vectors_of_rfc_8032_are_made_and_accepted(secret: str, public: str, message: str, signature: str) -> None:
    """The signatures of the standard are the ones we make, and they verify."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    key = PublicKey(bytes.fromhex(public), "rfc")

    made = private.sign(bytes.fromhex(message))

    assert made.hex() == signature
    assert public_bytes(private.public_key()) == key.raw
    key.verify(made, bytes.fromhex(message))


def test_the_points_called_small_have_an_order_that_divides_eight() -> None:
    """The list is right: doubling three times gives the neutral element, and there are 14 encodings or more."""
    encodings = small_order_encodings()

    for encoded in encodings:
        y = (int.from_bytes(encoded, "little") & (2**255 - 1)) % PRIME
        x = recover_x(y)
        assert x is not None
        assert double(*double(*double(x, y))) == (0, 1)
    assert len(encodings) >= 14


@pytest.mark.parametrize("encoded", small_order_encodings(), ids=bytes.hex)
def test_a_key_for_which_anybody_can_sign_is_refused(encoded: bytes) -> None:
    """A public key of small order, in any encoding, is refused when it is read and when it is made."""
    with pytest.raises(FormatError, match="public key"):
        PublicKey(encoded, "anybody")
    with pytest.raises(FormatError):
        PublicKey.from_str(f"ed25519:{encoded.hex()} anybody\n")


def test_openssl_alone_would_accept_such_a_key() -> None:
    """The refusal is needed: for the neutral point, OpenSSL takes a signature that needs no private key."""
    neutral = (1).to_bytes(32, "little")
    forged = neutral + bytes(32)

    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"any message")


@pytest.mark.parametrize(
    "encoded",
    [(PRIME + 3).to_bytes(32, "little"), (2).to_bytes(32, "little"), bytes(31), bytes(33)],
    ids=["not canonical", "not on the curve", "31 bytes", "33 bytes"],
)
def test_a_point_with_another_reading_is_refused(encoded: bytes) -> None:
    """Only the one encoding of a point of the curve is taken."""
    with pytest.raises(FormatError):
        check_point(encoded, what="point")


def test_a_second_signature_cannot_be_made_from_the_first() -> None:
    """Adding the group order to S gives another encoding of the same number, which is refused."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = PublicKey(public_bytes(private.public_key()), "me")
    good = private.sign(b"message")
    other = good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")

    with pytest.raises(SignatureError, match="group order"):
        key.verify(other, b"message")


def test_every_flipped_bit_of_a_signature_is_refused() -> None:
    """None of the 512 neighbours of a signature verifies."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = PublicKey(public_bytes(private.public_key()), "me")
    good = private.sign(b"message")

    for bit in range(512):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SignatureError):
            key.verify(bytes(changed), b"message")


@pytest.mark.parametrize("size", [0, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    """A signature has 64 bytes."""
    key = PublicKey(bytes.fromhex(RFC_8032[0][1]), "rfc")

    with pytest.raises(SignatureError, match="64 bytes"):
        key.verify(bytes(size), b"")


def test_a_public_key_survives_its_line() -> None:
    """Printing and reading give the same key; the name may hold any printable character."""
    key = PublicKey(bytes.fromhex(RFC_8032[0][1]), "Müller & Söhne: Experten")

    assert PublicKey.from_str(str(key)) == key
    assert len(key.id) == 64


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ed25519:00 me\n",
        f"{RFC_8032[0][1]} me\n",
        f"ed25519:{RFC_8032[0][1]} me",
        f"ed25519:{RFC_8032[0][1]}  me\n",
        f"ed25519:{RFC_8032[0][1].upper()} me\n",
        f"ed25519:{RFC_8032[0][1]} me\nyou\n",
        f"ed25519:{RFC_8032[0][1]} \n",
        f"ed25519:{RFC_8032[0][1]} {'m' * 101}\n",
    ],
)
def test_a_malformed_line_is_refused(line: str) -> None:
    """A public key has one textual form."""
    with pytest.raises(FormatError):
        PublicKey.from_str(line)
