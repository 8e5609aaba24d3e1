// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-vulkan,canonicalize,cse)' %s | FileCheck %s

#map = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>
#scalar = affine_map<(m, n) -> ()>

// One dispatch adds bias and residual and clamps: flags 11. The scale, 0.5, is handed over as bits. IREE
// goes from kernel to kernel until one is for so many rows of the activation.
// CHECK: hal.executable.source
// CHECK: hal.executable.export public @matvec ordinal(0)
// CHECK-SAME: condition(%{{.+}}: !hal.device, %{{.+}}: index, %[[BATCH:.+]]: index)
// CHECK: %[[FITS:.+]] = arith.cmpi ule, %[[BATCH]], %c1
// CHECK: hal.return %[[FITS]]
// CHECK: fallback(@small_batch)
// CHECK: hal.executable.export public @small_batch ordinal(1)
// CHECK: fallback(@medium_batch)
// CHECK: hal.executable.export public @medium_batch ordinal(2)
// CHECK: fallback(@tile)
// CHECK: hal.executable.export public @tile ordinal(3)
// CHECK-NOT: condition
// CHECK-LABEL: util.func public @vector(
// CHECK-SAME: %[[X:.+]]: tensor<1x32xf32>, %[[WORDS:.+]]: tensor<10x4xi32>, %[[BIAS:.+]]: tensor<10xf32>, %[[RESIDUAL:.+]]: tensor<1x10xf32>)
// CHECK-DAG: %[[ONE:.+]] = arith.constant 1 : index
// CHECK-DAG: %[[TEN:.+]] = arith.constant 10 : index
// CHECK-DAG: %[[BATCH:.+]] = arith.constant 1 : i32
// CHECK-DAG: %[[ROWS:.+]] = arith.constant 10 : i32
// CHECK-DAG: %[[COLUMNS:.+]] = arith.constant 32 : i32
// CHECK-DAG: %[[FLAGS:.+]] = arith.constant 11 : i32
// CHECK-DAG: %[[SCALE:.+]] = arith.constant 1056964608 : i32
// CHECK: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f32::@matvec[%[[TEN]], %[[ONE]]](%[[BATCH]], %[[ROWS]], %[[COLUMNS]], %[[FLAGS]], %[[SCALE]], %[[WORDS]], %[[X]], %[[BIAS]], %[[RESIDUAL]])
// CHECK-NEXT: util.return %[[Y]]
util.func public @vector(%x: tensor<1x32xf32>, %words: tensor<10x4xi32>, %bias: tensor<10xf32>, %residual: tensor<1x10xf32>) -> tensor<1x10xf32> {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<10x4xi32>) -> tensor<10x16xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x32xf32>, tensor<10x16xi8>, tensor<f32>) -> tensor<1x10xf32>
  %empty = tensor.empty() : tensor<1x10xf32>
  %zero = arith.constant 0.0 : f32
  %z = linalg.generic {indexing_maps = [#map, #columns, #map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%y, %bias, %residual : tensor<1x10xf32>, tensor<10xf32>, tensor<1x10xf32>) outs(%empty : tensor<1x10xf32>) {
  ^bb0(%a: f32, %b: f32, %r: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.addf %r, %0 : f32
    %2 = arith.maximumf %1, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<1x10xf32>
  util.return %z : tensor<1x10xf32>
}

// -----

#map = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>

// What a kernel does not compute stays after the dispatch; the comparison of ONNX's Relu is known.
// CHECK-LABEL: util.func public @dynamic(
// CHECK: %[[BATCH:.+]] = tensor.dim %collapsed
// CHECK: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f16::@matvec[%c100, %[[BATCH]]](%{{.+}}, %c100_i32, %c32_i32, %c9_i32, %{{.+}}
// CHECK: linalg.generic
// CHECK: math.tanh
// CHECK: util.return
util.func public @dynamic(%x: tensor<2x?x32xf16>, %words: tensor<100x4xi32>, %scale: tensor<f32>, %bias: tensor<100xf16>) -> tensor<2x?x100xf16> {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<100x4xi32>) -> tensor<100x16xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x32xf16>, tensor<100x16xi8>, tensor<f32>) -> tensor<2x?x100xf16>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x32xf16>
  %empty = tensor.empty(%dim) : tensor<2x?x100xf16>
  %zero = arith.constant 0.0 : f16
  %z = linalg.generic {indexing_maps = [#map, #columns, #map], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y, %bias : tensor<2x?x100xf16>, tensor<100xf16>) outs(%empty : tensor<2x?x100xf16>) {
  ^bb0(%a: f16, %b: f16, %out: f16):
    %0 = arith.addf %a, %b : f16
    %1 = arith.cmpf ugt, %0, %zero : f16
    %2 = arith.select %1, %0, %zero : f16
    linalg.yield %2 : f16
  } -> tensor<2x?x100xf16>
  %t = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%z : tensor<2x?x100xf16>) outs(%empty : tensor<2x?x100xf16>) {
  ^bb0(%a: f16, %out: f16):
    %0 = math.tanh %a : f16
    linalg.yield %0 : f16
  } -> tensor<2x?x100xf16>
  util.return %t : tensor<2x?x100xf16>
}

// -----

#map = affine_map<(m, n) -> (m, n)>

// Of two layers that are multiplied, one dispatch computes SiLU (flags 32) and the product (4); that
// of the other comes first.
// CHECK-LABEL: util.func public @gated(
// CHECK: %[[UP:.+]] = flow.dispatch @seedlm_paper_4bit_f32::@matvec[%c10, %c5](%c5_i32, %c10_i32, %c32_i32, %c0_i32, %{{.+}}, %arg1, %arg0, %arg0, %arg0)
// CHECK: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f32::@matvec[%c10, %c5](%c5_i32, %c10_i32, %c32_i32, %c36_i32, %{{.+}}, %arg1, %arg0, %arg0, %[[UP]])
// CHECK-NEXT: util.return %[[Y]]
util.func public @gated(%x: tensor<5x32xf32>, %words: tensor<10x4xi32>) -> tensor<5x10xf32> {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<10x4xi32>) -> tensor<10x16xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty() : tensor<5x10xf32>
  %gate = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<5x32xf32>, tensor<10x16xi8>, tensor<f32>) -> tensor<5x10xf32>
  %sigmoid = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%gate : tensor<5x10xf32>) outs(%empty : tensor<5x10xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.divf %one, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<5x10xf32>
  %silu = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%gate, %sigmoid : tensor<5x10xf32>, tensor<5x10xf32>) outs(%empty : tensor<5x10xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<5x10xf32>
  %up = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<5x32xf32>, tensor<10x16xi8>, tensor<f32>) -> tensor<5x10xf32>
  %y = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%silu, %up : tensor<5x10xf32>, tensor<5x10xf32>) outs(%empty : tensor<5x10xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<5x10xf32>
  util.return %y : tensor<5x10xf32>
}

// -----

#map = affine_map<(m, n) -> (m, n)>
#scalar = affine_map<(m, n) -> ()>

// GELU (flags 16) as ONNX models spell it, with constants in tensors.
// CHECK-LABEL: util.func public @gelu(
// CHECK: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f32::@matvec[%c10, %c5](%c5_i32, %c10_i32, %c32_i32, %c16_i32,
// CHECK-NEXT: util.return %[[Y]]
util.func public @gelu(%x: tensor<5x32xf32>, %words: tensor<10x4xi32>) -> tensor<5x10xf32> {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<10x4xi32>) -> tensor<10x16xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %empty = tensor.empty() : tensor<5x10xf32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<5x32xf32>, tensor<10x16xi8>, tensor<f32>) -> tensor<5x10xf32>
  %erf = linalg.generic {indexing_maps = [#map, #scalar, #map], iterator_types = ["parallel", "parallel"]}
    ins(%y, %root : tensor<5x10xf32>, tensor<f32>) outs(%empty : tensor<5x10xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.erf %0 : f32
    linalg.yield %1 : f32
  } -> tensor<5x10xf32>
  %z = linalg.generic {indexing_maps = [#map, #map, #scalar, #scalar, #map], iterator_types = ["parallel", "parallel"]}
    ins(%y, %erf, %one, %half : tensor<5x10xf32>, tensor<5x10xf32>, tensor<f32>, tensor<f32>) outs(%empty : tensor<5x10xf32>) {
  ^bb0(%a: f32, %e: f32, %b: f32, %c: f32, %out: f32):
    %0 = arith.addf %e, %b : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.mulf %1, %c : f32
    linalg.yield %2 : f32
  } -> tensor<5x10xf32>
  util.return %z : tensor<5x10xf32>
}

// -----

// Codes that are no preset's are left, and so are types that kernels do not have.
// CHECK-LABEL: util.func public @others(
// CHECK: seedlm.contract
// CHECK: seedlm.contract
// CHECK-NOT: flow.dispatch
util.func public @others(%x: tensor<5x32xf32>, %b: tensor<5x32xbf16>, %words: tensor<10x4xi32>, %scale: tensor<f32>) -> (tensor<5x10xf32>, tensor<5x10xbf16>) {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<10x4xi32>) -> tensor<10x16xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 13
  } : (tensor<5x32xf32>, tensor<10x16xi8>, tensor<f32>) -> tensor<5x10xf32>
  %z = "seedlm.contract"(%b, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<5x32xbf16>, tensor<10x16xi8>, tensor<f32>) -> tensor<5x10xbf16>
  util.return %y, %z : tensor<5x10xf32>, tensor<5x10xbf16>
}
