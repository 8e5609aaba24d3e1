// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lists of seeds of cells.
#pragma once

#include "cells.h"

namespace seedlm {

// Fills `positions` and `bounds` of cells whose directions are set.
void list_seeds(const Subspaces &subspaces, const CellKernel &kernel,
                int threads, Cells &cells);

} // namespace seedlm
