# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLIR files: what is written can be read, whatever the alignment of its resources."""

from pathlib import Path

import pytest
from iree.compiler import ir

from seedlm.compiler.ir.context import (
    is_mapped,
    make_context,
    parse_module,
    write_bytecode,
    write_module,
    write_text,
)
from seedlm.compiler.iree import run_iree_compile
from seedlm.errors import SeedlmError

BYTECODE = b"ML\xefR"


def module_with_resource(size: int, alignment: int) -> ir.Module:
    """A module that returns a resource of `size` zero bytes."""
    blob = alignment.to_bytes(4, "little") + bytes(size)
    text = f"""
      func.func @main() -> tensor<{size}xi8> {{
        %w = arith.constant dense_resource<w> : tensor<{size}xi8>
        return %w : tensor<{size}xi8>
      }}
      {{-# dialect_resources: {{ builtin: {{ w: "0x{blob.hex()}" }} }} #-}}
    """
    return ir.Module.parse(text, make_context())


@pytest.mark.parametrize("alignment", [1, 16, 64])
@pytest.mark.parametrize("size", [100, 10_000, 20_000, 100_000])
def test_written_modules_are_read(size: int, alignment: int, tmp_path: Path) -> None:
    path = tmp_path / "module.mlir"
    module = module_with_resource(size, alignment)
    write_module(module, path)
    assert path.read_bytes().startswith(BYTECODE) == (size > 16_000)
    assert str(parse_module(path, make_context())) == str(module)


def test_files_of_whole_pages(tmp_path: Path) -> None:
    """They are read into a buffer of any size, where large alignments are not kept."""
    path = tmp_path / "module.mlir"
    write_bytecode(module_with_resource(28_000, 64), path)
    module = module_with_resource(28_000 + -path.stat().st_size % 4096, 64)
    write_bytecode(module, path)
    assert path.stat().st_size % 4096 == 0
    assert not is_mapped(path)
    write_module(module, path)
    assert not path.read_bytes().startswith(BYTECODE)
    run_iree_compile([str(path), "--compile-to=input", "-o", str(tmp_path / "out")], path)


def test_locations(tmp_path: Path) -> None:
    path = tmp_path / "module.mlir"
    module = ir.Module.parse('func.func private @f() loc("model.py":3:4)', make_context())
    write_text(module, path)
    assert "model.py" not in path.read_text()
    write_text(module, path, locations=True)
    assert "model.py" in path.read_text()


@pytest.mark.parametrize("content", ["func.func @f(", "hello", "\0\1\2"])
def test_not_mlir(content: str, tmp_path: Path) -> None:
    path = tmp_path / "module.mlir"
    path.write_text(content)
    with pytest.raises(SeedlmError, match=rf"{path}: 1:\d+: ") as error:
        parse_module(path, make_context())
    assert len(str(error.value).splitlines()) == 1


def test_error_of_a_temporary_file_names_the_users(tmp_path: Path) -> None:
    path = tmp_path / "input.mlir"
    path.write_text("func.func @f(")
    with pytest.raises(SeedlmError, match=r"^model\.onnx: 1:\d+: "):
        parse_module(path, make_context(), Path("model.onnx"))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SeedlmError, match="could not open"):
        parse_module(tmp_path / "none.mlir", make_context())
