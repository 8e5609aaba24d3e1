# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-inspect: what a module or an archive holds, and whether it is whole."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import Workspace, assert_one_line
from judge import run_stock
from small_models import (
    gaussian,
    save_model,
    two_layer_model,
)

from seedlm.compiler.report import FORMAT
from seedlm.inspection import read_report, verify_file


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, bytes]:
    """A module with its archive, and a module without one."""
    import seedlm
    from seedlm.compiler.pipeline import CompileOptions

    folder = tmp_path_factory.mktemp("written")
    model = save_model(two_layer_model(), folder / "model.onnx")
    seedlm.compile(model, folder / "m.vmfb", CompileOptions(params=folder / "m.irpa"))
    seedlm.compile(model, folder / "inline.vmfb")
    names = ("m.vmfb", "m.irpa", "inline.vmfb")
    module, archive, inline = ((folder / name).read_bytes() for name in names)
    return module, archive, inline


@pytest.fixture
def files(workspace: Workspace, written: tuple[bytes, bytes, bytes]) -> dict[str, Path]:
    paths = [workspace.folder / name for name in ("m.vmfb", "m.irpa", "inline.vmfb")]
    for path, content in zip(paths, written, strict=True):
        path.write_bytes(content)
    return {path.name: path for path in paths}


NAMES = ("m.vmfb", "m.irpa", "inline.vmfb")


@pytest.mark.parametrize("name", NAMES)
def test_table(name: str, workspace: Workspace, files: dict[str, Path]) -> None:
    result = workspace.inspect(files[name])
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split()[:6] == ["tensor", "shape", "use", "code", "bits", "error"]
    first = lines[1].split()
    assert first[:5] == ["layer1.weight", "64x128", "contraction", "seed-4bit", "4.250"]
    assert 0.09 < float(first[5]) < 0.13
    assert "2 of 3 tensors compressed with seed-4bit: 65.5 kB -> 8.6 kB" in lines


@pytest.mark.parametrize("name", NAMES)
def test_json(name: str, workspace: Workspace, files: dict[str, Path]) -> None:
    result = workspace.inspect(files[name], "--json")
    manifest = json.loads(result.out)
    assert [t["name"] for t in manifest["tensors"]] == [
        "layer1.weight",
        "layer1.bias",
        "layer2.weight",
    ]
    assert manifest["format"] == FORMAT
    assert read_report(files[name]).to_json() == result.out.strip()


@pytest.mark.parametrize("name", NAMES)
def test_verify(name: str, workspace: Workspace, files: dict[str, Path]) -> None:
    result = workspace.inspect(files[name], "--verify")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == f"{files[name]}: contents match their checksums"


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("tenth", range(1, 10))
def test_flipped_bit_in_a_module(tenth: int, workspace: Workspace, files: dict[str, Path]) -> None:
    path = files["inline.vmfb"]
    flip(path, path.stat().st_size * tenth // 10)
    assert_one_line(workspace.inspect(path, "--verify"), "seedlm-inspect", f"{path}: damaged")


@pytest.mark.parametrize("name", ["layer1.weight.codes.tiles", "layer1.bias", "seedlm.manifest"])
def test_flipped_bit_in_an_archive(name: str, workspace: Workspace, files: dict[str, Path]) -> None:
    import iree.runtime

    path = files["m.irpa"]
    index = iree.runtime.ParameterIndex()
    index.load(str(path))
    entry = bytes(dict(index.items())[name].file_view)
    flip(path, path.read_bytes().index(entry) + len(entry) // 2)
    says = (f"{path}: parameter '{name}' is damaged (checksum mismatch)",)
    assert_one_line(workspace.inspect(path, "--verify"), "seedlm-inspect", *says)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.85])
def test_truncated_file(
    name: str, kept: float, workspace: Workspace, files: dict[str, Path]
) -> None:
    path = files[name]
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    for flags in ((), ("--verify",), ("--json",)):
        assert_one_line(workspace.inspect(path, *flags), "seedlm-inspect", f"{path}: ")


@pytest.mark.parametrize("suffix", [".vmfb", ".irpa"])
@pytest.mark.parametrize("content", [b"text\n" * 1000, bytes(5000)])
def test_other_content(suffix: str, content: bytes, workspace: Workspace) -> None:
    path = workspace.folder / f"m{suffix}"
    path.write_bytes(content)
    for flags in ((), ("--verify",)):
        assert_one_line(workspace.inspect(path, *flags), "seedlm-inspect", f"{path}: ")


@pytest.mark.parametrize("suffix", [".vmfb", ".irpa"])
def test_missing_file_and_folder(suffix: str, workspace: Workspace) -> None:
    path = workspace.folder / f"m{suffix}"
    assert_one_line(workspace.inspect(path), "seedlm-inspect", f"{path}: no such file")
    path.mkdir()
    assert_one_line(workspace.inspect(path), "seedlm-inspect", f"{path}: ")


def test_unknown_suffix(workspace: Workspace) -> None:
    path = workspace.folder / "m.onnx"
    path.touch()
    assert_one_line(workspace.inspect(path), "seedlm-inspect", "neither .vmfb nor .irpa")


def test_module_of_stock_iree(workspace: Workspace) -> None:
    model = two_layer_model()
    save_model(model, workspace.folder / "model.onnx")
    run_stock(workspace.folder / "model.onnx", model.inputs, workspace.folder)
    path = workspace.folder / "stock.vmfb"
    says = (f"{path}: not written by seedlm (it has no manifest)",)
    assert_one_line(workspace.inspect(path), "seedlm-inspect", *says)


def test_archive_of_stock_iree(workspace: Workspace) -> None:
    import iree.runtime

    path = workspace.folder / "stock.irpa"
    index = iree.runtime.ParameterIndex()
    index.add_buffer("w", gaussian(4, 4))
    index.create_archive_file(str(path))
    assert_one_line(workspace.inspect(path), "seedlm-inspect", "not written by seedlm")
    says = (f"{path}: parameter 'w' has no checksum",)
    assert_one_line(workspace.inspect(path, "--verify"), "seedlm-inspect", *says)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "damaged seedlm manifest"),
        ("[1]", "damaged seedlm manifest"),
        ('{"tensors": 3}', "damaged seedlm manifest"),
        ('{"tensors": [{"name": "w"}]}', "damaged seedlm manifest"),
        ("\udcff", "damaged seedlm manifest"),
        (
            '{"tensors": [], "version": "9", "code": "c", "inputs": [], "format": 99}',
            f"seedlm manifest of format 99, not {FORMAT}",
        ),
    ],
)
def test_damaged_manifest(text: str, reason: str, workspace: Workspace) -> None:
    import iree.runtime

    path = workspace.folder / "m.irpa"
    index = iree.runtime.ParameterIndex()
    content = np.frombuffer(text.encode(errors="surrogateescape") or b" ", np.uint8)
    index.add_buffer("seedlm.manifest", content)
    index.create_archive_file(str(path))
    assert_one_line(workspace.inspect(path), "seedlm-inspect", f"{path}: {reason}")


def test_module_without_entries(workspace: Workspace) -> None:
    path = workspace.folder / "m.vmfb"
    with zipfile.ZipFile(path, "w"):
        pass
    for flags in ((), ("--verify",)):
        assert_one_line(workspace.inspect(path, *flags), "seedlm-inspect", f"{path}: ")


def test_verify_file_is_silent_on_whole_files(files: dict[str, Path]) -> None:
    for path in files.values():
        verify_file(path)
