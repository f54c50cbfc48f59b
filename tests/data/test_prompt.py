"""The renderer's text, byte for byte, for every template; and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from transformers import PreTrainedTokenizerFast

from expertkit.data.prompt import Template, Turn, completion, render, template_hash
from expertkit.data.templates import TEMPLATES, end_token, golden, open_template, read_chat_template
from expertkit.errors import CompatibilityError
from expertkit.manifest import CustomTemplate
from expertkit.recipes.recipe import PromptTemplate
from expertkit.runtime.loading import load_base

GOLDEN = Path(__file__).parents[1] / "golden/prompts.json"
_TURN = Turn(
    question="count every invoice", context="CREATE TABLE invoice (id INTEGER);", answer="SELECT COUNT(*) FROM invoice"
)
CHATML = TEMPLATES["chatml"]


def test_chatml_renders_these_bytes() -> None:
    """A golden prompt: training, evaluation and use all see it."""
    assert render(CHATML, _TURN) + completion(CHATML, _TURN.answer) == (
        "<|im_start|>user\ncount every invoice\n\nCREATE TABLE invoice (id INTEGER);<|im_end|>\n"
        "<|im_start|>assistant\nSELECT COUNT(*) FROM invoice<|im_end|>"
    )


def test_examples_are_whole_turns_before_the_question() -> None:
    """A worked example is rendered as the turn it was, then the prompt as it is without examples."""
    alone = render(CHATML, _TURN)

    assert render(CHATML, _TURN, examples=[_TURN]) == f"{alone}{completion(CHATML, _TURN.answer)}\n{alone}"


def test_without_context_there_is_no_empty_line() -> None:
    """The context is optional."""
    assert render(CHATML, Turn(question="hello")) == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_renders_the_golden_bytes(name: str) -> None:
    """Another byte is another template: every package that was released with it would disagree."""
    said = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]

    assert (golden(TEMPLATES[name]), template_hash(TEMPLATES[name])) == (said["renders"], said["hash"])


CHAT = {
    "chatml": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "gemma": "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
    "llama3": "{{ bos_token }}{% for m in messages %}"
    "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}"
    "<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
    "mistral": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]"
    "{{ ' ' if loop.last else '' }}{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
    "phi": "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
    "qwen3": "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n"
    "{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
}
"""Chat templates as the families' tokenizers have them, for turns alone."""


@pytest.fixture
def tokenizer(nano_base: Path) -> PreTrainedTokenizerFast:
    """A tokenizer that has the tokens of every family."""
    found: Any = load_base(nano_base)[1]
    texts = {text for template in TEMPLATES.values() for text in (template.begin, template.end) if text}
    found.add_special_tokens({"additional_special_tokens": sorted(texts)})
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", CHAT)
def test_a_familys_template_is_what_its_tokenizer_says(tokenizer: Any, name: str) -> None:
    """The same bytes by name and by the tokenizer's own chat template, thinking left out."""
    template = TEMPLATES[name]
    tokenizer.chat_template = CHAT[name]
    tokenizer.bos_token, tokenizer.eos_token = template.begin or "<s>", template.end

    own = read_chat_template(tokenizer)

    assert golden(own) == golden(replace(template, end=template.end or tokenizer.eos_token))


@pytest.mark.parametrize("name", sorted({*get_args(PromptTemplate)} - {"custom", "tokenizer"}))
def test_every_name_opens_its_template(tokenizer: Any, name: PromptTemplate) -> None:
    """With the tokenizer's end of text where the family has none of its own."""
    template = open_template(name, tokenizer, own=None, base="nano")

    assert template.end == (TEMPLATES[name].end or tokenizer.eos_token)
    assert tokenizer.decode([end_token(template, tokenizer)]) == template.end


def test_a_manifest_may_have_a_template_of_its_own(tokenizer: Any) -> None:
    """Text around turns, like any other."""
    own = CustomTemplate(user="Q: ", assistant=" A: ", end="<|im_end|>", between="\n")

    template = open_template("custom", tokenizer, own=own, base="nano")

    assert template == Template(user="Q: ", assistant=" A: ", end="<|im_end|>", between="\n")


def test_a_base_without_the_tokens_is_refused(nano_base: Path) -> None:
    """An answer would never end there, or end in pieces."""
    with pytest.raises(CompatibilityError, match=r"llama3 on nano: expected single tokens .*<\|eot_id\|>"):
        open_template("llama3", load_base(nano_base)[1], own=None, base="nano")


@pytest.mark.parametrize(
    "chat",
    [
        None,
        "{{ messages | length }} messages",
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{% for m in messages %}{{ loop.index }}: {{ m.content }}\n{% endfor %}",
    ],
    ids=["none", "no content", "another content", "numbered"],
)
def test_a_chat_template_that_does_more_than_wrap_is_refused(chat: str | None) -> None:
    """What it does to a question could not be said in a package."""

    def apply(turns: list[dict[str, str]], **settings: Any) -> str:
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        return ImmutableSandboxedEnvironment().from_string(chat or "").render(messages=turns, **settings)

    with pytest.raises(CompatibilityError, match="chat template"):
        read_chat_template(SimpleNamespace(chat_template=chat, apply_chat_template=apply))


def test_the_template_hash_is_frozen() -> None:
    """Another hash is another template: every released package would disagree with it."""
    assert template_hash(CHATML) == "cbb9b6352b6102d2713e05daa014c4c81968b422174ad88ba297c12eaca54f8c"
