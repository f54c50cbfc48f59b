"""Several failures told as one."""

from __future__ import annotations

from collections.abc import Sequence

from expertkit.errors import ExpertError, IntegrityError, PackagingError, SignatureError


def merged(failed: Sequence[ExpertError], *, hint: str | None = None) -> ExpertError:
    """One error that says all of it: of trust where every one is, of packaging otherwise.

    Args:
        failed: at least one.
        hint: what helps; by default what the first says that says anything.
    """
    is_trust = all(isinstance(each, SignatureError | IntegrityError) for each in failed)
    kind = SignatureError if is_trust else PackagingError
    helps = hint or next((each.hint for each in failed if each.hint), None)
    return kind(*(line for each in failed for line in each.lines), hint=helps)
