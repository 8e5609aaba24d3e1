# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How fast encoders, products with weights, and whole models are, beside what else there is."""
