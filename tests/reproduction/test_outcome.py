"""What a person is told of a package that was made again."""

from __future__ import annotations

from expertkit.reproduction.outcome import Outcome

_DIGEST = "a" * 64


def outcome(rebuilt: str | None, **said: tuple[str, ...]) -> Outcome:
    """An outcome of a package whose scores have not moved much."""
    told = {"members": (), "environment": (), **said}
    return Outcome(content_digest=_DIGEST, rebuilt_digest=rebuilt, figures={"expert_score": (0.95, 0.94)}, **told)


def test_the_same_content_is_said_to_be() -> None:
    """With the figures of then and now."""
    assert list(outcome(_DIGEST).describe()) == [f"content-identical: {_DIGEST}", "  expert_score: 0.95 then, 0.94 now"]


def test_another_content_is_told_with_all_that_differs() -> None:
    """Members and circumstances, each on a line."""
    found = outcome("b" * 64, members=("a.json",), environment=("torch 1, here 2",))

    assert list(found.describe()) == [
        f"not identical: expected {_DIGEST}, got {'b' * 64}",
        "  member: a.json",
        "  environment: torch 1, here 2",
        "  expert_score: 0.95 then, 0.94 now",
    ]
    assert not found.to_json()["identical"]


def test_an_expert_that_is_refused_now_is_another_outcome() -> None:
    """There is no package then."""
    assert next(outcome(None).describe()).endswith("got a refused expert")
