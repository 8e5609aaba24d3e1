// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx512 activations=int8},canonicalize,cse)' %s | FileCheck %s

// Activations are prepared once for the two contractions that read them: 16 bytes for each block of
// 8 columns.
// CHECK: stream.executable private @seedlm_seed_4bit_int8_64x60_1 {
// CHECK: memref<?x128xi8, strided<[128, 1], offset: ?>>
// CHECK: ukernel.generic {{.+}} "seedlm_seed_4bit_int8" ins(
// CHECK: stream.executable private @seedlm_seed_4bit_prepare_60_0 {
// CHECK: ukernel.generic {{.+}} "seedlm_seed_4bit_prepare" ins(%[[X:[^ ]+]] : memref<?x60xf32, {{.+}}) outs(%{{[^ ]+}} : memref<?x128xi8, {{.+}}) (%c60, %{{[^ ]+}} : index, index)
// CHECK-SAME: strided_dims({{\[\[}}0], [0]])
// CHECK-LABEL: util.func public @shared(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x60xf32>
// CHECK: %[[PREPARED:.+]] = flow.dispatch @seedlm_seed_4bit_prepare_60_0{{.+}}(%[[X]], %{{.+}}) : (tensor<?x60xf32>{%{{.+}}}, index) -> tensor<?x128xi8>
// CHECK-NOT: prepare
// CHECK: flow.dispatch @seedlm_seed_4bit_int8_64x60_1{{.+}}(%{{[^,]+}}, %{{[^,]+}}, %[[PREPARED]], %[[X]], %{{[^,]+}})
// CHECK-NOT: prepare
// CHECK: flow.dispatch @seedlm_seed_4bit_int8_64x60_1{{.+}}(%{{[^,]+}}, %{{[^,]+}}, %[[PREPARED]], %[[X]], %{{[^,]+}})
util.func public @shared(%x: tensor<?x60xf32>, %q_tiles: tensor<1x2048xi8>, %k_tiles: tensor<1x2048xi8>,
                         %scale: tensor<64xf16>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %q_codes = "seedlm.join_tiles"(%q_tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %q = "seedlm.contract"(%x, %q_codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?x60xf32>, tensor<64x32xi8>, tensor<64xf16>) -> tensor<?x64xf32>
  %k_codes = "seedlm.join_tiles"(%k_tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %k = "seedlm.contract"(%x, %k_codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?x60xf32>, tensor<64x32xi8>, tensor<64xf16>) -> tensor<?x64xf32>
  util.return %q, %k : tensor<?x64xf32>, tensor<?x64xf32>
}
