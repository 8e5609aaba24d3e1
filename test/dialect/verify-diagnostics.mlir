// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not seedlm-opt --split-input-file --verify-diagnostics %s 2>&1 | FileCheck %s

// --verify-diagnostics fails on an error that is missing, and on one that is not expected.

// CHECK: line [[# @LINE + 3]]: expected error "needs 3 operands" not produced
util.func private @missing(%codes: tensor<2x3xi32>) {
  // expected-error@+1 {{needs 3 operands}}
  util.return
}

// -----

// CHECK: line [[# @LINE + 2]]: unexpected error: 'seedlm.decode' op is not an operation
util.func private @unexpected() {
  "seedlm.decode"() : () -> ()
  util.return
}
