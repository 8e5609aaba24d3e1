# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the sentence embeddings of two modules; needs iree-base-runtime and NumPy only.

usage: compare_embeddings.py ORIGINAL.vmfb COMPRESSED.vmfb
"""

import sys
from pathlib import Path

import iree.runtime as rt
import numpy as np

SENTENCES = {
    "A man is eating food.": [101, 1037, 2158, 2003, 5983, 2833, 1012, 102],
    "A man is eating a piece of bread.": [
        101, 1037, 2158, 2003, 5983, 1037, 3538, 1997, 7852, 1012, 102,
    ],
    "The girl is carrying a baby.": [101, 1996, 2611, 2003, 4755, 1037, 3336, 1012, 102],
    "A man is riding a horse.": [101, 1037, 2158, 2003, 5559, 1037, 3586, 1012, 102],
    "A woman is playing violin.": [101, 1037, 2450, 2003, 2652, 6710, 1012, 102],
    "A monkey is playing drums.": [101, 1037, 10608, 2003, 2652, 3846, 1012, 102],
}  # fmt: skip
EMBEDDING = 3


def embed(module: Path) -> np.ndarray:
    """Returns the embeddings of SENTENCES, float32 [sentences, 384], one normalised row each."""
    config = rt.Config("local-task")
    loaded = rt.load_vm_module(rt.VmModule.mmap(config.vm_instance, str(module)), config)
    rows = []
    for tokens in SENTENCES.values():
        ids = np.array([tokens], np.int64)
        results = loaded.main_graph(ids, np.ones_like(ids))
        rows.append(np.array(results[EMBEDDING].to_host())[0])
    embeddings = np.stack(rows)
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def main() -> None:
    """Prints both sizes and the cosine of each sentence's two embeddings."""
    original, compressed = (Path(argument) for argument in sys.argv[1:])
    before, after = original.stat().st_size, compressed.stat().st_size
    print(f"size: {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB ({before / after:.2f}x smaller)")
    cosines = np.sum(embed(original) * embed(compressed), axis=1)
    for sentence, cosine in zip(SENTENCES, cosines, strict=True):
        print(f"cosine {cosine:.4f}  {sentence}")
    print(f"cosine to the original: mean {cosines.mean():.4f}, least {cosines.min():.4f}")


if __name__ == "__main__":
    main()
