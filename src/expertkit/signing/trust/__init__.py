"""Whom this computer trusts, what it has seen of them, and whether signatures hold against that.

``state`` is the value that is kept between calls and ``judging`` the decision: ``anchoring`` says whose key it is,
``revoking`` whether that is still good, ``memory`` whether it is the newest. Nothing here touches a file:
``packages.vouching.trust`` keeps the value on disk.
"""

from expertkit.signing.trust.judging import Verifier, remembered
from expertkit.signing.trust.state import EMPTY, KnownList, Pin, Root, Rules, Seen, Trust, Witness
from expertkit.signing.trust.verdict import Anchored, Occasion, Verdict, Voucher

__all__ = [
    "EMPTY", "Anchored", "KnownList", "Occasion", "Pin", "Root", "Rules", "Seen", "Trust", "Verdict", "Verifier",
    "Voucher", "Witness", "remembered",
]  # fmt: skip
