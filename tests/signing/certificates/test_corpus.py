"""Hundreds of chains judged by us and by OpenSSL: where the two differ, we refuse and it is written down why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates import pem
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import read
from tests.signing.certificates import corpus, openssl
from tests.signing.certificates.builders import AT
from tests.signing.certificates.corpus import Case

_ONE_FORM = "a certificate has one byte form, so that its digest names it"
_ONE_URI = "a signer's names are experts, each in one form"
_IN_ORDER = "a chain is what travels: complete, in order, and nothing else in it"
_NOT_ASKED = "OpenSSL is not told which expert was signed"
_NO_PURPOSE = "OpenSSL 3.0 knows no purpose of code signing"
_SAID = "an authority says so by critical basic constraints and its key's usage"

STRICTER = {
    "trailing_bytes": _ONE_FORM,
    "long_length": _ONE_FORM,
    "indefinite_length": _ONE_FORM,
    "explicit_default": _ONE_FORM,
    "version_1": "without extensions a certificate does not say what it is for",
    "version_2": "extensions are of version 3",
    "serial_zero": "RFC 5280 wants a positive number",
    "serial_negative": "RFC 5280 wants a positive number",
    "serial_too_long": "RFC 5280 allows 20 octets",
    "too_large": "no certificate of ours needs 16 KiB",
    "small_order_key": "anybody can sign for such a key",
    "no_point_key": "nobody can sign for such a key",
    "key_of_a_curve": "one algorithm",
    "same_key_twice": "a key has one task",
    "other_letters": "names are compared byte for byte",
    "issuer_named_too": "the identifier of a key is enough, and would have to be compared otherwise",
    "no_basic_constraints": _SAID,
    "constraints_not_critical": _SAID,
    "no_key_usage": _SAID,
    "authority_for_servers": _NO_PURPOSE,
    "signer_without_purpose": _NO_PURPOSE,
    "signer_for_any_purpose": _NO_PURPOSE,
    "signer_for_servers": _NO_PURPOSE,
    "signer_is_authority": "authorities sign no packages",
    "signer_signs_certificates": "signers issue no certificates",
    "signer_signs_no_data": "the signature of a package is one of data",
    "no_usage_of_signer": "the signature of a package is one of data",
    "nameless_and_not_permitted": _NOT_ASKED,
    "another_expert": _NOT_ASKED,
    "constraints_of_another_kind": "limits that we do not apply are not ignored",
    "self_issued_not_counted": "every authority counts towards a path length",
    "too_many_authorities": "two between signer and root are enough",
    "same_certificate_twice": _IN_ORDER,
    "stranger_at_the_end": _IN_ORDER,
    "root_in_between": _IN_ORDER,
    "wrong_order": _IN_ORDER,
    "name_of_another_kind": _ONE_URI,
    **dict.fromkeys(corpus.URIS, _ONE_URI),
}
"""Defects that OpenSSL puts up with somewhere, and why we do not."""


def refusal(case: Case) -> str | None:
    """Why we refuse a chain."""
    try:
        check_path([read(each) for each in case.chain], root=read(case.root), name=case.name, at=AT)
    except (FormatError, SignatureError) as error:
        return str(error)
    return None


def openssl_refusal(case: Case, folder: Path) -> str | None:
    """Why OpenSSL refuses it."""
    files = {"leaf": case.chain[:1], "between": case.chain[1:], "root": [case.root]}
    for name, ders in files.items():
        (folder / name).write_bytes(pem.encode(pem.CERTIFICATE, ders))
    between = folder / "between" if case.chain[1:] else None
    return openssl.verify(folder / "leaf", between=between, root=folder / "root", at=AT)


def judge(cases: Sequence[Case], folder: Path) -> list[tuple[Case, str | None, str | None]]:
    """Every chain with both opinions."""
    return [(case, refusal(case), openssl_refusal(case, folder)) for case in cases]


def test_good_chains_are_believed_by_both(tmp_path: Path) -> None:
    """What is unusual and allowed is refused by nobody."""
    judged = judge(list(corpus.good_cases()), tmp_path)

    assert [(case.id, ours, theirs) for case, ours, theirs in judged if ours or theirs] == []
    assert len(judged) > 50


def test_bad_chains_are_refused_by_us_and_where_openssl_does_not_it_is_known(tmp_path: Path) -> None:
    """Each defect, wherever it is; and no reason for being stricter is made up."""
    judged = judge(list(corpus.bad_cases()), tmp_path)

    put_up_with = {case.defect for case, _, theirs in judged if theirs is None}
    assert [case.id for case, ours, _ in judged if ours is None] == []
    assert put_up_with == STRICTER.keys()
    assert len(judged) > 300


@pytest.mark.parametrize("seed", [1, 2])
def test_chains_with_several_oddities_are_never_believed_by_us_alone(tmp_path: Path, seed: int) -> None:
    """Drawn at random; some hold and most do not."""
    judged = judge(list(corpus.mixed_cases(100, seed=seed)), tmp_path)

    believed = [(case, theirs) for case, ours, theirs in judged if ours is None]
    assert [(case.id, theirs) for case, theirs in believed if theirs] == []
    assert 5 < len(believed) < 60
