# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From an imported model to a compiled module, phase by phase."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from iree.compiler import ir

from seedlm.codec import CodeStore, Mode, Statistics
from seedlm.codec.cells import forget_tables
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.compiler.imported import Imported
from seedlm.compiler.ir.blobs import Blobs
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
from seedlm.compiler.vulkan_target import check_types, set_portable_target
from seedlm.errors import SeedlmError
from seedlm.passes._pass import Pass
from seedlm.passes.code_plan import DEFAULT_CODE, Budget, CodePlan
from seedlm.passes.compress_constants import CompressConstants, Progress
from seedlm.passes.externalize_constants import ExternalizeConstants
from seedlm.passes.fuse_generate import FuseGenerate
from seedlm.passes.inline_parameters import InlineParameters
from seedlm.passes.instrument_activations import InstrumentActivations
from seedlm.passes.lower_to_cpu import LowerToCpu
from seedlm.passes.lower_to_fpga import LowerToFpga
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.lower_to_vulkan import LowerToVulkan
from seedlm.passes.pack_codes import PackCodes
from seedlm.passes.pipeline import run_pipeline
from seedlm.passes.upstream import UpstreamPass
from seedlm.passes.weight_plan import Selection, WeightPlan

_NO_SYMBOLS = "--iree-llvmcpu-debug-symbols=false"
PHASES = ("input", "seedlm", "linalg", "vm")


@dataclass(frozen=True)
class CompileOptions:
    """How a model is compiled.

    Attributes:
        code: Name of the preset code of all weights but those of `code_for`.
        code_for: Pairs of a glob pattern of tensor names and the name of a preset, or "dense"; the
            first pattern that matches counts.
        budget: Bits from which the codes of weights are chosen, instead of `code`.
        selection: Which weights are compressed.
        target: The device.
        activations: What CPU kernels multiply weights with: activations as they are, "f32"; few
            rows of them rounded to 8 bits for codes that have kernels for that, "int8"; or that
            where it is faster, "auto".
        params: An archive that codes and weights are written to; None keeps them in the module.
        compile_to: A phase of `PHASES` to stop after; None for a .vmfb.
        calibration: What the weights are multiplied with, for codes that keep the outputs rather
            than the weights; see `seedlm.calibrate`. None for codes free of data.
        mode: How seeds are searched for, see `seedlm.codec.encode`.
        threads: Threads to encode with; all cores if None.
        memory_limit: Bytes that encoding may take, see `seedlm.codec.encode`; None for no limit.
        work_dir: A folder where codes are kept, so that an interrupted compilation that is started
            again goes on where it was; see `seedlm.codec.CodeStore`. None to keep nothing.
        iree_flags: More flags for iree-compile.
    """

    code: str = DEFAULT_CODE
    code_for: tuple[tuple[str, str], ...] = ()
    budget: Budget | None = None
    selection: Selection = field(default_factory=Selection)
    target: Target = field(default_factory=Target)
    activations: str = "auto"
    params: Path | None = None
    compile_to: str | None = None
    calibration: Statistics | None = None
    mode: Mode = "fast"
    threads: int | None = None
    memory_limit: int | None = None
    work_dir: Path | None = None
    iree_flags: tuple[str, ...] = ()


def compile_module(
    model: Imported, output: Path, options: CompileOptions, progress: Progress | None = None
) -> Report:
    """Compresses and compiles an imported model.

    Args:
        model: The model, in a dialect that iree-compile takes as input.
        output: The file to write: a .vmfb, or MLIR (bytecode if it ends in .mlirbc) of a phase.
        options: How to compile.
        progress: See `CompressConstants`.

    Raises:
        SeedlmError: The model, a weight, an option or an output is invalid, or IREE failed. No
            output is touched then.
    """
    outputs = [output] if options.params is None else [output, options.params]
    check_distinct(outputs)
    for each in outputs:
        check_output(each, [model.mlir, *model.files])
    store = None if options.work_dir is None else CodeStore(options.work_dir)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder, atomic_outputs(outputs) as files:
        module = load_input_phase(model, Path(folder), options)
        archives, blobs = Archives(model.parameters), Blobs(Path(folder))
        isa = find_instruction_set(_flags(options), model.source, Path(folder))
        compress = _compress_pass(options, isa, archives)
        compress.progress, compress.blobs, compress.store = progress, blobs, store
        _run(model.source, module, _passes(compress, options, isa))
        forget_tables()
        _set_target(model.source, module, Path(folder), options)
        report = make_report(compress, input_types(module), options.target.name)
        attach_manifest(module, report.to_json())
        _run(model.source, module, [_parameters_pass(files, report, archives, blobs)])
        _emit(model.source, module, output, files[0], Path(folder), options)
    return report


def plan_module(model: Imported, options: CompileOptions) -> Report:
    """Returns what `compile_module` would do, without encoding anything.

    Raises:
        SeedlmError: The model or an option is invalid, or IREE failed.
    """
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder:
        module = load_input_phase(model, Path(folder), options)
        isa = find_instruction_set(_flags(options), model.source, Path(folder))
        compress = _compress_pass(options, isa, Archives(model.parameters))
        try:
            with module.context:
                compress.plans = compress.plan(module)
                return make_report(compress, input_types(module), options.target.name)
        except SeedlmError as error:
            raise SeedlmError(f"{model.source}: {error}") from None


def compile_dense(model: Imported, output: Path, options: CompileOptions) -> None:
    """Compiles a model by stock IREE, its parameters left where they are.

    It is compiled for the CPU of the options, whatever the target.

    Raises:
        SeedlmError: IREE failed.
    """
    options = replace(options, target=Target(cpu=options.target.cpu))
    run_iree_compile([str(model.mlir), *_flags(options), "-o", str(output)], model.source)


@dataclass(frozen=True)
class InstrumentedModule:
    """A module that measures what its weights are multiplied with.

    Attributes:
        inputs: The tensor types of the entry point's inputs.
        plans: The weights that are measured, see `InstrumentActivations`.
    """

    inputs: list[str]
    plans: list[WeightPlan]


def compile_instrumented(
    model: Imported, output: Path, options: CompileOptions
) -> InstrumentedModule:
    """Compiles a model, instrumented, for the host's processor; parameters stay where they are.

    Raises:
        SeedlmError: The model or an option is invalid, or IREE failed.
    """
    options = replace(options, target=Target(), compile_to=None)
    instrument = InstrumentActivations(_code_plan(options), options.selection)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder:
        module = load_input_phase(model, Path(folder), options)
        _run(model.source, module, [instrument])
        inputs = input_types(module)
        _emit(model.source, module, output, output, Path(folder), options)
    return InstrumentedModule(inputs, instrument.plans)


def load_input_phase(model: Imported, work: Path, options: CompileOptions) -> ir.Module:
    """Returns the model in IREE's `input` phase: linalg on tensors.

    Raises:
        SeedlmError: IREE failed.
    """
    lowered = work / "input.mlir"
    arguments = [str(model.mlir), *_flags(options), "--compile-to=input", "-o", str(lowered)]
    run_iree_compile([*arguments, "--emit-mlir-bytecode"], model.source)
    if not is_mapped(lowered):
        run_iree_compile(arguments, model.source)
    return parse_module(lowered, make_context(), model.source)


def _flags(options: CompileOptions) -> list[str]:
    """Returns the flags of every run of iree-compile."""
    return [*options.target.iree_flags(), *options.iree_flags]


def _code_plan(options: CompileOptions) -> CodePlan:
    return CodePlan(options.code, options.code_for, options.budget)


def _set_target(source: Path, module: ir.Module, work: Path, options: CompileOptions) -> None:
    if options.target.is_portable_vulkan:
        set_portable_target(module)
    elif options.target.name == "vulkan":
        check_types(module, _flags(options), source, work)


def _compress_pass(
    options: CompileOptions, isa: str | None, archives: Archives
) -> CompressConstants:
    return CompressConstants(
        codes=_code_plan(options),
        selection=options.selection,
        archives=archives,
        statistics=options.calibration,
        mode=options.mode,
        threads=options.threads,
        memory_limit=options.memory_limit,
        tile_rows=1 if isa is None else TILE_ROWS,
        offload=options.target.offload,
    )


def _passes(compress: CompressConstants, options: CompileOptions, isa: str | None) -> list[Pass]:
    """Returns the passes up to the phase to stop after; `isa` is that of the microkernels."""
    if options.compile_to == "input":
        return []
    if options.compile_to == "seedlm":
        return [compress, FuseGenerate()]
    offload = options.target.offload
    on_fpga = [] if offload is None else [LowerToFpga(offload, compress.blobs)]
    kernels: list[Pass] = [] if isa is None else [LowerToCpu(isa, options.activations)]
    if options.target.name == "vulkan":
        kernels.append(LowerToVulkan())
    pack = PackCodes(compress.blobs, cpu_kernels=isa is not None)
    return [compress, FuseGenerate(), *on_fpga, pack, *kernels, LowerToLinalg()]


def _parameters_pass(files: list[Path], report: Report, archives: Archives, blobs: Blobs) -> Pass:
    if len(files) == 1:
        return InlineParameters(archives)
    return ExternalizeConstants(files[1], archives, blobs, manifest=report.to_json())


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
