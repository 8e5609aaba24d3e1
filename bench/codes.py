# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which codes have the least error at equal bits: a search around the presets.

    python bench/codes.py --bits 4 3 --models DIR --json c.json --markdown c.md --plot c.png

Method: of the codes whose records fill the bits of a budget exactly (block 4 to 16, latent 3 to 4,
register 12 to 20, coefficients 3 to 4, exponent 0 to 2 bits; basis_bits 8, an f16 scale a row),
each is tried on 2520 Gaussian weights. Those at most `--within` above the least error of their
latent dimension, the presets and those of `--code` are then measured on

- gaussian: 4 rows of 5040 (divisible by all blocks but 11 and 13) i.i.d. normal weights;
- real: one row of every ninth MatMul weight of SmolLM2-135M (smollm2.onnx) and of every one of
  MiniLM-L3 (minilm-l3.onnx), over the root mean square of its tensor: rows of 384, 576 or 1536
  (DIR is filled by `python test/models/fetch.py --slow DIR`; left out without --models).

Every code is searched exhaustively on the same weights. Its scales are a multiple of root mean
squares, the best on a sample of blocks to an eighth of an octave: with few exponents the
error depends on it. Errors are relative Frobenius errors; standard errors are those of a ratio of
sums over segments of 72 weights, and of a difference to the first preset of a budget those of
paired segments. What the file of --json holds is not measured again.

Bits are those stored for a square matrix: records, padded to bytes a row, and scales. The cost of
decoding is `latent` multiply-adds a weight, the window (bits of the register's sequence that the
basis values of a block are cut from: a u32 where at most 32) and the XORs of words that extend a
seed to them. A code such as C8P3K18c4e2b16-tensor-f32 has blocks of 8, 3 coefficients of 4 bits, a
register of 18, an exponent of 2, basis_bits 16 and one scale a tensor. No other of its table has
fewer bits, multiply-adds and errors than one in bold.
"""

import argparse
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from code_errors import Floats, differences, real_rows, segments

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS

Results = dict[str, list[float]]

_COLUMNS = (4096, 1536, 576, 384)
_FIELDS = ("block", "latent", "lfsr_width", "coefficient_bits", "exponent_bits", "basis_bits")
_SPEC = re.compile(r"C(\d+)P(\d+)K(\d+)c(\d+)e(\d+)b(\d+)-(tensor|row|group-\d+)-(f16|f32)")


def main() -> None:
    """Measures codes; writes what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", type=float, nargs="*", default=[4.0, 3.0], help="budgets")
    parser.add_argument("--code", nargs="*", default=[], help="codes to add")
    parser.add_argument("--within", type=float, default=0.02, help="excess of error to go on with")
    parser.add_argument("--models", type=Path, help="folder of the real models")
    parser.add_argument("--json", type=Path, required=True, help="results, old and new")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    results: dict[str, Results] = {}
    if options.json.is_file():
        results = json.loads(options.json.read_text())
    normal = np.random.default_rng(0).standard_normal((4, 5040), np.float32)
    samples = {"gaussian": [normal]}
    if options.models:
        samples["real"] = list(real_rows(options.models))
    norms = {name: segments(matrices) for name, matrices in samples.items()}
    groups = [[parse(name) for name in options.code]] if options.code else []
    for bits in options.bits:
        codes = list(candidates(bits))
        for code in codes:
            measure(code, {"screen": [normal[:1, :2520]]}, results, options.json)
        groups.append([*presets(bits), *best(codes, results, options.within)])
    codes = [code for group in groups for code in group]
    for code in codes:
        measure(code, samples, results, options.json)
    if options.markdown:
        tables = (table(group, norms, results) for group in groups)
        options.markdown.write_text("\n\n".join(tables) + "\n")
    if options.plot:
        plot(codes, norms, results, options.plot)


def candidates(bits: float) -> Iterator[Code]:
    """Yields the codes whose records have exactly `bits` for each weight of a block."""
    for block, latent, coefficient, exponent in product(range(4, 17), (3, 4), (3, 4), range(3)):
        width = bits * block - latent * coefficient - exponent
        if width in range(12, 21) and latent < block:
            yield parse(f"C{block}P{latent}K{width:.0f}c{coefficient}e{exponent}b8-row-f16")


def presets(bits: float) -> list[Code]:
    """Returns the presets of a budget, the one to compare with first."""
    codes = (preset(name) for name in reversed(PRESETS))
    return [code for code in codes if code.bits_per_weight == bits]


def parse(name: str) -> Code:
    """Returns the code of a name as in the docstring of this file."""
    match = _SPEC.fullmatch(name)
    if match is None:
        raise SystemExit(f"code {name!r} does not look like C8P3K18c4e2b8-row-f16")
    numbers = dict(zip(_FIELDS, map(int, match.groups()[:6]), strict=True))
    taps = MAXIMAL_TAPS[numbers["lfsr_width"]]
    return Code(**numbers, taps=taps, scale=match[7], scale_type=match[8])


def spec(code: Code) -> str:
    """Returns the name of a code."""
    numbers = zip("CPKceb", (getattr(code, field) for field in _FIELDS), strict=True)
    return "".join(f"{x}{n}" for x, n in numbers) + f"-{code.scale}-{code.scale_type}"


def best(codes: list[Code], results: dict[str, Results], within: float) -> list[Code]:
    """Returns the codes near the least screened error of their latent dimension."""
    errors = {code: sum(results[spec(code)]["screen"]) for code in codes}
    least = {
        code.latent: min(errors[other] for other in codes if other.latent == code.latent)
        for code in codes
    }
    kept = (code for code in codes if errors[code] <= least[code.latent] * (1 + within) ** 2)
    return sorted(kept, key=errors.__getitem__)


def measure(
    code: Code, samples: dict[str, list[Floats]], results: dict[str, Results], path: Path
) -> None:
    """Adds the squared errors of each segment to the results, and writes them."""
    result = results.setdefault(spec(code), {})
    for name, matrices in samples.items():
        if name not in result:
            errors = segments(differences(matrix, code) for matrix in matrices)
            result[name] = [round(error, 6) for error in errors]
            print(f"{spec(code)} {name}", flush=True)
            path.write_text(json.dumps(results))


def stored_bits(code: Code, columns: int) -> float:
    """Returns the bits a weight of a square matrix."""
    scales = np.prod(code.scale_shape(columns, columns)) * code.scale_dtype.itemsize
    return float(8 * (code.row_bytes(columns) + scales / columns) / columns)


def relative(errors: Any, norms: Any) -> tuple[float, float]:
    """Returns the root of the ratio of the sums, and its standard error over segments."""
    e, n = np.asarray(errors), np.asarray(norms)
    square = e.sum() / n.sum()
    deviation = np.std(e - square * n) * len(n) ** 0.5 / n.sum()
    return float(square**0.5), float(deviation / square**0.5 / 2)


def table(codes: list[Code], norms: Results, results: dict[str, Results]) -> str:
    """Returns a Markdown table of codes, those that no other dominates in bold."""
    lines = ["| code | bits at 4096 | 1536 | 576 | 384 | record | P | window | XORs |"]
    lines[0] += "".join(f" {name} | to first |" for name in norms)
    lines.append("|---|" + "--:|" * (lines[0].count("|") - 2))
    first = results[spec(codes[0])]
    points = [_costs(code, norms, results) for code in codes]
    for code, costs in zip(codes, points, strict=True):
        result, steps = results[spec(code)], code.block * code.latent
        beaten = any(p != costs and all(np.less_equal(p, costs)) for p in points)
        xors = -(-steps // (code.lfsr_width - code.taps[-1])) * (len(code.taps) - 1)
        cells = [spec(code) if beaten else f"**{spec(code)}**"]
        cells += [f"{stored_bits(code, columns):.3f}" for columns in _COLUMNS]
        cells += map(str, (code.record_bits, code.latent, steps + code.basis_bits - 1, xors))
        for name in norms:
            cells.append("{:.4f} ± {:.4f}".format(*relative(result[name], norms[name])))
            excess, deviation = relative(result[name], first[name])
            cells.append(f"{100 * excess - 100:+.1f} ± {100 * deviation:.1f} %")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _costs(code: Code, norms: Results, results: dict[str, Results]) -> list[float]:
    errors = (sum(results[spec(code)][name]) for name in norms)
    return [stored_bits(code, _COLUMNS[0]), code.latent, *errors]


def plot(codes: list[Code], norms: Results, results: dict[str, Results], path: Path) -> None:
    """Draws error against bits, and the least error that any code has on Gaussian weights."""
    figure, axes = plt.subplots(1, len(norms), sharey=True, squeeze=False, figsize=(10, 5))
    for axis, (name, norm) in zip(axes[0], norms.items(), strict=True):
        for latent in range(2, 5):
            alike = [code for code in codes if code.latent == latent]
            bits = [stored_bits(code, _COLUMNS[0]) for code in alike]
            errors = [relative(results[spec(code)][name], norm)[0] for code in alike]
            axis.plot(bits, errors, "o", alpha=0.6, label=f"latent {latent}")
        ends = np.array(axis.get_xlim())
        axis.plot(ends, 2.0**-ends, "k:", label="bound $2^{-bits}$ (Gaussian)")
        axis.set(title=name, xlabel="bits a weight", ylabel="relative error", yscale="log")
        axis.legend()
    figure.savefig(path, bbox_inches="tight", dpi=120)


if __name__ == "__main__":
    main()
