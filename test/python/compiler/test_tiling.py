# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pytest

from seedlm.passes.cpu_form.tiling import Tiling, choose_tiling, rounds_in_workgroups


def workgroups(rows: int, columns: int, batch: int | None) -> int:
    return -(-rows // choose_tiling(rows, columns, batch, on_stack=False).rows)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (64, 64), (128, 128), (200, 40), (256, 256)])
def test_tiny_products_are_not_cut(rows: int, columns: int) -> None:
    assert workgroups(rows, columns, 1) == 1


def test_larger_batches_are_worth_more_workgroups() -> None:
    assert [workgroups(256, 256, batch) for batch in (1, 2, 4, None)] == [1, 2, 4, 4]


@pytest.mark.parametrize(("rows", "columns"), [(576, 576), (1536, 576), (1024, 1024), (30000, 64)])
def test_small_products_have_few_workgroups(rows: int, columns: int) -> None:
    assert 2 <= workgroups(rows, columns, None) <= 8


@pytest.mark.parametrize(("rows", "columns"), [(2048, 2048), (4096, 4096), (49152, 576)])
def test_large_products_have_enough_for_many_workers(rows: int, columns: int) -> None:
    assert 32 <= workgroups(rows, columns, 1) <= 64


def test_results_on_the_stack_are_of_one_tile() -> None:
    assert choose_tiling(4096, 4096, None, on_stack=True) == Tiling(64, 64)


def test_small_products_round_activations_themselves() -> None:
    assert rounds_in_workgroups(576 * 576, 8064, on_stack=False)
    assert not rounds_in_workgroups(576 * 576, 8064, on_stack=True)
    assert not rounds_in_workgroups(4096 * 4096, 8192, on_stack=False)
    assert not rounds_in_workgroups(64 * 8192, 7 * 16384, on_stack=False)
