// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16})' %s | FileCheck %s

// A row is a filter; its columns are input channels, then kernel positions. The first four of the
// eight input channels are zero, so the first block of each row is: its record is 1, 0, 0, 0.

// CHECK-LABEL: @nchw(
util.func public @nchw(%x: tensor<1x8x4x3xf32>, %init: tensor<1x2x3x3xf32>)
    -> tensor<1x2x3x3xf32> {
  %w = arith.constant dense<[
    [[[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]],
     [[0.5], [0.5]], [[0.5], [0.5]], [[0.5], [0.5]], [[0.5], [0.5]]],
    [[[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]],
     [[0.5], [0.5]], [[0.5], [0.5]], [[0.5], [0.5]], [[0.5], [0.5]]]]> : tensor<2x8x2x1xf32>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0, {{.+}}], [1, 0, 0, 0, {{.+}}]]> : tensor<2x8xi8>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x16xf32>
  // CHECK: %[[E:.+]] = tensor.expand_shape %[[W]] {{\[\[}}0], [1, 2, 3]] output_shape [2, 8, 2, 1]
  // CHECK-NOT: linalg.transpose
  // CHECK: linalg.conv_2d_nchw_fchw ins(%{{.+}}, %[[E]] :
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x4x3xf32>, tensor<2x8x2x1xf32>)
                                outs(%init : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  util.return %y : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: @nhwc(
util.func public @nhwc(%x: tensor<1x4x3x8xf32>, %init: tensor<1x3x3x2xf32>)
    -> tensor<1x3x3x2xf32> {
  %w = arith.constant dense<[
    [[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0],
      [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]],
    [[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0],
      [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]]]> : tensor<2x1x8x2xf32>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0, {{.+}}], [1, 0, 0, 0, {{.+}}]]> : tensor<2x8xi8>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x16xf32>
  // CHECK: %[[E:.+]] = tensor.expand_shape %[[W]] {{\[\[}}0], [1, 2, 3]] output_shape [2, 8, 2, 1]
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[E]] : {{.+}} permutation = [2, 3, 1, 0]
  // CHECK: linalg.conv_2d_nhwc_hwcf ins(%{{.+}}, %[[T]] :
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x4x3x8xf32>, tensor<2x1x8x2xf32>)
                                outs(%init : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  util.return %y : tensor<1x3x3x2xf32>
}

// Two groups of filters: a row is a filter of a group.
// CHECK-LABEL: @grouped(
util.func public @grouped(%x: tensor<1x2x8x4x3xf32>, %init: tensor<1x2x3x3x3xf32>)
    -> tensor<1x2x3x3x3xf32> {
  %w = arith.constant dense<0.5> : tensor<2x3x8x2x1xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<6x16xf32>
  // CHECK: %[[E:.+]] = tensor.expand_shape %[[W]] {{\[\[}}0, 1], [2, 3, 4]] output_shape [2, 3, 8, 2, 1]
  // CHECK: linalg.conv_2d_ngchw_gfchw ins(%{{.+}}, %[[E]] :
  %y = linalg.conv_2d_ngchw_gfchw ins(%x, %w : tensor<1x2x8x4x3xf32>, tensor<2x3x8x2x1xf32>)
                                  outs(%init : tensor<1x2x3x3x3xf32>) -> tensor<1x2x3x3x3xf32>
  util.return %y : tensor<1x2x3x3x3xf32>
}
