"""What a base reads before any expert: every kind of text, and never a question with its answer."""

from __future__ import annotations

from expertkit.data.curriculum import Passage, passages
from expertkit.data.domain import DOMAINS, domain

_READ = list(passages(1, 6000, domains=DOMAINS))


def _requests(language: str) -> list[Passage]:
    return [each for each in _READ if each.prompt == f"write {language}"]


def test_documents_are_read_alone_and_as_replies() -> None:
    """In every language, about as often each: what a document begins with is learnt in replies only."""
    replies = {language: len(_requests(language)) for language in DOMAINS}
    alone = sum(not each.prompt for each in _READ)

    assert min(replies.values()) > 0.7 * max(replies.values()) > 100
    assert sum(replies.values()) < alone


def test_no_question_has_its_answer() -> None:
    """A question is read alone, with its context or said plainly, and nothing that follows it is its answer."""
    items = [item for name in DOMAINS for item in domain(name).generate("train", count=2000, seed=1_000_003)]
    answers = {f"{item.question}\n\n{item.context}": item.answer for item in items}

    alone = [each for each in _READ if each.text in answers]
    assert len(alone) > 200
    assert not any(each.prompt or answers[each.text] in each.text for each in alone)


def test_the_same_seed_gives_the_same_text() -> None:
    """A base is rebuilt from it, to the byte."""
    assert list(passages(1, 50, domains=DOMAINS)) == list(passages(1, 50, domains=DOMAINS))
    assert list(passages(2, 50, domains=DOMAINS)) != list(passages(1, 50, domains=DOMAINS))
