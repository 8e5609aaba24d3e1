# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract: an activation multiplied by a weight that is regenerated on the fly."""

from dataclasses import dataclass

from iree.compiler import ir

from seedlm.codec import Code
from seedlm.compiler.dialect.checks import check_weight, float_tensor_type
from seedlm.compiler.dialect.code_attributes import code_attributes, code_of
from seedlm.errors import SeedlmError

CONTRACT = "seedlm.contract"


@dataclass(frozen=True)
class ContractMaps:
    """The loops of a contraction: (batch.., n, k), each a position in the tensors.

    Attributes:
        lhs: The loop of each dimension of the activation: all batch loops and k, once each.
        result: The loop of each dimension of the result: all batch loops and n, once each.
    """

    lhs: tuple[int, ...]
    result: tuple[int, ...]

    @property
    def loops(self) -> int:
        """Number of loops, batch loops + 2."""
        return len(self.lhs) + 1

    @property
    def row(self) -> int:
        """The loop n over the weight's rows."""
        return self.loops - 2

    @property
    def column(self) -> int:
        """The loop k over the weight's columns."""
        return self.loops - 1

    @property
    def batch(self) -> tuple[int, ...]:
        """The other loops, in the order of the result."""
        return tuple(loop for loop in self.result if loop != self.row)

    def are_valid(self) -> bool:
        """Returns whether both maps are permutations of their loops."""
        batch = set(range(self.row))
        return sorted(self.lhs) == sorted(batch | {self.column}) and sorted(self.result) == sorted(
            batch | {self.row}
        )


def build_contract(
    lhs: ir.Value,
    codes: ir.Value,
    scale: ir.Value,
    code: Code,
    maps: ContractMaps,
    result_type: ir.RankedTensorType,
) -> ir.OpResult:
    """Builds `result = seedlm.contract(lhs, codes, scale)` of type `result_type`."""
    attributes = code_attributes(code)
    attributes["indexing_maps"] = ir.ArrayAttr.get(
        [_map_attribute(maps.lhs, maps.loops), _map_attribute(maps.result, maps.loops)]
    )
    return ir.Operation.create(
        CONTRACT, results=[result_type], operands=[lhs, codes, scale], attributes=attributes
    ).result


def contract_maps(operation: ir.Operation) -> ContractMaps:
    """Returns the maps of a seedlm.contract.

    Raises:
        SeedlmError: They are not two permutations over the loops (batch.., n, k).
    """
    try:
        lhs, result = ir.ArrayAttr(operation.attributes["indexing_maps"])
        return ContractMaps(_loops_of(lhs), _loops_of(result))
    except (KeyError, ValueError):
        raise SeedlmError("'indexing_maps' must be two permutations: lhs and result") from None


def verify_contract(operation: ir.Operation) -> None:
    """Checks what IRDL cannot say of a seedlm.contract.

    Raises:
        SeedlmError: A shape, type, map, attribute or constant record is invalid.
    """
    lhs, codes, scale = operation.operands
    lhs_type = float_tensor_type(lhs, "lhs")
    result_type = float_tensor_type(operation.result, "result")
    maps = contract_maps(operation)
    if not maps.are_valid() or len(maps.lhs) != lhs_type.rank or lhs_type.rank != result_type.rank:
        raise SeedlmError(
            "'indexing_maps' must permute lhs and result over the loops (batch.., n, k)"
        )
    sizes = dict(zip(maps.result, result_type.shape, strict=True))
    for loop, size in zip(maps.lhs, lhs_type.shape, strict=True):
        if sizes.setdefault(loop, size) != size:
            raise SeedlmError(f"'lhs' and 'result' disagree on the size of loop d{loop}")
    rows, columns = sizes[maps.row], sizes[maps.column]
    if ir.ShapedType.get_dynamic_size() in (rows, columns):
        raise SeedlmError("the loops n and k must have static sizes")
    check_weight(codes, scale, code_of(operation), rows, columns)


def _map_attribute(dimensions: tuple[int, ...], loops: int) -> ir.AffineMapAttr:
    results = [ir.AffineDimExpr.get(loop) for loop in dimensions]
    return ir.AffineMapAttr.get(ir.AffineMap.get(loops, 0, results))


def _loops_of(attribute: ir.Attribute) -> tuple[int, ...]:
    results = ir.AffineMapAttr(attribute).value.results
    return tuple(ir.AffineDimExpr(each).position for each in results)
