# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hugging Face models on disk, and the weights in them that are put into formats."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from seedlm.errors import SeedlmError
from seedlm.evaluation._torch import quiet, torch, transformers
from seedlm.evaluation.activations import rounded_inputs
from seedlm.evaluation.baselines import Weights

Kind = Literal["causal", "embedding"]

_CAUSAL = ("ForCausalLM", "LMHeadModel")
_EMBEDDING = ("Model", "ForMaskedLM")


@dataclass(frozen=True)
class Model:
    """A model in float32 with its tokeniser.

    Attributes:
        path: Where it was read from.
        kind: "causal" if it predicts the next token, "embedding" if it makes vectors of texts.
        module: The PyTorch module.
        tokenizer: The tokeniser of transformers.
        longest: The most tokens that it reads at once.
        linears: Each `torch.nn.Linear` by the name of its weight.
        head: The name of the weight that makes logits, if any.
    """

    path: Path
    kind: Kind
    module: torch.nn.Module
    tokenizer: Any
    longest: int
    linears: Mapping[str, torch.nn.Linear]
    head: str | None

    def weights(self, name: str) -> Weights:
        """Returns a weight, float32 [outputs, inputs], without copying it."""
        array: Weights = self.linears[name].weight.detach().numpy()
        return array

    @contextmanager
    def replaced(self, weights: Mapping[str, Weights], *, rounds: bool = False) -> Iterator[None]:
        """Puts other weights into the model for a while; an embedding tied to one stays.

        Args:
            weights: The other weights by name, float32 [outputs, inputs].
            rounds: Whether what they are multiplied with is rounded to 8 bits.
        """
        originals = {name: self.linears[name].weight for name in weights}
        try:
            with ExitStack() as hooks:
                for name, array in weights.items():
                    self.linears[name].weight = _parameter(torch.from_numpy(array))
                    if rounds:
                        hooks.enter_context(rounded_inputs(self.linears[name]))
                yield
        finally:
            for name, original in originals.items():
                self.linears[name].weight = original


def load_model(path: Path) -> Model:
    """Loads a Hugging Face folder or a GGUF file, in float32 and without network access.

    Raises:
        SeedlmError: It is neither, damaged, quantized, without weights or tokeniser, or of an
            architecture that is neither a causal language model nor one that embeds texts.
    """
    if not path.exists():
        raise SeedlmError(f"{path}: no such file or folder")
    if path.is_file() and path.suffix == ".gguf":
        return _load(path, "causal", path.parent, {"gguf_file": path.name})
    if not (path / "config.json").is_file():
        raise SeedlmError(
            f"{path}: neither a Hugging Face folder with config.json nor a .gguf file"
        )
    return _load(path, _kind(path / "config.json"), path, {})


def select(model: Model, include: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """Returns the names of the weights to put into formats.

    These are those of all linear layers, by default without the head of a language model.

    Args:
        model: The model.
        include: Glob patterns of names; when there are any, a weight must match one.
        exclude: Glob patterns of names that are left out.

    Raises:
        SeedlmError: A pattern matches no weight, or nothing is left.
    """
    for pattern in (*include, *exclude):
        if not any(fnmatchcase(name, pattern) for name in model.linears):
            raise SeedlmError(f"pattern '{pattern}' matches no weight of a linear layer")
    names = [
        name
        for name in model.linears
        if any(fnmatchcase(name, pattern) for pattern in include)
        or (not include and name != model.head)
    ]
    left = [name for name in names if not any(fnmatchcase(name, each) for each in exclude)]
    if not left:
        raise SeedlmError(f"{model.path}: no weight of a linear layer is selected")
    return left


def _kind(config: Path) -> Kind:
    try:
        fields = json.loads(config.read_text())
        (architecture,) = fields["architectures"]
        name = str(architecture)
    except (OSError, ValueError, KeyError, TypeError):
        raise SeedlmError(f"{config}: not a configuration that names an architecture") from None
    if "quantization_config" in fields:
        raise SeedlmError(f"{config}: the model is quantized; its original is needed")
    if fields.get("is_encoder_decoder"):
        raise SeedlmError(f"{config}: {name} has an encoder and a decoder, which is not supported")
    if name.endswith(_CAUSAL):
        return "causal"
    if name.endswith(_EMBEDDING):
        return "embedding"
    raise SeedlmError(
        f"{config}: {name} is neither a causal language model (..{', ..'.join(_CAUSAL)}) "
        f"nor one that embeds texts (..{', ..'.join(_EMBEDDING)})"
    )


def _load(path: Path, kind: Kind, folder: Path, source: dict[str, str]) -> Model:
    loader = transformers.AutoModelForCausalLM if kind == "causal" else transformers.AutoModel
    options: dict[str, Any] = {**source, "local_files_only": True, "trust_remote_code": False}
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
            module, found = loader.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, **options
            )
    except Exception as error:  # transformers and what it calls raise what they like
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SeedlmError(f"{path}: cannot be loaded: {reason}") from None
    module.config.use_cache = False
    if getattr(module, "pooler", None) is not None:
        module.pooler = None  # embeddings are means over tokens, which it does not change
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise SeedlmError(f"{path}: has no tensor '{missing[0]}'")
    if not isinstance(module.get_input_embeddings(), torch.nn.Embedding):
        raise SeedlmError(f"{path}: {type(module).__name__} does not read tokens")
    return _model(path, kind, module.eval(), tokenizer)


def _model(path: Path, kind: Kind, module: Any, tokenizer: Any) -> Model:
    linears = {
        f"{name}.weight": layer
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }
    head = module.get_output_embeddings()
    return Model(
        path=path,
        kind=kind,
        module=module,
        tokenizer=tokenizer,
        longest=min(
            getattr(module.config, "max_position_embeddings", tokenizer.model_max_length),
            tokenizer.model_max_length,
        ),
        linears=linears,
        head=next((name for name, layer in linears.items() if layer is head), None),
    )


def _parameter(tensor: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(tensor, requires_grad=False)
