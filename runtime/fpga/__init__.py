# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sources of the FPGA-style device: Verilog, the simulator and IREE's plugin."""
