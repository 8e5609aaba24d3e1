# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples from .npz files and from text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from seedlm.errors import SeedlmError
from seedlm.inputs import Input, make_inputs, make_sample
from seedlm.samples import npz_samples
from seedlm.text import TextOptions, text_samples

Array = npt.NDArray[Any]


def read_npz(path: Path, *names: str) -> list[dict[str, Array]]:
    inputs = make_inputs(["tensor<?x2xf32>"] * len(names), names)
    return [dict(each) for each in npz_samples(path).read(inputs)]


def test_one_sample_of_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", x=np.ones((1, 2)), **{"input.1": np.zeros((3, 2))})
    (sample,) = read_npz(tmp_path / "s.npz", "input.1", "x")
    assert sample["input.1"].shape == (3, 2)
    assert sample["x"].shape == (1, 2)


def test_several_samples_of_npz(tmp_path: Path) -> None:
    arrays = {f"{name}.{i}": np.full((i + 1, 2), i) for i in range(11) for name in ("x", "y.z")}
    np.savez_compressed(tmp_path / "s.npz", **arrays)
    samples = read_npz(tmp_path / "s.npz", "x", "y.z")
    assert [sample["y.z"].shape for sample in samples] == [(i + 1, 2) for i in range(11)]
    assert all((sample["x"] == i).all() for i, sample in enumerate(samples))


def test_inputs_without_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", arg0=np.ones((1, 2)), arg1=np.zeros((1, 2)))
    inputs = make_inputs(["tensor<1x2xf32>", "tensor<1x2xf16>"], [])
    (sample,) = npz_samples(tmp_path / "s.npz").read(inputs)
    ones, zeros = make_sample(sample, inputs)
    assert (ones.dtype, zeros.dtype) == (np.float32, np.float16)
    assert ones.all()
    assert not zeros.any()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("z",), "array 'z' is for no input of: x"),
        (("x.one",), "array 'x.one' is for no input of: x"),
        (("x", "x.0"), "two arrays are for input 'x' of sample 0"),
        (("x.0", "x.2"), "2 samples are not numbered from 0 to 1"),
    ],
)
def test_bad_names_in_npz(keys: Sequence[str], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", **{key: np.ones((1, 2)) for key in keys})
    with pytest.raises(SeedlmError) as error:
        read_npz(tmp_path / "s.npz", "x")
    assert str(error.value) == f"{tmp_path / 's.npz'}: {message}"


def test_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    with pytest.raises(SeedlmError, match=r"s\.npz: No such file"):
        read_npz(path, "x")
    np.savez(path, x=np.array([{}], object))
    contents = [b"", b"text", path.read_bytes(), path.read_bytes()[:100]]
    np.save(tmp_path / "s.npy", np.ones(3))
    for content in [*contents, (tmp_path / "s.npy").read_bytes()]:
        path.write_bytes(content)
        with pytest.raises(SeedlmError, match=r"s\.npz: not a \.npz file of plain arrays"):
            read_npz(path, "x")


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """Words w0 .. w99 are tokens 3 .. 102; a sequence begins with 1 and ends with 2."""
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2} | {f"w{i}": i + 3 for i in range(100)}
    made = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(" ".join(f"w{i}" for i in range(20)))
    return path


TOKENS = ("tensor<?x?xi64>", "input_ids")
MASK = ("tensor<?x?xi64>", "attention_mask")


def inputs_of(*pairs: tuple[str, str]) -> list[Input]:
    return make_inputs([type_ for type_, _ in pairs], [name for _, name in pairs])


def read_text(
    text: Path, tokenizer: Path, *pairs: tuple[str, str], length: int = 8, samples: int = 16
) -> list[list[Array]]:
    inputs = inputs_of(*pairs)
    read = text_samples(text, TextOptions(tokenizer, length, samples)).read(inputs)
    return [make_sample(each, inputs) for each in read]


def test_text_fills_what_models_take(text: Path, tokenizer: Path) -> None:
    pairs = (
        TOKENS,
        MASK,
        ("tensor<?x?xi32>", "token_type_ids"),
        ("tensor<?xi64>", "cache_position"),
        ("tensor<?x?xi1>", "a_mask"),
    )
    samples = read_text(text, tokenizer, *pairs)
    assert len(samples) == 3
    ids, mask, types, positions, flags = samples[1]
    np.testing.assert_array_equal(ids, [[1, 9, 10, 11, 12, 13, 14, 2]])
    np.testing.assert_array_equal(mask, np.ones((1, 8)))
    np.testing.assert_array_equal(types, np.zeros((1, 8)))
    np.testing.assert_array_equal(positions, np.arange(8))
    assert (ids.dtype, types.dtype, flags.dtype) == (np.int64, np.int32, np.bool_)
    assert flags.all()


def test_number_of_samples(text: Path, tokenizer: Path) -> None:
    assert len(read_text(text, tokenizer, TOKENS, samples=2)) == 2
    assert len(read_text(text, tokenizer, TOKENS, length=4)) == 10


def test_short_text_is_one_short_sample(text: Path, tokenizer: Path) -> None:
    ((ids,),) = read_text(text, tokenizer, TOKENS, length=512)
    assert ids.shape == (1, 22)


def test_static_sizes(text: Path, tokenizer: Path) -> None:
    samples = read_text(text, tokenizer, ("tensor<2x5xi64>", "x"), ("tensor<2x5xi64>", "mask"))
    assert [sample[0].shape for sample in samples] == [(2, 5)] * 3
    np.testing.assert_array_equal(samples[0][0], [[1, 3, 4, 5, 2], [1, 6, 7, 8, 2]])


def test_tokenizer_that_cuts_itself(text: Path, tokenizer: Path) -> None:
    own = Tokenizer.from_file(str(tokenizer))
    own.enable_truncation(6)
    own.enable_padding(length=30)
    own.save(str(tokenizer))
    samples = read_text(text, tokenizer, TOKENS, length=512)
    assert [ids.shape for (ids,) in samples] == [(1, 6)] * 5


IMAGE = ("tensor<1x3xf32>", "image")
BAD_TEXTS: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "float input": ((TOKENS, IMAGE), "text.txt: text cannot fill input 'image' (float32 1x3)"),
    "rank": (
        (("tensor<1x1x?x?xi64>", "mask"),),
        "text.txt: text cannot fill input 'mask' (int64 1",
    ),
    "two inputs": (((TOKENS[0], "a"), (TOKENS[0], "b")), "may be any of 'a', 'b'"),
    "no input": ((MASK,), "text.txt: the input that takes tokens may be none"),
    "sizes": (
        (("tensor<1x4xi64>", "ids"), ("tensor<1x5xi64>", "mask")),
        "inputs of different sizes: 'ids' (int64 1x4) and 'mask' (int64 1x5)",
    ),
    "too short": ((("tensor<1x99xi64>", "ids"),), "text.txt: too short for a sample of 1 x 99"),
    "batch": ((("tensor<9x6xi64>", "ids"),), "text.txt: too short for a sample of 9 x 6 tokens"),
    "no room": ((("tensor<1x2xi64>", "ids"),), "samples of 2 tokens have no room for text"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_text_that_cannot_fill_inputs(name: str, text: Path, tokenizer: Path) -> None:
    pairs, message = BAD_TEXTS[name]
    with pytest.raises(SeedlmError) as error:
        read_text(text, tokenizer, *pairs)
    assert message in str(error.value)


def test_unreadable_texts(text: Path, tokenizer: Path) -> None:
    for content, message in ((b"\xff\xfe", "not a text in UTF-8"), (b" \n", "too short")):
        text.write_bytes(content)
        with pytest.raises(SeedlmError, match=rf"text\.txt: {message}"):
            read_text(text, tokenizer, TOKENS)
    text.unlink()
    with pytest.raises(SeedlmError, match=r"text\.txt: No such file"):
        read_text(text, tokenizer, TOKENS)


def test_no_tokenizer(text: Path, tokenizer: Path) -> None:
    tokenizer.write_text("{}")
    with pytest.raises(SeedlmError, match=r"tokenizer\.json: not a tokenizer"):
        read_text(text, tokenizer, TOKENS)
    tokenizer.unlink()
    with pytest.raises(SeedlmError, match=r"tokenizer\.json: no such file"):
        read_text(text, tokenizer, TOKENS)
