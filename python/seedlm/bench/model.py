# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models: modules with codes beside the same model compiled by stock IREE.

All modules are loaded into one process and called in turn (see `seedlm.bench.timing`) with the same
random inputs, which stay on the device. The weights of a model that is larger than the last-level
cache are read from memory in every call.

Stock IREE compiles the model in f32, and in f16, for which it demotes the model: with its default
flags, and with each of its ways to tile data and with microkernels. Not every model compiles in
every way, and which is the fastest differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedlm.bench.engine import Unavailable
from seedlm.bench.engines.codes import instruction_set
from seedlm.bench.iree_program import Parameters, Program, archive, arrays
from seedlm.bench.timing import least_seconds
from seedlm.codec import preset
from seedlm.compiler.imported import Imported
from seedlm.compiler.ir.parameters import Archives, parameter_name
from seedlm.compiler.ir.weights import find_weights
from seedlm.compiler.pipeline import (
    CompileOptions,
    compile_dense,
    compile_module,
    load_input_phase,
)
from seedlm.compiler.signature import input_types
from seedlm.errors import SeedlmError
from seedlm.loader import SCOPE
from seedlm.passes.compress_constants import Progress
from seedlm.verification import random_samples

_BASELINE, _F16 = "iree/f32", "iree/f16"
_ELEMENTS = {_BASELINE: (), _F16: ("--iree-input-demote-f32-to-f16",)}
_MICROKERNELS = "--iree-llvmcpu-enable-ukernels=all"
_FLAGS = (
    (),
    ("--iree-opt-data-tiling", _MICROKERNELS),
    ("--iree-global-opt-data-tiling", _MICROKERNELS),
)

_Key = tuple[str, tuple[str, ...]]  # a name and flags


@dataclass(frozen=True)
class ModelTime:
    """The time of a call of a model.

    Attributes:
        name: What computes, and in which format.
        threads: Threads.
        ms: Least wall time of a call, in milliseconds.
        speed_up: The least time of "iree/f32" over this one.
        cosine: Of all outputs with those of "iree/f32".
        inputs: The shapes of the inputs.
        flags: Flags of stock IREE beyond those for the processor.
    """

    name: str
    threads: int
    ms: float
    speed_up: float
    cosine: float
    inputs: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """How a model is run.

    Attributes:
        codes: Names of presets.
        threads: Threads.
        batch: The first size of inputs where it is dynamic.
        length: Other sizes of inputs where they are dynamic.
        rounds: Turns of each module.
    """

    codes: Sequence[str]
    threads: int
    batch: int
    length: int
    rounds: int


def time_model(
    model: Imported,
    case: Case,
    options: CompileOptions,
    work: Path,
    leave_out: Callable[[str, str], None],
    progress: Progress,
) -> list[ModelTime]:
    """Compiles a model with each code and by stock IREE, and times all that there are.

    Args:
        model: The model.
        case: How it is run.
        options: What codes are compiled with, whatever their code and activations.
        work: A folder for modules.
        leave_out: Called with the name of each module that cannot be made, and the reason.
        progress: See `CompressConstants`.

    Raises:
        SeedlmError: The model is invalid, or cannot be compiled with codes.
    """
    inputs = _inputs(model, case, options, work)
    programs: dict[_Key, Program] = {}
    for (name, demotion), flags in product(_ELEMENTS.items(), _FLAGS):
        own = replace(options, iree_flags=(*demotion, *flags))
        file = work / f"{len(programs)}.vmfb"
        try:
            program = _stock(model, own, file, case.threads, is_f16=name == _F16)
            _first_call(program, inputs)
        except SeedlmError as error:
            leave_out(" ".join((name, *flags)), str(error))
        else:
            programs[name, flags] = program
    for code, activations in product(case.codes, ("f32", "int8")):
        name = f"seedlm/{code}" + ("" if activations == "f32" else "+int8")
        own = replace(options, code=code, activations=activations)
        try:
            instruction_set(preset(code), activations)
        except Unavailable as reason:
            leave_out(name, str(reason))
            continue
        program = _compressed(model, own, work / name.replace("/", "-"), case.threads, progress)
        _first_call(program, inputs)
        programs[name, ()] = program
    seconds = least_seconds(
        {key: each.run for key, each in programs.items()}, case.rounds, partial(progress, "timing")
    )
    return _results(programs, seconds, case.threads, inputs)


def _results(
    programs: Mapping[_Key, Program],
    seconds: Mapping[_Key, float],
    threads: int,
    inputs: Sequence[NDArray[Any]],
) -> list[ModelTime]:
    baselines = [key for key in programs if key[0] == _BASELINE]
    baseline = min(baselines, key=seconds.__getitem__)
    expected = _outputs(programs[baseline])
    shapes = tuple("x".join(map(str, each.shape)) for each in inputs)
    return [
        ModelTime(
            name=name,
            threads=threads,
            ms=1e3 * seconds[name, flags],
            speed_up=seconds[baseline] / seconds[name, flags],
            cosine=_cosine(_outputs(program), expected),
            inputs=shapes,
            flags=flags,
        )
        for (name, flags), program in programs.items()
    ]


def _first_call(program: Program, inputs: Sequence[NDArray[Any]]) -> None:
    program.bind(inputs)
    program.run()


def _inputs(model: Imported, case: Case, options: CompileOptions, work: Path) -> list[NDArray[Any]]:
    types = input_types(load_input_phase(model, work, options))
    samples = random_samples(types, model.input_names, 1, batch=case.batch, length=case.length)
    return samples[0]


def _stock(
    model: Imported, options: CompileOptions, output: Path, threads: int, *, is_f16: bool
) -> Program:
    compile_dense(model, output, options)
    if is_f16:
        return Program(output, threads, _demoted_parameters(model, output.parent))
    indices = {scope: archive(path) for scope, path in model.parameters.items()}
    return Program(output, threads, indices)


def _compressed(
    model: Imported, options: CompileOptions, files: Path, threads: int, progress: Progress
) -> Program:
    output, params = files.with_suffix(".vmfb"), files.with_suffix(".irpa")
    compile_module(model, output, replace(options, params=params), progress)
    return Program(output, threads, {SCOPE: archive(params)})


def _demoted_parameters(model: Imported, work: Path) -> Parameters:
    """Returns the model's parameters with those of f32 in f16."""
    archives = Archives(model.parameters)
    found: dict[str, dict[str, NDArray[Any]]] = {scope: {} for scope in model.parameters}
    for weight in find_weights(load_input_phase(model, work, CompileOptions())):
        name = parameter_name(weight.attribute)
        if name is not None:
            found[name.scope][name.key] = _demoted([weight.read(archives)])[0]
    return {scope: arrays(parameters) for scope, parameters in found.items()}


def _demoted(each: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Returns arrays, those of f32 in f16."""
    return [a.astype(np.float16) if a.dtype == np.float32 else a for a in each]


def _outputs(program: Program) -> NDArray[np.float64]:
    """Returns all numbers of the last call's outputs."""
    return np.concatenate([np.ravel(each).astype(np.float64) for each in program.outputs()])


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms else float(np.array_equal(a, b))
