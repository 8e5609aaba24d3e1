# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports SmolLM2-135M from a GGUF file to ONNX, and tokenises the test text.

    python export_smollm2.py GGUF VOCABULARY TEXT OUT

writes four files into the folder OUT:
- smollm2.onnx, smollm2.onnx.data: input_ids i64 [1, seq] -> logits f32 [1, seq, 49152], without a
  KV cache; the weights are the GGUF's (4-bit Q4_1), decoded to f32;
- lee-tokens.npy: i32 [tokens], TEXT by SmolLM2's tokeniser, no special token added;
- lee-wordpieces.npy: i32 [lines, 128], each line of TEXT as the MiniLM models read it, that is by
  the lower-casing BERT vocabulary in VOCABULARY, [CLS] .. [SEP], cut and padded with 0 to 128.

Needs export-requirements.txt; nothing that uses the four files does.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

_WORDPIECES_A_LINE = 128  # what the MiniLM sentence models were trained with


class _Logits(torch.nn.Module):
    """A causal language model seen as a function from token ids to logits alone."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, use_cache=False).logits
        return logits


def export_onnx(gguf: Path, target: Path) -> None:
    """Writes the model in `gguf` to the ONNX file `target` and its weights beside it."""
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="eager"
    )
    torch.onnx.export(
        _Logits(model).eval(),
        (torch.zeros((1, 16), dtype=torch.int64),),
        target,
        dynamo=True,
        dynamic_shapes={"input_ids": {1: torch.export.Dim("seq", min=2, max=8192)}},
        input_names=["input_ids"],
        output_names=["logits"],
        external_data=True,
        verbose=False,
    )
    _strip_metadata(target)


def _strip_metadata(path: Path) -> None:
    """Drops the exporter's stack traces, which name folders of this machine."""
    model = onnx.load(path, load_external_data=False)
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del item.metadata_props[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)


def tokenise(gguf: Path, text: str) -> np.ndarray:
    """`text` by the tokeniser stored in `gguf`: i32 [tokens]."""
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    return np.array(tokenizer(text, add_special_tokens=False).input_ids, dtype=np.int32)


def wordpieces(vocabulary: Path, text: str) -> np.ndarray:
    """Each non-empty line of `text` by `vocabulary`: i32 [lines, 128]."""
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    tokenizer.enable_truncation(_WORDPIECES_A_LINE)
    tokenizer.enable_padding(length=_WORDPIECES_A_LINE)
    lines = [line for line in text.splitlines() if line.strip()]
    return np.array([encoding.ids for encoding in tokenizer.encode_batch(lines)], dtype=np.int32)


def main(gguf: Path, vocabulary: Path, text_file: Path, out: Path) -> None:
    torch.set_num_threads(2)
    text = text_file.read_text(encoding="utf-8")
    np.save(out / "lee-tokens.npy", tokenise(gguf, text))
    np.save(out / "lee-wordpieces.npy", wordpieces(vocabulary, text))
    export_onnx(gguf, out / "smollm2.onnx")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
