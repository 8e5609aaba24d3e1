// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx2},canonicalize,cse)' %s | FileCheck %s

// A workgroup decodes the rows that 8 indices name, whatever their tiles. All rows have one scale here,
// a number that the kernel reads from the stack. Codes are hidden: IREE would evaluate a gather with
// constant indices at compile time, and the rows would be dense.
// CHECK: stream.executable private @seedlm_paper_4bit_gather_i64_200x13_0 {
// CHECK: stream.executable.export public @seedlm_paper_4bit_gather_i64_200x13_0 workgroups(%[[WORKLOAD:.+]]: index)
// CHECK: %[[X:.+]] = affine.apply {{.+}}()[%[[WORKLOAD]]]
// CHECK: stream.return %[[X]], %c1, %c1 :
// CHECK: func.func @seedlm_paper_4bit_gather_i64_200x13_0(%[[CODES:[^:]+]]: !stream.binding, %[[INDICES:[^:]+]]: !stream.binding, %[[OUT:[^:]+]]: !stream.binding, %[[SCALE:[^:]+]]: f32, %[[COUNT:[^:]+]]: index)
// CHECK: stream.binding.subspan %[[CODES]]{{.+}} memref<4x512xi8, strided<[512, 1], offset: ?>>
// CHECK: stream.binding.subspan %[[INDICES]]{{.+}} memref<?xi64, strided<[1], offset: ?>>{%[[COUNT]]}
// CHECK: stream.binding.subspan %[[OUT]]{{.+}} memref<?x13xf32, strided<[13, 1], offset: ?>>{%[[COUNT]]}
// CHECK: memref.store %[[SCALE]]
// CHECK: "seedlm_paper_4bit_gather_i64" ins(%{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} : memref<4x512xi8, {{.+}}, memref<1xf32,{{.+}} memref<?xi64, {{.+}}) outs({{.+}} : memref<?x13xf32, {{.+}}) (%c200, %c13, %{{[^ ]+}} : index, index, index)
// CHECK-SAME: strided_dims({{\[\[}}0], [], [], [0]])

// CHECK-LABEL: util.func public @dynamic(
// CHECK-SAME: %[[IDS:[^:]+]]: tensor<2x?xi64>, %[[TILES:[^:]+]]: tensor<4x512xi8>
// CHECK: %[[FLAT:.+]] = tensor.collapse_shape %[[IDS]] {{.+}} into tensor<?xi64>
// CHECK: %[[HIDDEN:.+]] = util.optimization_barrier %[[TILES]]
// CHECK: %[[ROWS:.+]] = flow.dispatch @seedlm_paper_4bit_gather_i64_200x13_0{{.+}}(%[[HIDDEN]], %[[FLAT]], %{{[^,]+}}, %{{[^,]+}})
// CHECK-SAME: -> tensor<?x13xf32>
// CHECK: tensor.expand_shape %[[ROWS]] {{.+}} into tensor<2x?x13xf32>
util.func public @dynamic(%indices: tensor<2x?xi64>, %tiles: tensor<4x512xi8>)
    -> tensor<2x?x13xf32> {
  %scale = arith.constant dense<0.5> : tensor<f32>
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<4x512xi8>) -> tensor<200x8xi8>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?xi64>, tensor<200x8xi8>, tensor<f32>) -> tensor<2x?x13xf32>
  util.return %rows : tensor<2x?x13xf32>
}

// -----

// Scales of rows are an operand. One index is a vector of one; rows are decoded in f32 and converted.
// CHECK: stream.executable private @seedlm_seed_4bit_gather_i32_60x16_0 {
// CHECK: memref<60xf16, strided<[1], offset: ?>>
// CHECK-LABEL: util.func public @one_index(
// CHECK-SAME: %[[ID:[^:]+]]: tensor<i32>, %[[TILES:[^:]+]]: tensor<1x512xi8>, %[[SCALE:[^:]+]]: tensor<60xf16>
// CHECK: %[[FLAT:.+]] = tensor.expand_shape %[[ID]] [] output_shape [1] : tensor<i32> into tensor<1xi32>
// CHECK: %[[ROWS:.+]] = flow.dispatch @seedlm_seed_4bit_gather_i32_60x16_0{{.+}}(%{{[^,]+}}, %[[SCALE]], %[[FLAT]]) : {{.+}} -> tensor<1x16xf32>
// CHECK: %[[ROW:.+]] = tensor.collapse_shape %[[ROWS]] {{.+}} into tensor<16xf32>
// CHECK: linalg.generic {{.+}} ins(%[[ROW]] :
// CHECK: arith.truncf
util.func public @one_index(%index: tensor<i32>, %tiles: tensor<1x512xi8>, %scale: tensor<60xf16>)
    -> tensor<16xf16> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x512xi8>) -> tensor<60x8xi8>
  %row = "seedlm.gather"(%index, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<i32>, tensor<60x8xi8>, tensor<60xf16>) -> tensor<16xf16>
  util.return %row : tensor<16xf16>
}
