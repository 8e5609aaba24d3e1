# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random models of a few thousand weights with tokenisers of a few words, saved as folders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

WORDS = [f"w{i}" for i in range(60)]
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
_SIZES: dict[str, Any] = {
    "vocab_size": len(WORDS) + len(_SPECIAL),
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
}


def words(count: int, seed: int = 0) -> str:
    """A text of random words, eight a line."""
    chosen = np.random.default_rng(seed).choice(WORDS, count)
    return "\n".join(" ".join(chosen[i : i + 8]) for i in range(0, count, 8))


def save_causal(folder: Path, *, first: bool = False, tied: bool = False) -> Path:
    """A Llama; `first` makes its tokeniser put [CLS] before each text."""
    torch.manual_seed(0)
    config = LlamaConfig(**_SIZES, initializer_range=0.3, tie_word_embeddings=tied)
    LlamaForCausalLM(config).save_pretrained(folder)
    _save_tokenizer(folder, "[CLS] $A" if first else None, bos_token="[CLS]")
    return folder


def save_embedding(folder: Path) -> Path:
    """A BERT, with a pooler that embeddings do not use."""
    torch.manual_seed(0)
    BertModel(BertConfig(**_SIZES, initializer_range=0.3)).save_pretrained(folder)
    _save_tokenizer(folder, "[CLS] $A [SEP]", cls_token="[CLS]", sep_token="[SEP]")
    return folder


def _save_tokenizer(folder: Path, template: str | None, **special: str) -> None:
    vocabulary = {token: index for index, token in enumerate([*_SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if template is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, special_tokens=[(token, vocabulary[token]) for token in _SPECIAL]
        )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        model_max_length=64,
        **special,
    ).save_pretrained(folder)


@contextmanager
def mean_squares(module: torch.nn.Module) -> Iterator[dict[str, npt.NDArray[np.float64]]]:
    """Collects the mean square of each input of each linear layer, by the name of its weight.

    The dictionary is filled when the block ends.
    """
    inputs: dict[str, list[torch.Tensor]] = {}

    def collector(name: str) -> Any:
        return lambda layer, arguments: inputs.setdefault(name, []).append(
            arguments[0].detach().reshape(-1, layer.in_features).double()
        )

    hooks = [
        layer.register_forward_pre_hook(collector(f"{name}.weight"))
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear)
    ]
    found: dict[str, npt.NDArray[np.float64]] = {}
    yield found
    for hook in hooks:
        hook.remove()
    for name, parts in inputs.items():
        found[name] = torch.cat(parts).square().mean(dim=0).numpy()
