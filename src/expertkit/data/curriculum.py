"""What an embedded base model reads before any expert: drills in copying, and plain text of its languages.

A base learns here to repeat, look up and rearrange words of its context, to write the languages and to
end an answer. It reads questions, reworded and alone, and queries, but never a question with its query: that is
what an expert is for. Schemas and questions in this text belong to the train part (``expertkit.data.split``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from expertkit.data import words
from expertkit.data.domain import DOMAINS, domain
from expertkit.data.naming import coin_name

_FIELDS = (*words.NUMBER_FIELDS, *words.TEXT_FIELDS, *words.FLAG_FIELDS, *words.LIST_FIELDS)
_KNOWN = tuple(dict.fromkeys((*words.ENTITIES, *_FIELDS, *words.VALUES)))
_MADE_UP = 0.4

# Copying is learnt from copying: plain text hardly teaches it to so small a model.
_REPEATS_UNTIL, _DRILLS_UNTIL = 0.12, 0.35
_KINDS = {"repeat": 8, "drill": 12, "rewording": 40, "document": 32, "question": 8}
_DRILLS = {"repeat": 25, "drill": 45, "rewording": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One row of pretraining text: learnt whole, or, with a prompt, in the answer only."""

    text: str
    prompt: str = ""


def passages(seed: int, count: int, *, domains: Sequence[str]) -> Iterator[Passage]:
    """``count`` passages of pretraining text, the same for the same arguments: repeating first, then drills, then all.

    Args:
        seed: of the text.
        count: of passages.
        domains: whose questions and documents are read, each as often. Named, so that a base stays what it is when the
            project learns a new one.
    """
    rng = random.Random(f"curriculum {seed}")
    questions = {name: _questions(name, seed) for name in domains}
    for number in range(count):
        match _draw_kind(rng, share=number / count):
            case "repeat":
                yield _passage(_repeat(rng))
            case "drill":
                yield _passage(rng.choice(_OTHER_DRILLS)(rng))
            case "rewording":
                yield _passage(_reword(rng, domains))
            case "document":
                yield _document(rng, domains)
            case _:
                yield Passage(text=next(questions[rng.choice(domains)]))


def probes(seed: int, count: int) -> Iterator[Passage]:
    """Requests and texts that belong to no expert's task, in turn: they show what else a base can.

    Args:
        seed: of the text, another one than a base was made with.
        count: of passages; the first, third and so on have a prompt.
    """
    rng = random.Random(f"probes {seed}")
    for number in range(count):
        if number % 2:
            yield Passage(text=domain(rng.choice(DOMAINS)).sample_document(rng))
        else:
            yield _passage(rng.choice((_repeat, *_OTHER_DRILLS))(rng))


def _draw_kind(rng: random.Random, *, share: float) -> str:
    """The kind of a passage; ``share`` of the text, 0 to 1, stands before it."""
    if share < _REPEATS_UNTIL:
        return "repeat"
    kinds = _DRILLS if share < _DRILLS_UNTIL else _KINDS
    return rng.choices(list(kinds), weights=list(kinds.values()))[0]


def _questions(name: str, seed: int) -> Iterator[str]:
    """Questions and contexts, in no relation to an answer, block after block."""
    block = 0
    while True:
        for item in domain(name).generate("train", count=2000, seed=seed * 1_000_003 + block):
            yield f"{item.question}\n\n{item.context}"
        block += 1


def _document(rng: random.Random, domains: Sequence[str]) -> Passage:
    """A document alone or, as often, in reply to a request: only a reply teaches which words a document begins with."""
    language = rng.choice(domains)
    text = domain(language).sample_document(rng)
    return Passage(text=text, prompt=rng.choice(("", f"write {language}")))


def _word(rng: random.Random) -> str:
    kind = rng.random()
    if kind < _MADE_UP:
        return coin_name(rng, taken=())
    return rng.choice(_KNOWN) if kind < 0.9 else str(rng.randint(1, 99))


def _distinct(rng: random.Random, low: int, high: int) -> list[str]:
    wanted = rng.randint(low, high)
    found: dict[str, None] = {}
    while len(found) < wanted:
        found[_word(rng)] = None
    return list(found)


def _passage(drill: tuple[str, str]) -> Passage:
    prompt, answer = drill
    return Passage(prompt=prompt, text=answer)


def _repeat(rng: random.Random) -> tuple[str, str]:
    listed = " ".join(_distinct(rng, 2, 20))
    return f"repeat {listed}", listed


def _reword(rng: random.Random, domains: Sequence[str]) -> tuple[str, str]:
    """A question said plainly: what it asks for has one wording, however it was asked."""
    worded, plain = domain(rng.choice(domains)).sample_rewording(rng)
    return f"say plainly: {worded}", plain


def _word_after(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 4, 12)
    at = rng.randrange(len(listed) - 1)
    return f"the word after {listed[at]}\n\n{' '.join(listed)}", listed[at + 1]


def _word_before(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 4, 12)
    at = rng.randrange(1, len(listed))
    return f"the word before {listed[at]}\n\n{' '.join(listed)}", listed[at - 1]


def _end_words(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 2, 10)
    which, word = rng.choice((("first", listed[0]), ("last", listed[-1])))
    return f"{which} of {' '.join(listed)}", word


def _value_of_key(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 6, 14)
    pairs = list(zip(listed[::2], listed[1::2], strict=False))
    key, value = rng.choice(pairs)
    return f"value of {key}\n\n{', '.join(f'{a}: {b}' for a, b in pairs)}", value


def _quote(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 1, 6)
    mark = rng.choice("\"'")
    return f"quote {' '.join(listed)} with {mark}", ", ".join(f"{mark}{word}{mark}" for word in listed)


def _join_words(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 2, 6)
    mark = rng.choice((".", "_", ", ", " = ", " > ", "("))
    return f"join {' '.join(listed)} by {mark.strip()}", mark.join(listed)


def _present_words(rng: random.Random) -> tuple[str, str]:
    """Which words of the list also stand in the text, in the order of the list."""
    listed = _distinct(rng, 5, 10)
    chosen = rng.sample(listed, k=rng.randint(1, 3))
    text = " of the ".join(chosen)
    return f"which words are in: {text}\n\n{', '.join(listed)}", ", ".join(word for word in listed if word in chosen)


def _kind_of_word(rng: random.Random) -> tuple[str, str]:
    """Look up the type that stands behind a name of a column list."""
    names = _distinct(rng, 3, 6)
    kinds = [rng.choice(("INTEGER", "REAL", "TEXT")) for _ in names]
    at = rng.randrange(len(names))
    return f"type of {names[at]}\n\n({', '.join(f'{a} {b}' for a, b in zip(names, kinds, strict=True))})", kinds[at]


def _pairs_to_object(rng: random.Random) -> tuple[str, str]:
    listed = _distinct(rng, 2, 8)
    pairs = list(zip(listed[::2], listed[1::2], strict=False))
    said = " and ".join(f"{a} {b}" for a, b in pairs)
    return f"pairs {said}", ", ".join(f'"{a}": "{b}"' for a, b in pairs)


_OTHER_DRILLS: tuple[Callable[[random.Random], tuple[str, str]], ...] = (
    _word_after, _word_before, _end_words, _value_of_key, _quote, _join_words, _present_words, _kind_of_word,
    _pairs_to_object,
)  # fmt: skip
