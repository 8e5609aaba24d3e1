# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's ONNX importer as a program: `python -m seedlm.frontend._import_onnx ARGUMENTS`.

IREE 3.13 hands --data-dir to onnx as a Path, which onnx refuses; here it is a string.
"""

import sys

from iree.compiler.tools.import_onnx.__main__ import main, parse_arguments

if __name__ == "__main__":
    arguments = parse_arguments()
    arguments.data_dir = str(arguments.data_dir)
    sys.exit(main(arguments))
