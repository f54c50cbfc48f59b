"""Every byte of a container is looked at: each of its 255 other values is refused, or changes an envelope."""

from __future__ import annotations

from collections.abc import Iterator

from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.errors import FormatError, IntegrityError
from tests.containers.builders import everything, second, smallest

DATA = smallest()
ENVELOPE_AT = Container(Held(DATA)).header.signatures_at + 16


def changed(places: range) -> Iterator[tuple[int, bytes]]:
    """The container with each other value of each of these bytes, and which byte that is."""
    for at in places:
        for value in {*range(256)} - {DATA[at]}:
            yield at, DATA[:at] + bytes([value]) + DATA[at + 1 :]


def is_refused(data: bytes) -> bool:
    """Whether that is said with the place."""
    try:
        everything(Held(data))
    except (FormatError, IntegrityError) as error:
        return error.offset is not None
    return False


def test_the_container_is_small() -> None:
    """Or nobody would wait for all values of all of its bytes."""
    assert len(DATA) < 700
    assert len(everything(Held(DATA))) == 1


def test_every_changed_byte_is_refused() -> None:
    """With an error of ours that names a place; the second reader refuses it too."""
    accepted = [at for at, data in changed(range(ENVELOPE_AT)) if not is_refused(data) or second(data)]

    assert not accepted


def test_a_changed_envelope_is_refused_or_given_as_it_is() -> None:
    """Whether it is signed is not looked at here, but nobody gets another envelope than that in the file."""
    for _at, data in changed(range(ENVELOPE_AT, len(DATA))):
        if not is_refused(data):
            found = Container(Held(data)).signatures
            assert [each.envelope for each in found] == [data[ENVELOPE_AT:]]
            assert everything(Held(data)) == everything(Held(DATA))
