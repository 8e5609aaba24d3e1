// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx512})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-llvmcpu-target-cpu=icelake-server -o %t.vmfb 2> %t.errors
// RUN: test ! -s %t.errors
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx2})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-llvmcpu-target-cpu=haswell -o %t.vmfb 2> %t.errors
// RUN: test ! -s %t.errors
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-baseline})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-llvmcpu-target-cpu=generic -o %t.vmfb 2> %t.errors
// RUN: test ! -s %t.errors
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=aarch64-dotprod})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-triple=aarch64-linux-gnu --iree-llvmcpu-target-cpu=neoverse-n1 -o %t.vmfb 2> %t.errors
// RUN: test ! -s %t.errors
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=aarch64-baseline})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-triple=aarch64-linux-gnu --iree-llvmcpu-target-cpu=generic -o %t.vmfb 2> %t.errors
// RUN: test ! -s %t.errors

// IREE links the bitcode of every instruction set, and nothing in it is unknown to its LLVM.
util.func public @paper_4bit(%x: tensor<?x16xf32>, %tiles: tensor<1x512xi8>, %scale: tensor<f32>)
    -> tensor<?x60xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x512xi8>) -> tensor<60x8xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x16xf32>, tensor<60x8xi8>, tensor<f32>) -> tensor<?x60xf32>
  util.return %y : tensor<?x60xf32>
}

util.func public @paper_3bit(%x: tensor<?x24xf32>, %tiles: tensor<1x576xi8>, %scale: tensor<f32>)
    -> tensor<?x60xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x576xi8>) -> tensor<60x9xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x24xf32>, tensor<60x9xi8>, tensor<f32>) -> tensor<?x60xf32>
  util.return %y : tensor<?x60xf32>
}

util.func public @gather(%indices: tensor<?xi64>, %tiles: tensor<1x512xi8>, %scale: tensor<60xf16>)
    -> tensor<?x16xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x512xi8>) -> tensor<60x8xi8>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 18, taps = array<i64: 0, 7>,
    coefficient_bits = 4, exponent_bits = 2, basis_bits = 8
  } : (tensor<?xi64>, tensor<60x8xi8>, tensor<60xf16>) -> tensor<?x16xf32>
  util.return %rows : tensor<?x16xf32>
}
