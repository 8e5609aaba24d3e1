// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 code-for=a=paper-3bit,?=paper-4bit code=paper-3bit})' %s | FileCheck %s --check-prefixes=CHECK,A3,B4
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 code-for=a=dense})' %s | FileCheck %s --check-prefixes=CHECK,ADENSE,B4
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 budget=6 budget-codes=paper-3bit,paper-4bit})' %s | FileCheck %s --check-prefixes=CHECK,A4,B3
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 budget=1 budget-codes=paper-3bit,paper-4bit})' %s 2>&1 | FileCheck %s --check-prefix=LEAST

// LEAST: error: budget 1: at least {{[0-9.]+}} bits a weight are needed with paper-3bit, paper-4bit

// Zeros have no error with any code.
util.global private @a = dense<[[0.9, -0.3, 0.2, -0.5, 0.1, -0.8, 0.4, 0.7, -0.2, 0.6, -0.9, 0.3],
                                [-0.4, 0.8, -0.1, 0.5, -0.7, 0.2, 0.9, -0.6, 0.3, -0.8, 0.1, 0.5]]> : tensor<2x12xf32>
util.global private @b = dense<0.0> : tensor<2x12xf32>

// CHECK-LABEL: @use_a(
util.func public @use_a(%x: tensor<12x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // A3: "seedlm.generate"{{.+}}block = 12 : i64
  // A4: "seedlm.generate"{{.+}}block = 8 : i64
  // ADENSE-NOT: seedlm.generate
  // CHECK: linalg.matmul
  %w = util.global.load immutable @a : tensor<2x12xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x12xf32>, tensor<12x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @use_b(
util.func public @use_b(%x: tensor<12x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // B3: "seedlm.generate"{{.+}}block = 12 : i64
  // B4: "seedlm.generate"{{.+}}block = 8 : i64
  // CHECK: linalg.matmul
  %w = util.global.load immutable @b : tensor<2x12xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x12xf32>, tensor<12x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}
