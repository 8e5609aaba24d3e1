# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
import pytest
from reference import CODES, random_records

from seedlm.codec.code import Code
from seedlm.codec.decoder import decode
from seedlm.codec.encoded import Encoded
from seedlm.errors import SeedlmError
from seedlm.fpga import pack_codes
from seedlm.fpga.layout import order_codes, order_fp16, total_beats
from seedlm.fpga.parameters import FP16, EngineParameters, engine_parameters


def records_of_beats(
    beats: np.ndarray, parameters: EngineParameters, rows: int, columns: int
) -> np.ndarray:
    """Returns the records of a matrix in burst order, one by one, int64 [rows, blocks]."""
    found = np.full((parameters.groups(rows) * parameters.lanes, parameters.blocks(columns)), -1)
    start = block = 0
    for length in parameters.segment_lengths(columns):
        for first in range(0, len(found), parameters.lanes):
            group = beats[start : start + parameters.group_beats(length)]
            bits = np.unpackbits(group.reshape(-1), bitorder="little")
            used = length * parameters.step_bits
            assert not bits[used:].any()
            fields = bits[:used].reshape(length, parameters.lanes, -1).astype(np.int64)
            words = (fields << np.arange(fields.shape[-1])).sum(-1)
            found[first : first + parameters.lanes, block : block + length] = words.T
            start += len(group)
        block += length
    assert start == len(beats)
    assert not found[rows:].any()
    return found[:rows]


@pytest.mark.parametrize("shape", [(1, 1), (17, 40), (50, 333), (3, 9000)], ids=str)
@pytest.mark.parametrize("name", CODES)
def test_burst_order(name: str, shape: tuple[int, int]) -> None:
    rows, columns = shape
    records = random_records(CODES[name], rows, columns, np.random.default_rng(0))
    beats = order_codes(records.codes(), CODES[name], rows, columns)
    parameters = engine_parameters(CODES[name])
    assert len(beats) == total_beats(parameters, rows, columns, 0)
    np.testing.assert_array_equal(
        records_of_beats(beats, parameters, rows, columns), records.words()
    )


def test_burst_order_of_many_groups() -> None:
    code, rows, columns = CODES["paper-4bit"], 2500, 20
    records = random_records(code, rows, columns, np.random.default_rng(1))
    beats = order_codes(records.codes(), code, rows, columns)
    found = records_of_beats(beats, engine_parameters(code), rows, columns)
    np.testing.assert_array_equal(found, records.words())


def test_fp16_order() -> None:
    weights = np.random.default_rng(2).standard_normal((70, 5000)).astype(np.float16)
    found = records_of_beats(order_fp16(weights), FP16, 70, 5000)
    np.testing.assert_array_equal(found, weights.view(np.uint16))


def test_encoded_matrix() -> None:
    code: Code = CODES["paper-4bit"]
    records = random_records(code, 5, 30, np.random.default_rng(3))
    encoded = Encoded(code, (5, 30), records.codes(), np.float32(0.5), 0.0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(pack_codes(encoded), order_codes(records.codes(), code, 5, 30))


@pytest.mark.parametrize("name", CODES)
def test_integer_weights_are_those_of_the_decoder(name: str) -> None:
    code = CODES[name]
    records = random_records(code, 30, 50, np.random.default_rng(4))
    scale = np.ones(code.scale_shape(30, 50), code.scale_dtype)
    encoded = Encoded(code, (30, 50), records.codes(), scale, 0.0)  # type: ignore[arg-type]
    unit = 2.0 ** code.exponent_range[0] / (2 ** (code.basis_bits - 1) - 1)
    np.testing.assert_allclose(decode(encoded), records.weights(50) * unit, rtol=1e-6, atol=1e-7)


def test_bad_matrices() -> None:
    code = CODES["paper-4bit"]
    with pytest.raises(SeedlmError, match=r"^fpga: a matrix of 2097152 x 8 is not 1\.\.2\^20 rows"):
        order_codes(np.zeros((1, 4), np.uint8), code, 1 << 21, 8)
    with pytest.raises(SeedlmError, match=r"^fpga: an FP16 weight is not finite$"):
        order_fp16(np.array([[1, np.inf]], np.float16))
