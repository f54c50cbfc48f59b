"""Prompt templates by name: those of well-known families of models, a manifest's own, a tokenizer's own.

What a family's models were taught stands in its tokenizer's chat template; these are the same bytes for one question
without a system text, thinking left out where a model can think. A name that is not known is an error, never another
template.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from expertkit.data.prompt import Template, Turn, completion, render
from expertkit.errors import CompatibilityError
from expertkit.manifest import CustomTemplate

_CHATML = Template(
    user="<|im_start|>user\n", assistant="<|im_end|>\n<|im_start|>assistant\n", end="<|im_end|>", between="\n"
)
_EOS = ""
"""The end is the tokenizer's own end of a text."""

_BAR, _BLANK = "\uff5c", "\u2581"  # as the tokens of DeepSeek spell them

TEMPLATES: dict[str, Template] = {
    "alpaca": Template(
        user=(
            "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            "\n\n### Instruction:\n"
        ),
        assistant="\n\n### Response:\n", end=_EOS, between="\n\n",
    ),
    "chatml": _CHATML,
    "deepseek": Template(
        begin=f"<{_BAR}begin{_BLANK}of{_BLANK}sentence{_BAR}>", user="User: ", assistant="\n\nAssistant: ",
        end=f"<{_BAR}end{_BLANK}of{_BLANK}sentence{_BAR}>", between="",
    ),
    "gemma": Template(
        begin="<bos>", user="<start_of_turn>user\n", assistant="<end_of_turn>\n<start_of_turn>model\n",
        end="<end_of_turn>", between="\n",
    ),
    "llama2": Template(user="<s>[INST] ", assistant=" [/INST] ", end="</s>", between=""),
    "llama3": Template(
        begin="<|begin_of_text|>", user="<|start_header_id|>user<|end_header_id|>\n\n",
        assistant="<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", end="<|eot_id|>", between="",
    ),
    "mistral": Template(begin="<s>", user="[INST] ", assistant="[/INST] ", end="</s>", between=""),
    "phi": Template(user="<|user|>\n", assistant="<|end|>\n<|assistant|>\n", end="<|end|>", between="\n"),
    "qwen3": replace(_CHATML, assistant=f"{_CHATML.assistant}<think>\n\n</think>\n\n"),
}  # fmt: skip
"""By the names that manifests use."""


def open_template(name: str, tokenizer: Any, *, own: CustomTemplate | None, base: str) -> Template:
    """The template of that name, for a base's tokenizer.

    Args:
        name: as manifests and recipes have it.
        tokenizer: a transformers tokenizer.
        own: the manifest's, where the name is custom.
        base: the base's name, for messages.

    Raises:
        CompatibilityError: the base has no such template, or lacks one of its tokens.
    """
    if name == "tokenizer":
        template = read_chat_template(tokenizer)
    elif own is not None:
        template = Template(begin=own.begin, user=own.user, assistant=own.assistant, end=own.end, between=own.between)
    else:
        template = TEMPLATES[name]
    whole = replace(template, end=template.end or str(tokenizer.eos_token))
    _check_tokens(whole, tokenizer, name=name, base=base)
    return whole


def end_token(template: Template, tokenizer: Any) -> int:
    """The id of the token at which an answer ends."""
    (token,) = tokenizer.encode(template.end, add_special_tokens=False)
    return int(token)


_QUESTIONS = ("first question", "second question")
_ANSWER = "an answer"


def read_chat_template(tokenizer: Any) -> Template:
    """The chat template of a tokenizer as text around turns: it is asked once, for made-up turns.

    Raises:
        CompatibilityError: it has none, or one that depends on more than the turns.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise CompatibilityError("prompt_template: expected a tokenizer with a chat template, got one without")
    first, second = _QUESTIONS
    asked, answered = {"role": "user", "content": first}, {"role": "assistant", "content": _ANSWER}
    alone, both = (
        _apply(tokenizer, turns) for turns in ([asked], [asked, answered, {"role": "user", "content": second}])
    )
    template = _split(alone, both, begin=getattr(tokenizer, "bos_token", None) or "")
    turn = Turn(question=first, answer=_ANSWER)
    if template is None or render(template, Turn(question=second), examples=[turn]) != both:
        raise CompatibilityError(
            "prompt_template: expected a chat template that only puts text around turns, got another"
        )
    return template


def _apply(tokenizer: Any, turns: list[dict[str, str]]) -> str:
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False))


def _split(alone: str, both: str, *, begin: str) -> Template | None:
    """What stands around one question, and between two turns; None if it cannot be told apart."""
    first, second = _QUESTIONS
    if any(text.count(part) != 1 for text, part in ((alone, first), (both, second), (both, _ANSWER))):
        return None
    opening, assistant = alone.split(first)
    after_answer = both.split(_ANSWER)[1].split(second, maxsplit=1)[0]
    begin = begin if opening.startswith(begin) else ""
    user = opening.removeprefix(begin)
    if not after_answer.endswith(user):
        return None
    rest = after_answer.removesuffix(user)
    end = rest.rstrip("\n") or rest
    return Template(begin=begin, user=user, assistant=assistant, end=end, between=rest.removeprefix(end))


def _check_tokens(template: Template, tokenizer: Any, *, name: str, base: str) -> None:
    """The texts that have to be tokens are tokens of this base, so that an answer ends where it should."""
    texts = [text for text in (template.begin, template.end) if text]
    odd = [text for text in texts if len(tokenizer.encode(text, add_special_tokens=False)) != 1]
    if odd:
        got = f"others for {', '.join(map(repr, odd))}"
        raise CompatibilityError(f"prompt template {name} on {base}: expected single tokens of the base, got {got}")


def golden(template: Template) -> list[str]:
    """What a template makes of a few turns, for comparing it with what others make of them."""
    plain, full = Turn(question="Who?"), Turn(question="Who?\nReally?", context="a line\n\nanother  ", answer=" I.\n")
    return [
        render(template, plain),
        render(template, full),
        render(template, plain, examples=[full, plain]),
        completion(template, full.answer),
    ]
