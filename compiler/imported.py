# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model as the compiler takes it: what every frontend returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Imported:
    """A model as MLIR.

    Attributes:
        source: The file that the user named.
        mlir: An MLIR file, text or bytecode, that iree-compile takes.
        parameters: The archives that hold its parameters, by scope.
        input_names: The names of its inputs in order, if the format has them.
        external: Files that `source` has weights in.
    """

    source: Path
    mlir: Path
    parameters: Mapping[str, Path] = field(default_factory=dict)
    input_names: tuple[str, ...] = ()
    external: tuple[Path, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The files that it is read from, which no output may overwrite."""
        return [self.source, *self.parameters.values(), *self.external]
