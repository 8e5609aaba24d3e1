# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-fuse-generate: a generated weight and its only reader become one operation."""

from dataclasses import dataclass
from typing import ClassVar

from iree.compiler import ir
from iree.compiler.dialects import linalg

from seedlm.compiler.dialect import (
    GENERATE,
    ContractMaps,
    build_contract,
    build_gather,
    code_of,
)
from seedlm.compiler.ir.build import add
from seedlm.compiler.ir.contractions import (
    MatrixUse,
    classify_use,
    gathered_indices,
    weight_loops,
)
from seedlm.compiler.ir.maps import indexing_maps, map_loops
from seedlm.compiler.ir.values import constant_attribute, defining_op, erase_if_unused, walk
from seedlm.compiler.ir.views import View, identity_view, view_through


@dataclass
class FuseGenerate:
    """Fuses seedlm.generate into the contractions and gathers that read it.

        %w = "seedlm.generate"(%codes, %scale) {..} : .. -> tensor<1536x576xf32>
        %t = linalg.transpose ins(%w : ..) .. permutation = [1, 0]
        %y = linalg.matmul ins(%x, %t : tensor<4x576xf32>, tensor<576x1536xf32>) outs(%zeros : ..)
      =>
        %y = "seedlm.contract"(%x, %codes, %scale)
            {indexing_maps = [(m, n, k) -> (m, k), (m, n, k) -> (m, n)], ..} : ..

    It sees through transposes, broadcasts, unit dimensions and conversions of the weight. A start
    value of the accumulator other than zero is added afterwards. A weight that is read in any other
    way, by a convolution for instance, is left to be regenerated as a whole.
    """

    name: ClassVar[str] = "seedlm-fuse-generate"

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        changed = False
        for operation in list(walk(module.operation)):
            if operation.name == "tensor.extract":
                changed |= _fuse_gather(operation)
            elif operation.name.startswith("linalg.") and linalg.isa_contraction_op(operation):
                changed |= _fuse_contraction(operation)
        return changed


@dataclass(frozen=True)
class _Generated:
    """A tensor that is a generated weight seen through a view."""

    generate: ir.Operation
    view: View


def _trace(value: ir.Value) -> _Generated | None:
    operation = defining_op(value)
    if operation is None:
        return None
    if operation.name == GENERATE:
        return _Generated(operation, identity_view(2))
    if not operation.operands:
        return None
    source = _trace(operation.operands[0])
    view = view_through(operation, 0, source.view) if source else None
    return _Generated(source.generate, view) if source and view is not None else None


def _fuse_contraction(operation: ir.Operation) -> bool:
    for operand in (0, 1):
        generated = _trace(operation.operands[operand])
        maps = _contract_maps(operation, operand, generated) if generated else None
        if generated and maps:
            _replace_contraction(operation, operand, generated, maps)
            return True
    return False


def _contract_maps(
    operation: ir.Operation, operand: int, generated: _Generated
) -> ContractMaps | None:
    """Returns the maps of the seedlm.contract that `operation` is, None if it is none."""
    use = classify_use(operation, operand, generated.view)
    if use != MatrixUse("contraction", (0,), (1,)):
        return None
    maps = [map_loops(each) for each in indexing_maps(operation)]
    lhs, result = maps[1 - operand], maps[2]
    if lhs is None or result is None:
        return None
    dims = weight_loops(operation, operand, generated.view)
    row, column = (next(loop for loop, dim in dims.items() if dim == d) for d in (0, 1))
    batch = [loop for loop in result if loop != row]
    renamed = {loop: i for i, loop in enumerate([*batch, row, column])}
    if None in renamed or not set(lhs) <= set(renamed):
        return None
    contract = ContractMaps(
        tuple(renamed[loop] for loop in lhs), tuple(renamed[loop] for loop in result)
    )
    return contract if contract.are_valid() else None


def _replace_contraction(
    operation: ir.Operation, operand: int, generated: _Generated, maps: ContractMaps
) -> None:
    codes, scale = generated.generate.operands
    init = operation.operands[2]
    result_type = ir.RankedTensorType(operation.results[0].type)
    with ir.InsertionPoint(operation), operation.location:
        lhs = operation.operands[1 - operand]
        code = code_of(generated.generate)
        result: ir.Value = build_contract(lhs, codes, scale, code, maps, result_type)
        if not _is_zero(init):
            result = add(result, init)
    operation.results[0].replace_all_uses_with(result)
    erase_if_unused(operation)


def _is_zero(value: ir.Value) -> bool:
    """Returns whether `value` is a tensor filled with the constant 0."""
    fill = defining_op(value)
    if fill is None or fill.name != "linalg.fill":
        return False
    attribute = constant_attribute(fill.operands[0])
    return isinstance(attribute, ir.FloatAttr) and attribute.value == 0.0


def _fuse_gather(extract: ir.Operation) -> bool:
    generated = _trace(extract.operands[0])
    if generated is None or generated.view != identity_view(2):
        return False
    indices = gathered_indices(extract)
    if indices is None:
        return False
    assert extract.parent is not None
    generic = extract.parent.operation
    codes, scale = generated.generate.operands
    result_type = ir.RankedTensorType(generic.results[0].type)
    with ir.InsertionPoint(generic), generic.location:
        rows = build_gather(indices, codes, scale, code_of(generated.generate), result_type)
    generic.results[0].replace_all_uses_with(rows)
    generic.erase()
    erase_if_unused(generated.generate)
    return True
