# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contractions as dispatches of the FPGA-style device."""
