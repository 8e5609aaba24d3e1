// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{compress-embeddings=true},seedlm-fuse-generate,seedlm-pack-codes,seedlm-lower-to-linalg)' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --compile-to=flow --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-cpu=generic -o %t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir --check-prefix=NONE

// Weights that are regenerated as a whole are so in a dispatch, at every call.

// NONE: module
// NONE-NOT: hoisted
// NONE-NOT: util.initializer

// CHECK-LABEL: flow.executable private @convolution_dispatch_0
// CHECK: arith.xori
// CHECK-LABEL: flow.executable private @convolution_dispatch_1
// CHECK-LABEL: util.func public @convolution(
// CHECK: %[[CODES:.+]] = util.global.load immutable @{{.+}} : tensor<32x18xi32>
// CHECK: %[[HIDDEN:.+]] = util.optimization_barrier %[[CODES]]
// CHECK: %[[FLAT:.+]] = flow.tensor.reshape %[[HIDDEN]]
// CHECK: %[[W:.+]] = flow.dispatch @convolution_dispatch_0::{{.+}}(%[[FLAT]])
// CHECK: %[[FILTERS:.+]] = flow.tensor.reshape %[[W]] : {{.+}} -> tensor<32x16x3x3xf32>
// CHECK: flow.dispatch @convolution_dispatch_1::@convolution_dispatch_1_conv_{{.+}}, %[[FILTERS]])
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @convolution(%x: tensor<1x16x10x10xf32>) -> tensor<1x32x8x8xf32> {
  %w = arith.constant dense<0.0> : tensor<32x16x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x32x8x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x16x10x10xf32>, tensor<32x16x3x3xf32>)
                                outs(%init : tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  util.return %y : tensor<1x32x8x8xf32>
}

// Rows that are known, like those of a position embedding, are not decoded ahead either.
// CHECK-LABEL: flow.executable private @positions_dispatch_0
// CHECK: tensor.extract
// CHECK: arith.xori
// CHECK-LABEL: util.func public @positions(
// CHECK: %[[CODES:.+]] = util.global.load immutable @{{.+}} : tensor<64x64xi32>
// CHECK: %[[HIDDEN:.+]] = util.optimization_barrier %[[CODES]]
// CHECK: flow.dispatch @positions_dispatch_0::{{.+}}(%[[HIDDEN]])
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @positions() -> tensor<4x512xf32> {
  %table = arith.constant dense<0.0> : tensor<64x512xf32>
  %indices = arith.constant dense<[0, 1, 2, 3]> : tensor<4xi64>
  %empty = tensor.empty() : tensor<4x512xf32>
  %rows = linalg.generic {
    indexing_maps = [affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%indices : tensor<4xi64>) outs(%empty : tensor<4x512xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 1 : index
    %value = tensor.extract %table[%row, %column] : tensor<64x512xf32>
    linalg.yield %value : f32
  } -> tensor<4x512xf32>
  util.return %rows : tensor<4x512xf32>
}
