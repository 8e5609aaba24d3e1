# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and checking what seedlm-compile wrote."""

import zipfile
from pathlib import Path

import iree.runtime as rt

from seedlm.compiler.ir.parameters import load_archive, verify_archive
from seedlm.compiler.report import Report, report_from_json
from seedlm.errors import SeedlmError
from seedlm.loader import read_manifest
from seedlm.passes.externalize_constants import MANIFEST


def read_report(path: Path) -> Report:
    """Returns the report kept in a .vmfb or .irpa file.

    Raises:
        SeedlmError: The file is missing, damaged or was not written by seedlm.
    """
    _check_file(path)
    text = _archive_manifest(path) if path.suffix == ".irpa" else _module_manifest(path)
    if text is None:
        raise SeedlmError(f"{path}: not written by seedlm (it has no manifest)")
    try:
        return report_from_json(text)
    except SeedlmError as error:
        raise SeedlmError(f"{path}: {error}") from None


def verify_file(path: Path) -> None:
    """Checks the contents of a .vmfb (by its zip entries' CRC-32) or .irpa (by SHA-256).

    Raises:
        SeedlmError: The file is missing or damaged, or has no checksums.
    """
    _check_file(path)
    if path.suffix == ".irpa":
        verify_archive(path)
        return
    try:
        with zipfile.ZipFile(path) as entries:
            damaged = entries.testzip()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise SeedlmError(f"{path}: damaged, or compiled without checksums") from None
    if damaged is not None:
        raise SeedlmError(f"{path}: damaged: checksum mismatch in {damaged}")


def _check_file(path: Path) -> None:
    if path.suffix not in (".vmfb", ".irpa"):
        raise SeedlmError(f"{path}: neither .vmfb nor .irpa")
    if not path.is_file():
        raise SeedlmError(f"{path}: no such file")


def _archive_manifest(path: Path) -> str | None:
    entry = load_archive(path).get(MANIFEST)
    return None if entry is None else bytes(entry.file_view).decode(errors="replace")


def _module_manifest(path: Path) -> str | None:
    try:
        module = rt.VmModule.copy_buffer(rt.VmInstance(), path.read_bytes())
    except (ValueError, RuntimeError) as error:
        raise SeedlmError(f"{path}: not a module: {str(error).splitlines()[0]}") from None
    return read_manifest(module)
