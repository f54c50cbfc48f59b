"""The one renderer: training, evaluation and use build a prompt here and nowhere else.

>>> turn = Turn(question="count every invoice", context="CREATE TABLE invoice (id INTEGER);")
>>> print(render("chatml", turn), end="")
<|im_start|>user
count every invoice
<BLANKLINE>
CREATE TABLE invoice (id INTEGER);<|im_end|>
<|im_start|>assistant
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expertkit.errors import ConfigError, Problem, nearest
from expertkit.files import canonical_json, sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question with its context and, where it is an example, its answer."""

    question: str
    context: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The text around a turn."""

    user: str
    """Before the question."""
    assistant: str
    """Between the question with its context and the answer."""
    end: str
    """After the answer; generation stops at it, and it must be one token of the base."""
    between: str
    """Between two turns."""


TEMPLATES = {
    "chatml": Template(
        user="<|im_start|>user\n",
        assistant="<|im_end|>\n<|im_start|>assistant\n",
        end="<|im_end|>",
        between="\n",
    ),
}


def template(name: str) -> Template:
    """The template of that name.

    Raises:
        ConfigError: no template has that name.
    """
    if name not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        guess = nearest(name, TEMPLATES)
        place = "prompt_template"
        raise ConfigError(
            [Problem(file="manifest.json", place=place, expected=f"one of {known}", got=repr(name), nearest=guess)]
        )
    return TEMPLATES[name]


def render(name: str, turn: Turn, *, examples: Sequence[Turn] = ()) -> str:
    """The prompt that ends where the answer begins, after any answered examples."""
    frame = template(name)
    shown = [_open(frame, example) + completion(name, example.answer) + frame.between for example in examples]
    return "".join(shown) + _open(frame, turn)


def completion(name: str, answer: str) -> str:
    """What follows the prompt when the model answers: the answer and the end token."""
    return answer + template(name).end


def template_hash(name: str) -> str:
    """Digest of what a template renders to, for comparing two builds of it."""
    example = Turn(question="question", context="context", answer="answer")
    prompts = [render(name, Turn(question="question")), render(name, example, examples=[example])]
    return sha256_bytes(canonical_json([*prompts, completion(name, "answer")]))


def _open(frame: Template, turn: Turn) -> str:
    text = f"{turn.question}\n\n{turn.context}" if turn.context else turn.question
    return frame.user + text + frame.assistant
