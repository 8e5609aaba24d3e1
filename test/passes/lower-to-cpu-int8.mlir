// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx512 activations=int8},canonicalize,cse)' %s | FileCheck %s

// Activations are prepared once for the two contractions that read them: 16 bytes for each block of
// 8 columns.
// CHECK: stream.executable private @seedlm_seed_4bit_int8_8192x128_1 {
// CHECK: memref<?x256xi8, strided<[256, 1], offset: ?>>
// CHECK: ukernel.generic {{.+}} "seedlm_seed_4bit_int8" ins(
// CHECK: stream.executable private @seedlm_seed_4bit_prepare_128_0 {
// CHECK: ukernel.generic {{.+}} "seedlm_seed_4bit_prepare" ins(%[[X:[^ ]+]] : memref<?x128xf32, {{.+}}) outs(%{{[^ ]+}} : memref<?x256xi8, {{.+}}) (%c128, %{{[^ ]+}} : index, index)
// CHECK-SAME: strided_dims({{\[\[}}0], [0]])
// CHECK-LABEL: util.func public @shared(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x128xf32>
// CHECK: %[[PREPARED:.+]] = flow.dispatch @seedlm_seed_4bit_prepare_128_0{{.+}}(%[[X]], %{{.+}}) : (tensor<?x128xf32>{%{{.+}}}, index) -> tensor<?x256xi8>
// CHECK-NOT: prepare
// CHECK: flow.dispatch @seedlm_seed_4bit_int8_8192x128_1{{.+}}(%{{[^,]+}}, %{{[^,]+}}, %[[PREPARED]], %[[X]], %{{[^,]+}})
// CHECK-NOT: prepare
// CHECK: flow.dispatch @seedlm_seed_4bit_int8_8192x128_1{{.+}}(%{{[^,]+}}, %{{[^,]+}}, %[[PREPARED]], %[[X]], %{{[^,]+}})
util.func public @shared(%x: tensor<?x128xf32>, %q_tiles: tensor<128x4096xi8>, %k_tiles: tensor<128x4096xi8>,
                         %scale: tensor<8192xf16>) -> (tensor<?x8192xf32>, tensor<?x8192xf32>) {
  %q_codes = "seedlm.join_tiles"(%q_tiles) : (tensor<128x4096xi8>) -> tensor<8192x64xi8>
  %q = "seedlm.contract"(%x, %q_codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?x128xf32>, tensor<8192x64xi8>, tensor<8192xf16>) -> tensor<?x8192xf32>
  %k_codes = "seedlm.join_tiles"(%k_tiles) : (tensor<128x4096xi8>) -> tensor<8192x64xi8>
  %k = "seedlm.contract"(%x, %k_codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?x128xf32>, tensor<8192x64xi8>, tensor<8192xf16>) -> tensor<?x8192xf32>
  util.return %q, %k : tensor<?x8192xf32>, tensor<?x8192xf32>
}

// -----

// Each workgroup of a small product prepares the activation on its stack, for at most 7 rows; the
// kernel reads more of them as they are.
// CHECK: stream.executable private @seedlm_seed_4bit_int8_64x60_0 {
// CHECK: %[[WHOLE:.+]] = stream.binding.subspan %{{.+}} memref<?x60xf32,
// CHECK: %[[X:.+]] = memref.subview %[[WHOLE]]
// CHECK: %[[FEW:.+]] = arith.cmpi ule, %[[HEIGHT:[^,]+]], %c7
// CHECK: %[[ROUNDED:.+]] = arith.select %[[FEW]], %[[HEIGHT]], %c0
// CHECK: %[[STACK:.+]] = memref.alloca() : memref<7x128xi8>
// CHECK: %[[PART:.+]] = memref.subview %[[STACK]][{{.+}}] [%[[ROUNDED]], 128]
// CHECK: %[[PREPARED:.+]] = memref.cast %[[PART]]
// CHECK: "seedlm_seed_4bit_prepare" ins(%[[X]] : {{.+}}) outs(%[[PREPARED]] : {{.+}}) (%c60, %[[ROUNDED]] : index, index)
// CHECK: "seedlm_seed_4bit_int8" ins(%{{[^ ]+}}, %{{[^ ]+}}, %[[PREPARED]], %[[X]] :
// CHECK-LABEL: util.func public @small(
// CHECK-NOT: prepare
// CHECK: flow.dispatch @seedlm_seed_4bit_int8_64x60_0{{.+}}(%{{[^,]+}}, %{{[^,]+}}, %{{[^,]+}}, %{{[^,]+}})
util.func public @small(%x: tensor<?x60xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<64xf16>)
    -> tensor<?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?x60xf32>, tensor<64x32xi8>, tensor<64xf16>) -> tensor<?x64xf32>
  util.return %y : tensor<?x64xf32>
}
