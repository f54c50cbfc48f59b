"""The one renderer: training, evaluation and use build a prompt here and nowhere else.

>>> plain = Template(user="Q: ", assistant=" A: ", end=".", between=" ")
>>> render(plain, Turn(question="count every invoice"), examples=[Turn(question="who?", answer="you")])
'Q: who? A: you. Q: count every invoice A: '
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expertkit.files import canonical_json, sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question with its context and, where it is an example, its answer."""

    question: str
    context: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The text around turns."""

    begin: str = ""
    """Before the first turn; where it is not empty, one token of the base."""
    user: str
    """Before the question."""
    assistant: str
    """Between the question with its context and the answer."""
    end: str
    """After the answer; generation stops at it, and it must be one token of the base."""
    between: str
    """Between two turns."""


def render(template: Template, turn: Turn, *, examples: Sequence[Turn] = ()) -> str:
    """The prompt that ends where the answer begins, after any answered examples."""
    shown = [_open(template, each) + completion(template, each.answer) + template.between for each in examples]
    return template.begin + "".join(shown) + _open(template, turn)


def completion(template: Template, answer: str) -> str:
    """What follows the prompt when the model answers: the answer and the end token."""
    return answer + template.end


def template_hash(template: Template) -> str:
    """Digest of what a template renders to, for comparing two builds of it."""
    example = Turn(question="question", context="context", answer="answer")
    prompts = [render(template, Turn(question="question")), render(template, example, examples=[example])]
    return sha256_bytes(canonical_json([*prompts, completion(template, "answer")]))


def _open(template: Template, turn: Turn) -> str:
    text = f"{turn.question}\n\n{turn.context}" if turn.context else turn.question
    return template.user + text + template.assistant
