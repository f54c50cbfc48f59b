"""Several signatures in one file: one byte form, whatever order they were made in."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.files import canonical_json, listing_digest
from expertkit.members import bundle
from expertkit.members.signatures import MOST, Signature
from expertkit.signing import Member
from tests.packages.builders import publisher
from tests.signing.builders import make_statement, with_members
from tests.signing.trust.builders import make_authority, signed

CHAIN = make_authority().issue(1)
SIGNATURES = (signed(1, chain=CHAIN), signed(2), signed(3))
NAMES = st.text(st.sampled_from("ab:\n\r\t \\\"',{}[]é"), min_size=1, max_size=6)
FILES = st.dictionaries(NAMES, st.tuples(st.integers(0, 99), st.sampled_from(["a" * 64, "b" * 64])), max_size=4)


def test_what_was_put_in_comes_out() -> None:
    """A line each, with the certificates; the last has no line feed."""
    data = bundle.encode(SIGNATURES)

    assert set(bundle.decode(data)) == set(SIGNATURES)
    assert data.count(b"\n") == 2
    assert not data.endswith(b"\n")


def test_one_signature_without_certificates_is_its_bare_envelope() -> None:
    """As packages had it before there were several."""
    assert bundle.encode([SIGNATURES[1]]) == SIGNATURES[1].envelope
    assert bundle.decode(SIGNATURES[1].envelope) == (SIGNATURES[1],)


@given(st.randoms(use_true_random=False))
def test_the_order_does_not_matter(shuffle: random.Random) -> None:
    """The same signatures have the same bytes."""
    mixed = list(SIGNATURES)
    shuffle.shuffle(mixed)

    assert bundle.encode(mixed) == bundle.encode(SIGNATURES)


def test_every_other_form_is_refused() -> None:
    """Another order, one twice, with other certificates or none, empty lines, and nothing at all."""
    first, second, third = bundle.encode(SIGNATURES).split(b"\n")
    bare = next(each for each in SIGNATURES if each.chain)
    both = [bundle.encode([each]) for each in (bare, replace(bare, chain=()))]

    for lines in (
        [second, first, third], [first, first], [first, second, third, third], both, both[::-1], [first, b""],
        [b"", first], [first, b" " + second], [first + b"\r", second], [b""],
    ):  # fmt: skip
        with pytest.raises(FormatError):
            bundle.decode(b"\n".join(lines))


@pytest.mark.parametrize("certificates", [[], {}, {"AAAA": 1}, "", "AAAA", ["AAB="], ["AA==" * 2], [1], None, 1])
def test_certificates_have_one_form(certificates: object) -> None:
    """A list with one at least, each in base64 whose last bits are none."""
    value = json.loads(SIGNATURES[1].envelope)
    value["signatures"][0]["certificates"] = certificates

    with pytest.raises(FormatError, match="certificates"):
        bundle.decode(canonical_json(value))


def test_every_changed_byte_gives_other_signatures_or_none() -> None:
    """No byte is without meaning."""
    good = bundle.encode(SIGNATURES[:2])
    found = bundle.decode(good)

    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 1 << at % 8
        try:
            assert bundle.decode(bytes(changed)) != found
        except FormatError:
            continue


def test_there_is_a_most() -> None:
    """Of signatures and of bytes; whoever makes more is told at once."""
    many = [signed(number) for number in range(1, MOST + 2)]
    assert len(bundle.decode(bundle.encode(many[:-1]))) == MOST

    for wrong in (many, [], [SIGNATURES[0], SIGNATURES[0]]):
        with pytest.raises(ValueError, match="expected"):
            bundle.encode(wrong)
    lines = b"\n".join(each.envelope for each in sorted(many, key=lambda each: each.envelope))
    with pytest.raises(FormatError, match=f"at most {MOST}"):
        bundle.decode(lines)
    with pytest.raises(FormatError, match="bytes"):
        bundle.decode(bytes((4 << 20) + 1))


def test_a_signature_that_is_none_is_not_put_in() -> None:
    """It could not be read again."""
    with pytest.raises(ValueError, match="expected a payload"):
        bundle.encode([Signature(envelope=b"{}")])


@given(FILES, FILES)
def test_two_sets_of_files_never_sign_alike(
    first: dict[str, tuple[int, str]], second: dict[str, tuple[int, str]]
) -> None:
    """Names with colons, line feeds and quotes cannot make the end of one entry the beginning of another."""
    statements = [
        with_members(make_statement(publisher()), *(Member(name=name, size=size, sha256=digest)
                                                    for name, (size, digest) in sorted(files.items())))
        for files in (first, second)
    ]  # fmt: skip

    assert (statements[0].encode() == statements[1].encode()) == (first == second)
    assert (listing_digest(first) == listing_digest(second)) == (first == second)
