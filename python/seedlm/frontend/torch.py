# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch programs saved by torch.export.save, by IREE's FX importer (needs the torch extra)."""

from pathlib import Path
from typing import Any

import iree.runtime
import ml_dtypes
import numpy as np
from iree.compiler import ir
from iree.compiler.dialects import util
from iree.runtime import parameter_index_add_numpy_ndarray
from numpy.typing import NDArray

from seedlm.compiler.ir.context import write_bytecode
from seedlm.compiler.ir.elements import element_type_of
from seedlm.compiler.ir.parameters import ParameterName, parameter_attribute
from seedlm.errors import SeedlmError
from seedlm.frontend.imported import Imported

try:
    import torch
    from iree.compiler.extras.fx_importer import FxImporter, FxImporterHooks
except ImportError:
    raise SeedlmError("importing .pt2 files needs PyTorch: pip install 'seedlm[torch]'") from None
