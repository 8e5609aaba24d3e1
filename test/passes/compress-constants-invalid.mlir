// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16})' %s

// expected-error@unknown {{embedded: weights[1, 2] is nan, not a number of magnitude up to}}
util.global private @embedded = dense<[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
  [0.0, 0.0, 0x7FC00000, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<2x8xf32>
util.func public @nan(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = util.global.load immutable @embedded : tensor<2x8xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// -----

// expected-error@unknown {{constant0: weights[0, 0] is inf, not a number of magnitude up to}}
util.func public @infinity(%x: tensor<8x4xf16>, %init: tensor<2x4xf16>) -> tensor<2x4xf16> {
  %w = arith.constant dense<0x7C00> : tensor<2x8xf16>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf16>, tensor<8x4xf16>)
                     outs(%init : tensor<2x4xf16>) -> tensor<2x4xf16>
  util.return %y : tensor<2x4xf16>
}

// -----

// A resource whose bytes were left out.
// expected-error@unknown {{elided: dense_resource<elided> : tensor<2x8xf32> has no data}}
util.func public @no_data(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense_resource<elided> : tensor<2x8xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// -----

// expected-error@unknown {{w: no parameter archive is given for scope 'model'}}
util.global private @w = #stream.parameter.named<"model"::"w"> : tensor<2x8xf32>
util.func public @no_archive(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = util.global.load immutable @w : tensor<2x8xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}
