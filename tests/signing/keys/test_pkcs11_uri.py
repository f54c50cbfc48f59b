"""PKCS#11 URIs: read strictly, with everything that is wrong said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import ProblemsError
from expertkit.signing.keys.pkcs11_uri import parse

GOOD = "pkcs11:token=My%20token;object=publisher;id=%01%ff?module-path=/lib/hsm.so&pin-source=file:/run/pin"


def test_a_uri_names_a_key() -> None:
    """Values are decoded, an id to bytes; what is not said is not asked for."""
    uri = parse(GOOD)

    assert (uri.token, uri.label, uri.id) == ("My token", "publisher", b"\x01\xff")
    assert (uri.module, uri.pin_source) == (Path("/lib/hsm.so"), Path("/run/pin"))
    assert (uri.serial, uri.manufacturer, uri.model, uri.slot) == (None, None, None, None)
    assert str(uri) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "PKCS11:object=a?module-path=/a.so",
        "pkcs11:slot-id=7;type=private;id=%00?pin-source=file:///run/pin&module-path=/a.so",
        "pkcs11:serial=1;manufacturer=a&b;model=(x);object=%E2%82%AC?module-path=/a.so",
    ],
)
def test_other_spellings_of_the_standard_are_read(text: str) -> None:
    """The scheme in capitals, three slashes, what only one half allows."""
    assert parse(text).module == Path("/a.so")


MALFORMED = {
    "another scheme": ("pkcs12:object=a?module-path=/a.so", ["pkcs11:"]),
    "nothing": ("pkcs11:", ["NAME=VALUE", "object or id", "module-path"]),
    "no module": ("pkcs11:object=a", ["module-path: expected the absolute path"]),
    "no key": ("pkcs11:token=a?module-path=/a.so", ["object or id"]),
    "an unknown name": ("pkcs11:objekt=a;id=%01?module-path=/a.so", ["did you mean 'object'"]),
    "a name of the other half": ("pkcs11:object=a;module-path=%2Fa.so?module-path=/a.so", ["in the path"]),
    "a name twice": ("pkcs11:object=a;object=b?module-path=/a.so", ["object: expected it once"]),
    "an escape that is none": ("pkcs11:object=%4?module-path=/a.so", ["object: expected letters"]),
    "a space": ("pkcs11:object=a b?module-path=/a.so", ["object: expected letters"]),
    "an empty value": ("pkcs11:object=?module-path=/a.so", ["object: expected letters"]),
    "an empty part": ("pkcs11:object=a;?module-path=/a.so", ["NAME=VALUE"]),
    "not UTF-8": ("pkcs11:object=%ff?module-path=/a.so", ["object: expected UTF-8"]),
    "a public key": ("pkcs11:object=a;type=public?module-path=/a.so", ["type: expected private"]),
    "a slot that is no number": ("pkcs11:object=a;slot-id=x?module-path=/a.so", ["slot-id: expected a number"]),
    "a relative module": ("pkcs11:object=a?module-path=a.so", ["module-path: expected an absolute path"]),
    "a relative PIN file": ("pkcs11:object=a?module-path=/a.so&pin-source=file:a", ["pin-source: expected file:/PATH"]),
    "a PIN of a program": ("pkcs11:object=a?module-path=/a.so&pin-source=|/bin/pin", ["pin-source: expected file:"]),
    "a PIN of a host": ("pkcs11:object=a?module-path=/a.so&pin-source=file://host", ["pin-source: expected file:"]),
    "several": ("pkcs11:objekt=a;slot-id=x?pin-source=b", ["objekt", "slot-id", "pin-source", "module-path"]),
}


@pytest.mark.parametrize(("text", "words"), MALFORMED.values(), ids=MALFORMED.keys())
def test_everything_that_is_wrong_is_said(text: str, words: list[str]) -> None:
    """Each problem has its place."""
    with pytest.raises(ProblemsError) as refusal:
        parse(text)

    assert [word for word in words if word not in str(refusal.value)] == []


def test_a_pin_in_the_uri_is_refused_and_not_shown() -> None:
    """Others see command lines, and errors are copied into reports."""
    with pytest.raises(ProblemsError, match="pin-value: expected pin-source") as refusal:
        parse("pkcs11:object=a?module-path=/a.so&pin-value=987654")

    assert "987654" not in str(refusal.value)


@given(st.binary(min_size=1, max_size=40))
def test_every_id_can_be_written(identity: bytes) -> None:
    """Escaped byte by byte, it is read as it was."""
    text = "".join(f"%{byte:02x}" for byte in identity)

    assert parse(f"pkcs11:id={text}?module-path=/a.so").id == identity


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """A text without any of the needed names is refused, and never breaks the parser."""
    with pytest.raises(ProblemsError, match="expected"):
        parse(f"pkcs11:{text}")
