# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line tools: each parses flags, calls the library and maps errors to exit codes."""
