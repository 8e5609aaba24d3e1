# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The weights that a plan compresses, as a matrix that is read by rows."""

from seedlm.codec import Matrix, StoredMatrix
from seedlm.compiler.ir.elements import dtype_of
from seedlm.compiler.ir.parameters import Archives, parameter_name
from seedlm.passes.weight_plan import WeightPlan


def weight_matrix(plan: WeightPlan, archives: Archives) -> Matrix:
    """Returns the weight of a plan as a matrix [rows, columns].

    Of a parameter whose rows or columns are whole in its archive only slices are read; others, and
    constants in the module, are read as a whole.

    Raises:
        SeedlmError: The weight cannot be read.
    """
    return _stored(plan, archives) or _read(plan, archives)


def dimension_order(plan: WeightPlan) -> list[int]:
    """Returns the weight's dimensions, a row's before a column's; unit dimensions go between."""
    assert plan.matrix is not None
    rows, columns = plan.matrix.rows, plan.matrix.columns
    rest = [i for i in range(plan.weight.type.rank) if i not in rows + columns]
    return [*rows, *rest, *columns]


def _read(plan: WeightPlan, archives: Archives) -> Matrix:
    array = plan.weight.read(archives)
    matrix: Matrix = array.transpose(dimension_order(plan)).reshape(plan.matrix_shape())
    return matrix


def _stored(plan: WeightPlan, archives: Archives) -> StoredMatrix | None:
    parameter = parameter_name(plan.weight.attribute)
    transposed = _is_transposed(plan)
    if parameter is None or transposed is None:
        return None
    place = archives.place(parameter, plan.weight.type)
    dtype = dtype_of(plan.weight.type.element_type)
    if place is None or dtype is None:
        return None
    return StoredMatrix(place.path, place.offset, dtype, plan.matrix_shape(), transposed)


def _is_transposed(plan: WeightPlan) -> bool | None:
    """Returns whether the weight is stored column by column; None if it is neither that way."""
    assert plan.matrix is not None
    shape = plan.weight.type.shape
    rows, columns = (
        [i for i in part if shape[i] != 1] for part in (plan.matrix.rows, plan.matrix.columns)
    )
    if rows + columns == sorted(rows + columns):
        return False
    return True if columns + rows == sorted(columns + rows) else None
