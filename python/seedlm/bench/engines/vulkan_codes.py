# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""This project on Vulkan devices: kernels of the package, or IREE's code for the portable form."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Prepared, Unavailable
from seedlm.bench.engines._iree import Format, compile_program, prepare_program
from seedlm.bench.engines._records import code_fields, dense_rows, packed_codes, random_records
from seedlm.bench.workload import Workload
from seedlm.codec import preset
from seedlm.passes._pass import Pass
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.lower_to_vulkan import LowerToVulkan
from seedlm.passes.pack_codes import group_records, split_planes


@dataclass(frozen=True)
class VulkanCodes:
    """Codes of a preset, multiplied with f32 activations."""

    preset: str
    has_kernels: bool = True

    @property
    def name(self) -> str:
        """The name in results."""
        return f"seedlm/{self.preset}" + ("" if self.has_kernels else "+portable")

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        code = preset(self.preset)
        group_columns = group_records(code.record_bits) * code.block
        if workload.columns % group_columns:
            raise Unavailable(f"{workload.columns} columns are no multiple of {group_columns}")
        records = random_records(code, workload)
        codes = packed_codes(code, records)
        words, bytes_ = split_planes(codes.view(np.int8), code.record_bits)
        planes: list[npt.NDArray[Any]] = [*words, *bytes_]
        lower: list[Pass] = [LowerToVulkan()] if self.has_kernels else []
        form = Format(
            template="codes.mlir.j2",
            fields={
                **code_fields(code, records.scale),
                "parts": [
                    f"tensor<{'x'.join(map(str, each.shape))}xi{8 * each.itemsize}>"
                    for each in planes
                ],
                "codes": f"tensor<{workload.rows}x{codes.shape[1]}xi8>",
                "join": "seedlm.join_planes",
                "segments": [len(words), len(bytes_)],
            },
            x_element="f32",
            compile=partial(
                compile_program,
                device="vulkan",
                passes=[*lower, LowerToLinalg()],
                flags=("--compile-from=input",),
            ),
            parameters=lambda i: {
                **{f"part{j}_{i}": np.roll(each, i, axis=1) for j, each in enumerate(planes)},
                **({f"scale{i}": records.scale} if records.scale.ndim else {}),
            },
        )
        dense = dense_rows(code, workload, records)
        return prepare_program(workload, form, dense, rotation=group_columns, tolerance=1e-5)
