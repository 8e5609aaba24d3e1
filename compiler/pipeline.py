# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From an imported model to a compiled module, phase by phase."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iree.compiler import ir

from seedlm.codec import Mode, preset
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.compiler.ir.context import (
    first_diagnostic,
    is_mapped,
    make_context,
    parse_module,
    write_bytecode,
    write_module,
    write_text,
)
from seedlm.compiler.ir.parameters import Archives
from seedlm.compiler.ir.values import walk
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.manifest import attach_manifest
from seedlm.compiler.outputs import atomic_outputs, check_distinct, check_output
from seedlm.compiler.report import Report, make_report
from seedlm.compiler.signature import input_types
from seedlm.compiler.targets import Target, find_instruction_set
from seedlm.errors import SeedlmError
from seedlm.passes._pass import Pass
from seedlm.passes.compress_constants import CompressConstants, Progress
from seedlm.passes.cpu_form.kernels import check_activations, kernel_prefix
from seedlm.passes.externalize_constants import ExternalizeConstants
from seedlm.passes.fuse_generate import FuseGenerate
from seedlm.passes.inline_parameters import InlineParameters
from seedlm.passes.lower_to_cpu import LowerToCpu
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.pack_codes import PackCodes
from seedlm.passes.pipeline import run_pipeline
from seedlm.passes.upstream import UpstreamPass
from seedlm.passes.weight_plan import Selection

_NO_SYMBOLS = "--iree-llvmcpu-debug-symbols=false"
PHASES = ("input", "seedlm", "linalg", "vm")


@dataclass(frozen=True)
class CompileOptions:
    """How a model is compiled.

    Attributes:
        code: Name of the preset code.
        selection: Which weights are compressed.
        target: The device.
        activations: What CPU kernels multiply weights with, one of `ACTIVATIONS`.
        params: An archive that codes and weights are written to; None keeps them in the module.
        compile_to: A phase of `PHASES` to stop after; None for a .vmfb.
        mode: How seeds are searched for, see `seedlm.codec.encode`.
        threads: Threads to encode with; all cores if None.
        iree_flags: More flags for iree-compile.
    """

    code: str = "paper-4bit"
    selection: Selection = field(default_factory=Selection)
    target: Target = field(default_factory=Target)
    activations: str = "f32"
    params: Path | None = None
    compile_to: str | None = None
    mode: Mode = "fast"
    threads: int | None = None
    iree_flags: tuple[str, ...] = ()


def compile_module(
    source: Path,
    mlir: Path,
    parameters: Mapping[str, Path],
    output: Path,
    options: CompileOptions,
    progress: Progress | None = None,
    external: Sequence[Path] = (),
) -> Report:
    """Compresses and compiles an imported model.

    Args:
        source: The file that errors name.
        mlir: The model as MLIR, in a dialect that iree-compile takes as input.
        parameters: The archives of its parameters, by scope.
        output: The file to write: a .vmfb, or MLIR (bytecode if it ends in .mlirbc) of a phase.
        options: How to compile.
        progress: See `CompressConstants`.
        external: Further files that no output may overwrite.

    Raises:
        SeedlmError: The model, a weight, an option or an output is invalid, or IREE failed. No
            output is touched then.
    """
    outputs = [output] if options.params is None else [output, options.params]
    check_distinct(outputs)
    for each in outputs:
        check_output(each, [source, mlir, *parameters.values(), *external])
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder, atomic_outputs(outputs) as files:
        module = load_input_phase(source, mlir, Path(folder), options)
        archives = Archives(parameters)
        isa = find_instruction_set(_flags(options), source, Path(folder))
        compress = _compress_pass(options, isa, archives, progress)
        _run(source, module, _passes(compress, options, isa))
        report = make_report(compress, input_types(module))
        attach_manifest(module, report.to_json())
        _run(source, module, [_parameters_pass(files, report, archives)])
        _emit(source, module, output, files[0], Path(folder), options)
    return report


def plan_module(
    source: Path, mlir: Path, options: CompileOptions, parameters: Mapping[str, Path]
) -> Report:
    """Returns what `compile_module` would do, without encoding anything.

    Raises:
        SeedlmError: The model or an option is invalid, or IREE failed.
    """
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder:
        module = load_input_phase(source, mlir, Path(folder), options)
        isa = find_instruction_set(_flags(options), source, Path(folder))
        compress = _compress_pass(options, isa, Archives(parameters), None)
        try:
            with module.context:
                compress.plans = compress.plan(module)
                return make_report(compress, input_types(module))
        except SeedlmError as error:
            raise SeedlmError(f"{source}: {error}") from None


def compile_dense(source: Path, mlir: Path, output: Path, options: CompileOptions) -> None:
    """Compiles a model by stock IREE with the same flags, its parameters left where they are.

    Raises:
        SeedlmError: IREE failed.
    """
    run_iree_compile([str(mlir), *_flags(options), "-o", str(output)], source)


def load_input_phase(source: Path, mlir: Path, work: Path, options: CompileOptions) -> ir.Module:
    """Returns the model in IREE's `input` phase: linalg on tensors.

    Raises:
        SeedlmError: IREE failed.
    """
    lowered = work / "input.mlir"
    arguments = [str(mlir), *_flags(options), "--compile-to=input", "-o", str(lowered)]
    run_iree_compile([*arguments, "--emit-mlir-bytecode"], source)
    if not is_mapped(lowered):
        run_iree_compile(arguments, source)
    return parse_module(lowered, make_context())


def _flags(options: CompileOptions) -> list[str]:
    """Returns the flags of every run of iree-compile."""
    return [*options.target.iree_flags(), *options.iree_flags]


def _compress_pass(
    options: CompileOptions, isa: str | None, archives: Archives, progress: Progress | None
) -> CompressConstants:
    code = preset(options.code)
    check_activations(options.activations, code, isa)
    has_kernels = isa is not None and kernel_prefix(code) is not None
    return CompressConstants(
        code=options.code,
        selection=options.selection,
        archives=archives,
        mode=options.mode,
        threads=options.threads,
        tile_rows=TILE_ROWS if has_kernels else 1,
        progress=progress,
    )


def _passes(compress: CompressConstants, options: CompileOptions, isa: str | None) -> list[Pass]:
    """Returns the passes up to the phase to stop after; `isa` is that of the microkernels."""
    if options.compile_to == "input":
        return []
    if options.compile_to == "seedlm":
        return [compress, FuseGenerate()]
    on_cpu = [] if isa is None else [LowerToCpu(isa, options.activations)]
    return [compress, FuseGenerate(), PackCodes(bool(on_cpu)), *on_cpu, LowerToLinalg()]


def _parameters_pass(files: list[Path], report: Report, archives: Archives) -> Pass:
    if len(files) == 1:
        return InlineParameters(archives)
    return ExternalizeConstants(files[1], archives, manifest=report.to_json())


def _run(source: Path, module: ir.Module, passes: list[Pass]) -> None:
    try:
        with module.context:
            run_pipeline(module, passes)
    except ir.MLIRError as error:
        raise SeedlmError(f"{source}: {first_diagnostic(error)}") from None
    except SeedlmError as error:
        raise SeedlmError(f"{source}: {error}") from None


def _emit(
    source: Path,
    module: ir.Module,
    output: Path,
    file: Path,
    work: Path,
    options: CompileOptions,
) -> None:
    """Writes `module` to `file`, compiled as far as `options` say; `output` names its format."""
    if options.compile_to in ("input", "seedlm", "linalg"):
        _write_mlir(module, output, file)
        return
    left = [op.name for op in walk(module.operation) if op.name.startswith("seedlm.")]
    if left:
        raise SeedlmError(f"{source}: internal error: {left[0]} was not lowered")
    # Locations name temporary files, which would make every output different; and IREE writes
    # uninitialised bytes into the debug symbols of operations that have none.
    UpstreamPass("strip-debuginfo").run(module)
    transformed = work / "transformed.mlir"
    write_module(module, transformed)
    flags = [*options.target.iree_flags(), _NO_SYMBOLS, *options.iree_flags]
    phase = [] if options.compile_to is None else [f"--compile-to={options.compile_to}"]
    if options.compile_to is not None and output.suffix == ".mlirbc":
        phase.append("--emit-mlir-bytecode")
    arguments = [str(transformed), *flags, "--compile-from=input", *phase, "-o", str(file)]
    run_iree_compile(arguments, source)


def _write_mlir(module: ir.Module, output: Path, file: Path) -> None:
    if output.suffix == ".mlirbc":
        write_bytecode(module, file)
    else:
        write_text(module, file)
