"""Questions in several wordings: what a template may hold beside its slots, and how one wording is drawn.

A template holds ``{slots}`` that a draw fills, ``[one|other]`` choices, and ``@phrases`` that stand for a
choice made in many places. Which slots and phrases there are is a domain's business.

>>> plain_wording(["[show|list] the {col}", "which {col}?"])
'show the {col}'
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^]]*)\]")


def expand_phrases(template: str, phrases: Mapping[str, str]) -> str:
    """The template with what each of its ``@phrases`` stands for."""
    return re.sub(r"@\w+", lambda phrase: phrases[phrase[0]], template)


def draw_wording(templates: Sequence[str], rng: random.Random) -> str:
    """One wording of one of the templates, its slots still open."""
    return _CHOICE.sub(lambda choice: rng.choice(choice[1].split("|")), rng.choice(templates))


def plain_wording(templates: Sequence[str]) -> str:
    """The first wording of the first template, its slots still open: the same for every other wording."""
    return _CHOICE.sub(lambda choice: choice[1].split("|")[0], templates[0])


def fixed_words(templates: Iterable[str]) -> set[str]:
    """Every word that wordings of the templates may hold and that no slot stands for."""
    return {word for template in templates for word in re.findall("[a-z]+", SLOT.sub("", template))}
