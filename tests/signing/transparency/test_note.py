"""Signed notes: a published one is accepted, and a note has one byte form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.transparency.note import MAX_SIZE, TIMED, Note, NoteKey, Signature, decode
from tests.signing.transparency.builders import make_key, public

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
PUBLISHED = f"{TEXT}\n{LINE}".encode()
"""The example of the Go library of signed notes."""


def test_the_published_note_is_accepted() -> None:
    """Its verifier, its id and its signature; reading and writing give the same bytes."""
    verifier = NoteKey.from_str(NEUMANN)

    note = decode(PUBLISHED)

    note.verify(verifier)
    assert (note.text, verifier.id.hex(), str(verifier)) == (TEXT, "c74f20a3", NEUMANN)
    assert note.encode() == PUBLISHED


def test_another_text_is_not_the_signed_one() -> None:
    """The signature is over every byte of the text."""
    note = decode(PUBLISHED.replace(b"problem is.", b"problem is!"))

    with pytest.raises(SignatureError):
        note.verify(NoteKey.from_str(NEUMANN))


def test_a_line_of_an_unknown_key_says_nothing() -> None:
    """Neither for the note nor against it; without a line of its own, a key did not sign."""
    verifier = NoteKey(name="PeterNeumann", key=public())
    note = decode(PUBLISHED + b"\xe2\x80\x94 witness AAAAAGZvbw==\n")

    note.verify(NoteKey.from_str(NEUMANN))
    with pytest.raises(SignatureError, match="got none"):
        note.verify(verifier)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a" * 201])
def test_the_name_of_a_key_is_one(name: str) -> None:
    """What a line could not hold, or would hold another way."""
    with pytest.raises(FormatError, match="name of a key"):
        NoteKey(name=name, key=public())


def test_the_id_is_a_hint_alone() -> None:
    """A line with the id of a trusted key that another key made is refused."""
    verifier = NoteKey(name="me", key=public())
    line = Signature(name="me", id=verifier.id, signature=make_key(2).sign(b"text\n"))

    with pytest.raises(SignatureError):
        Note(text="text\n", signatures=(line,)).verify(verifier)


def test_a_key_has_another_id_for_another_algorithm() -> None:
    """So that a time is never read as a plain signature."""
    plain = NoteKey(name="me", key=public())

    timed = replace(plain, algorithm=TIMED)

    assert plain.id != timed.id
    assert NoteKey.from_str(str(timed)).algorithm == TIMED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        TEXT.encode() + LINE.encode(),
        PUBLISHED[:-1],
        PUBLISHED + b"\n",
        PUBLISHED + PUBLISHED.rpartition(b"\n\n")[2],
        PUBLISHED.replace(b"\n", b"\r\n"),
        PUBLISHED.replace(b"problem,", b"problem,\t"),
        PUBLISHED.replace(b"problem,", b"problem,\xff"),
        PUBLISHED.replace("—".encode(), b"-"),
        PUBLISHED.replace("— ".encode(), "—  ".encode()),
        PUBLISHED.replace(b"PeterNeumann", b"Peter+Neumann"),
        PUBLISHED.replace(b"PeterNeumann", "Peter\u2009Neumann".encode()),
        PUBLISHED.replace(b"AM=", b"AN="),
        PUBLISHED.replace(b"AM=", b"AM"),
        PUBLISHED.replace(b"x08go/", b"x08go_"),
        b"text\n\n\xe2\x80\x94 me AAAAAA==\n",
        b"a" * MAX_SIZE + PUBLISHED,
    ],
)
def test_another_byte_form_is_refused(data: bytes) -> None:
    """Line ends, spaces, base64, names, control characters, signatures twice or without bytes."""
    with pytest.raises(FormatError):
        decode(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("c74f20a3", "C74F20A3"),
        NEUMANN.replace("+ARpc", "+Ahpc"),
        NEUMANN.replace("PeterNeumann", "Peter Neumann"),
        NEUMANN[:-4],
        f"{NEUMANN}\n",
        "me+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_malformed_verifier_is_refused(text: str) -> None:
    """A verifier has one form, and its id is that of its key."""
    with pytest.raises(FormatError):
        NoteKey.from_str(text)


def test_long_texts_are_read_in_time_that_grows_with_them() -> None:
    """A control character at the end of a megabyte is found at once."""
    with pytest.raises(FormatError, match="control characters"):
        decode(b"a" * (MAX_SIZE - 100) + b"\0" + PUBLISHED[-90:].replace(b"\n", b"\n\n", 1))
