"""A key that never leaves its device: Ed25519 by PKCS#11, mechanism CKM_EDDSA.

Every signature is verified with the public half before it is given away: a token can hold halves of two keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from expertkit.errors import DependencyError, FormatError, SignatureError
from expertkit.signing.ed25519 import PublicKey, check_point
from expertkit.signing.keys import passphrases
from expertkit.signing.keys.pkcs11_uri import Uri

if TYPE_CHECKING:
    import pkcs11

_POINTS = (b"\x04\x20", b"\x03\x21\x00", b"")
"""How a token may wrap the 32 bytes: an octet string, a bit string, or not at all."""
_KEY_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareKey:
    """An Ed25519 key in a token, which is opened for each signature."""

    uri: Uri
    raw: bytes
    """The public half, 32 bytes."""
    pin: str | None = field(repr=False)

    @classmethod
    def open(cls, uri: Uri) -> HardwareKey:
        """The key that a URI names.

        Raises:
            SignatureError: there is no such key, there are several, or the PIN is another.
            FormatError: it is no Ed25519 key.
            DependencyError: the library that speaks to tokens is missing.
        """
        with _telling(uri):
            token = _find_token(uri)
            pin = _find_pin(uri, token)
            with _session(token, pin) as session:
                _find_object(session, uri, kind="PRIVATE_KEY")
                raw = _read_point(_find_object(session, uri, kind="PUBLIC_KEY"), uri)
        return cls(uri=uri, raw=raw, pin=pin)

    def sign(self, data: bytes, /) -> bytes:
        """The signature of ``data``, 64 bytes.

        Raises:
            SignatureError: the token does not sign, or not with this key.
        """
        with _telling(self.uri):
            from pkcs11 import Mechanism

            with _session(_find_token(self.uri), self.pin) as session:
                private = _find_object(session, self.uri, kind="PRIVATE_KEY")
                signature = bytes(private.sign(data, mechanism=Mechanism.EDDSA))
        PublicKey(self.raw, "token").verify(signature, data)
        return signature

    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        return Ed25519PublicKey.from_public_bytes(self.raw)


@contextmanager
def _telling(uri: Uri) -> Iterator[None]:
    """Turn what the library and the token say into our own errors."""
    try:
        from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PKCS11Error
    except ImportError as error:
        message = f"{uri}: expected python-pkcs11, which speaks to tokens, got no such library"
        raise DependencyError(message, hint="pip install 'expertkit[hsm]'") from error
    try:
        yield
    except (PinIncorrect, PinInvalid, PinLenRange) as error:
        raise SignatureError(f"{uri}: expected the token's PIN, got another one") from error
    except PKCS11Error as error:
        said = f"{type(error).__name__} {error}".strip()
        raise SignatureError(f"{uri}: expected a token that signs, got {said}") from error


def _find_token(uri: Uri) -> pkcs11.Token:
    """The one token that the URI is about."""
    import pkcs11

    found = [token for token in pkcs11.lib(str(uri.module)).get_tokens() if _is_meant(token, uri)]
    if len(found) != 1:
        raise SignatureError(f"{uri}: expected one token, got {len(found)}", hint="name it by token, serial or slot-id")
    return found[0]


def _is_meant(token: pkcs11.Token, uri: Uri) -> bool:
    asked = (uri.token, uri.serial and uri.serial.encode(), uri.manufacturer, uri.model, uri.slot)
    there = (token.label, token.serial, token.manufacturer_id, token.model, token.slot.slot_id)
    return all(wanted is None or wanted == got for wanted, got in zip(asked, there, strict=True))


def _find_pin(uri: Uri, token: pkcs11.Token) -> str | None:
    """What opens the token: the file's first line, or what is typed; None where nothing is needed."""
    from pkcs11 import TokenFlag

    if uri.pin_source is None and not token.flags & TokenFlag.LOGIN_REQUIRED:
        return None
    pin = passphrases.ask_pin(token.label) if uri.pin_source is None else passphrases.read(uri.pin_source)
    try:
        return pin.decode()
    except UnicodeDecodeError:
        raise SignatureError(f"{uri}: expected a PIN in UTF-8, got other bytes") from None  # which hold the PIN


@contextmanager
def _session(token: pkcs11.Token, pin: str | None) -> Iterator[pkcs11.Session]:
    with token.open(user_pin=pin) as session:
        yield session


def _find_object(session: pkcs11.Session, uri: Uri, *, kind: str) -> Any:
    """The one half of the key that the URI is about."""
    from pkcs11 import Attribute, KeyType, ObjectClass

    asked: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass[kind], Attribute.KEY_TYPE: KeyType.EC_EDWARDS}
    asked |= {Attribute.LABEL: uri.label} if uri.label is not None else {}
    asked |= {Attribute.ID: uri.id} if uri.id is not None else {}
    found = list(session.get_objects(asked))
    if len(found) != 1:
        half = kind.lower().replace("_", " ")
        raise SignatureError(f"{uri}: expected one {half} of kind Ed25519, got {len(found)}")
    return found[0]


def _read_point(public: Any, uri: Uri) -> bytes:
    """The 32 bytes of a public key."""
    from pkcs11 import Attribute

    point = bytes(public[Attribute.EC_POINT])
    for wrapping in _POINTS:
        if len(point) == len(wrapping) + _KEY_SIZE and point.startswith(wrapping):
            raw = point.removeprefix(wrapping)
            check_point(raw, what=f"{uri}: public key")
            return raw
    raise FormatError(f"{uri}: expected an Ed25519 key, got a point of {len(point)} bytes")
