# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loading of models, choice of their weights, and every folder that is none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import save_causal

from seedlm.errors import SeedlmError
from seedlm.evaluation.models import load_model, select

LAYERS = [
    f"model.layers.0.{name}.weight"
    for name in (
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
        "mlp.gate_proj",
        "mlp.up_proj",
        "mlp.down_proj",
    )
]


def test_a_causal_model(causal: Path) -> None:
    model = load_model(causal)
    assert (model.kind, model.longest, model.head) == ("causal", 64, "lm_head.weight")
    assert list(model.linears) == [*LAYERS, "lm_head.weight"]
    assert model.weights(LAYERS[-1]).shape == (32, 64)
    assert not model.module.training


def test_an_embedding_model_has_no_pooler(embedding: Path) -> None:
    model = load_model(embedding)
    assert (model.kind, model.head) == ("embedding", None)
    assert len(select(model, [], [])) == 6
    assert not [name for name in model.linears if "pooler" in name]


def test_selection(causal: Path) -> None:
    model = load_model(causal)
    assert select(model, [], []) == LAYERS
    assert select(model, ["*mlp*"], ["*gate*"]) == LAYERS[5:]
    assert select(model, ["lm_*"], []) == ["lm_head.weight"]
    with pytest.raises(SeedlmError, match="pattern 'conv' matches no weight of a linear layer"):
        select(model, ["conv"], [])
    with pytest.raises(SeedlmError, match="no weight of a linear layer is selected"):
        select(model, [], ["model.*"])


def test_weights_are_replaced_for_a_while(causal: Path) -> None:
    model = load_model(causal)
    before = model.weights(LAYERS[0]).copy()
    with model.replaced({LAYERS[0]: 2 * before}):
        np.testing.assert_array_equal(model.weights(LAYERS[0]), 2 * before)
    np.testing.assert_array_equal(model.weights(LAYERS[0]), before)


def test_an_embedding_tied_to_the_head_stays(tmp_path: Path) -> None:
    model = load_model(save_causal(tmp_path, tied=True))
    embedding = model.module.get_input_embeddings().weight
    assert embedding is model.linears["lm_head.weight"].weight
    before = embedding.detach().clone()
    with model.replaced({"lm_head.weight": np.zeros((64, 32), np.float32)}):
        assert torch.equal(model.module.get_input_embeddings().weight, before)


def change_config(**fields: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | fields))

    return change


def drop_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors[LAYERS[0]]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def truncate_weights(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-100])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (shutil.rmtree, "no such file or folder"),
        (lambda folder: (folder / "config.json").unlink(), "neither a Hugging Face folder"),
        (lambda folder: (folder / "config.json").write_text("{"), "names an architecture"),
        (lambda folder: (folder / "config.json").write_text("{}"), "names an architecture"),
        (change_config(architectures=None), "names an architecture"),
        (
            change_config(architectures=["ViTForImageClassification"]),
            r"ViTForImageClassification is neither a causal language model \(\.\.ForCausalLM, ",
        ),
        (change_config(quantization_config={"bits": 4}), "the model is quantized"),
        (change_config(is_encoder_decoder=True), "has an encoder and a decoder"),
        (change_config(model_type="unheard-of"), "cannot be loaded: "),
        (change_config(hidden_size=48), "cannot be loaded: "),
        (drop_tensor, f"has no tensor '{LAYERS[0]}'"),
        (truncate_weights, "cannot be loaded: "),
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot be loaded: "),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "cannot be loaded: "),
    ],
)
def test_folders_that_are_no_model(
    damage: Callable[[Path], object], says: str, causal: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(causal, folder)
    damage(folder)
    with pytest.raises(SeedlmError, match=says) as error:
        load_model(folder)
    assert str(folder) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + bytes(100)])
def test_a_file_that_is_no_gguf(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(SeedlmError, match=r"model\.gguf: cannot be loaded: ") as error:
        load_model(path)
    assert len(str(error.value).splitlines()) == 1


def test_another_file(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.touch()
    with pytest.raises(SeedlmError, match=r"model\.bin: neither a Hugging Face folder"):
        load_model(path)
