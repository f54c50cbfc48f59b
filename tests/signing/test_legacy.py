"""Signatures of older programs: read as far as they go, and never unclear."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError, SignatureError
from expertkit.signing import legacy
from expertkit.signing.ed25519 import public_bytes
from tests.signing.certificates.builders import make_key

FILES = {"weights/nano/adapter.bin": "a" * 64, "config.json": "b" * 64}
NAMES = st.text(st.sampled_from("ab:\n é"), min_size=1, max_size=4)
DIGESTS = st.one_of(st.sampled_from(["a" * 64, "b" * 64]), st.text(st.sampled_from("a:\n"), max_size=4))


def block(files: dict[str, str] | None = None, *, number: int = 1, **changed: Any) -> dict[str, Any]:
    """The integrity block that the old program wrote: it signed the sorted lines ``path:hash``."""
    named = FILES if files is None else files
    lines = "\n".join(f"{name}:{digest}" for name, digest in sorted(named.items()))
    key = make_key(number)
    return {
        "pubkey": f"ed25519:{public_bytes(key.public_key()).hex()}",
        "signature": key.sign(lines.encode()).hex(),
        "files": {name: f"sha256:{digest}" for name, digest in named.items()},
        **changed,
    }


def test_what_the_old_program_signed_checks() -> None:
    """With the count of its files; prefixes and capitals are spelling."""
    upper = {name: digest.upper() for name, digest in FILES.items()}

    assert legacy.read(block()).check(FILES) == 2
    assert legacy.read(block(files=FILES) | {"files": upper}).check(FILES) == 2
    spelled = block()
    spelled["public_key"] = spelled.pop("pubkey").removeprefix("ed25519:")
    spelled["signature"] = f"hex:{spelled['signature']}"
    assert legacy.read(spelled).check(FILES) == 2


def test_a_signature_of_another_key_does_not_check() -> None:
    """The block names one key and another one has signed."""
    with pytest.raises(SignatureError, match="not made by key"):
        legacy.read(block(pubkey=block(number=2)["pubkey"])).check(FILES)


@pytest.mark.parametrize(
    "found", [{**FILES, "config.json": "c" * 64}, {"config.json": "b" * 64}, {}], ids=["changed", "missing", "none"]
)
def test_files_that_are_not_as_they_were_are_named(found: dict[str, str]) -> None:
    """The signature is about others."""
    with pytest.raises(SignatureError, match="got others for"):
        legacy.read(block()).check(found)


def test_a_list_that_was_changed_afterwards_does_not_check() -> None:
    """Adding, leaving out and renaming."""
    good = block()
    for files in ({**FILES, "c": "c" * 64}, {"config.json": "b" * 64}, {"x": "a" * 64, "config.json": "b" * 64}):
        with pytest.raises(SignatureError, match="not made by key"):
            legacy.read({**good, "files": files}).check(files)


def test_what_such_a_signature_cannot_be_about_is_not_counted() -> None:
    """It stands in the manifest itself."""
    files = {**FILES, "manifest.json": "c" * 64, "signature.sig": "d" * 64}

    assert legacy.read(block(files)).check(FILES) == 2


@pytest.mark.parametrize("name", ["a:b", "a\nb", ":", "a\n"])
def test_unclear_names_are_refused(name: str) -> None:
    """However well they are signed: the lines could be read in two ways."""
    with pytest.raises(FormatError, match="without colon and line feed"):
        legacy.read(block({name: "a" * 64})).check({name: "a" * 64})


def test_unclear_hashes_are_refused() -> None:
    """A hash that goes on with another line would take a file out of what is covered."""
    hidden = {"manifest.json": f"{'c' * 64}\nweights/nano/adapter.bin:{'a' * 64}"}

    with pytest.raises(FormatError, match="expected hashes of 64 hex digits"):
        legacy.read(block(hidden)).check({})


@given(st.dictionaries(NAMES, DIGESTS, max_size=3), st.dictionaries(NAMES, DIGESTS, max_size=3))
def test_two_lists_never_sign_alike(first: dict[str, str], second: dict[str, str]) -> None:
    """Unless they are the same, or are refused."""
    try:
        messages = [legacy.message(files) for files in (first, second)]
    except FormatError:
        return

    assert (messages[0] == messages[1]) == (first == second)


@pytest.mark.parametrize(
    "wrong",
    [
        {}, block(pubkey=""), block(pubkey="ed25519:"), block(pubkey="00" * 32), block(pubkey="zz" * 32),
        block(pubkey="01" + "00" * 31), block(signature="xyz"), block(signature=None), block(files=None) | {"files": 3},
        block() | {"files": ["a"]}, {"signature": "00" * 64, "files": {}},
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused(wrong: dict[str, Any]) -> None:
    """A key for which anybody can sign as well."""
    with pytest.raises(FormatError):
        legacy.read(wrong)


@pytest.mark.parametrize("signature", ["", "00" * 63, "ff" * 64, "00" * 64])
def test_no_other_signature_checks(signature: str) -> None:
    """Too short, or out of range."""
    with pytest.raises(SignatureError):
        legacy.read(block(signature=signature)).check(FILES)
