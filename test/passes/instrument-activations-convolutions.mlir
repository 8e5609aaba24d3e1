// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-instrument-activations{min-size=16})' %s | FileCheck %s

// There is a sum for each channel and kernel position, in the order of the compressed matrix.

// CHECK: #[[NCHW:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d0, d4 * 2 + d1, d5 * 2 + d2)>
// CHECK: #[[SPACE:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d4, d5)>
// CHECK: #[[COLUMNS:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2)>
// CHECK: #[[NHWC:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d4 + d1 * 3, d5 + d2 * 3, d0)>
// CHECK: #[[GROUPED:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d0, d1 + d5, d2 + d6)>

// CHECK: @seedlm.activations.0 = dense<0.000000e+00> : tensor<8x2x3xf64>
// CHECK: @seedlm.activations.1 = dense<0.000000e+00> : tensor<8x3x2xf64>
// CHECK: @seedlm.activations.2 = dense<0.000000e+00> : tensor<8x2x1xf64>

// CHECK-LABEL: @nchw(
// CHECK-SAME: %[[X:[^:]+]]: tensor<1x8x6x9xf32>
util.func public @nchw(%x: tensor<1x8x6x9xf32>, %init: tensor<1x4x3x4xf32>)
    -> tensor<1x4x3x4xf32> {
  %w = arith.constant dense<0.5> : tensor<4x8x2x3xf32>
  // CHECK: tensor.empty() : tensor<1x3x4xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[NCHW]], #[[SPACE]], #[[COLUMNS]]]
  // CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
  // CHECK-SAME: ins(%[[X]], %{{.+}} outs(%{{.+}} : tensor<8x2x3xf64>)
  // CHECK: arith.constant 12 : index
  %y = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>}
      ins(%x, %w : tensor<1x8x6x9xf32>, tensor<4x8x2x3xf32>)
      outs(%init : tensor<1x4x3x4xf32>) -> tensor<1x4x3x4xf32>
  util.return %y : tensor<1x4x3x4xf32>
}

// CHECK-LABEL: @nhwc(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x9x?x8xf32>
util.func public @nhwc(%x: tensor<?x9x?x8xf32>, %init: tensor<?x3x?x4xf32>)
    -> tensor<?x3x?x4xf32> {
  %w = arith.constant dense<0.5> : tensor<3x2x8x4xf32>
  // CHECK: %[[BATCH:.+]] = tensor.dim %[[X]], %c0
  // CHECK: %[[WIDTH:.+]] = tensor.dim %{{.+}}, %c2
  // CHECK: tensor.empty(%[[BATCH]], %[[WIDTH]]) : tensor<?x3x?xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[NHWC]], #[[SPACE]], #[[COLUMNS]]]
  // CHECK-SAME: outs(%{{.+}} : tensor<8x3x2xf64>)
  // CHECK: %[[FIXED:.+]] = arith.constant 3 : index
  // CHECK: %[[PART:.+]] = arith.muli %[[FIXED]], %[[BATCH]]
  // CHECK: arith.muli %[[PART]], %[[WIDTH]]
  %y = linalg.conv_2d_nhwc_hwcf {dilations = dense<3> : tensor<2xi64>}
      ins(%x, %w : tensor<?x9x?x8xf32>, tensor<3x2x8x4xf32>)
      outs(%init : tensor<?x3x?x4xf32>) -> tensor<?x3x?x4xf32>
  util.return %y : tensor<?x3x?x4xf32>
}

// Rows are positions and groups.
// CHECK-LABEL: @grouped(
util.func public @grouped(%x: tensor<1x2x8x4x3xf32>, %init: tensor<1x2x3x3x3xf32>)
    -> tensor<1x2x3x3x3xf32> {
  %w = arith.constant dense<0.5> : tensor<2x3x8x2x1xf32>
  // CHECK: tensor.empty() : tensor<1x2x3x3xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[GROUPED]],
  // CHECK-SAME: outs(%{{.+}} : tensor<8x2x1xf64>)
  // CHECK: arith.constant 18 : index
  %y = linalg.conv_2d_ngchw_gfchw ins(%x, %w : tensor<1x2x8x4x3xf32>, tensor<2x3x8x2x1xf32>)
                                  outs(%init : tensor<1x2x3x3x3xf32>) -> tensor<1x2x3x3x3xf32>
  util.return %y : tensor<1x2x3x3x3xf32>
}
