"""Reading RFC 8785 JSON: a value has one byte form, and any other form of it is refused.

That rules out repeated keys, NaN, numbers beyond 2**53 and lone surrogates without a rule for each.
"""

from __future__ import annotations

import json
from typing import Any

from expertkit.errors import FormatError
from expertkit.files import canonical_json


def loads(data: bytes, *, what: str, max_bytes: int) -> Any:
    """The value whose canonical JSON is ``data``.

    Raises:
        FormatError: ``data`` is too long, or not the canonical JSON of anything.
    """
    if len(data) > max_bytes:
        raise FormatError(f"{what}: expected at most {max_bytes} bytes, got {len(data)}")
    try:
        value = json.loads(data.decode())
        again = canonical_json(value)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{what}: expected RFC 8785 JSON, got other bytes") from error
    if again != data:
        raise FormatError(f"{what}: expected RFC 8785 JSON, got another form of it")
    return value
