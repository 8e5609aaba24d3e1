// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-linalg)' %s | FileCheck %s

// CHECK-DAG: #[[$PLANE:.+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[$SCALAR:.+]] = affine_map<(d0, d1, d2) -> ()>
// CHECK-DAG: #[[$LHS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$RESULT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$COLUMNS_LHS:.+]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[$COLUMNS_RESULT:.+]] = affine_map<(d0, d1, d2) -> (d1, d0)>
// CHECK-DAG: #[[$INDEX:.+]] = affine_map<(d0, d1, d2) -> (d0)>
// CHECK-DAG: #[[$ALL:.+]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// One linalg.generic over (m, n, group) reads the activation as one slice for each column of a
// group.
// CHECK-LABEL: @contract(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x16xf32>, %[[WORDS:[^:]+]]: tensor<2x2xi32>, %[[SCALE:[^:]+]]: tensor<f32>
util.func public @contract(%x: tensor<?x16xf32>, %words: tensor<2x2xi32>, %scale: tensor<f32>)
    -> tensor<?x2xf32> {
  // CHECK: %[[GROUPS:.+]] = tensor.expand_shape %[[X]] {{.+}} into tensor<?x2x8xf32>
  // CHECK: tensor.extract_slice %[[GROUPS]][0, 0, 0] [%{{.+}}, 2, 1] [1, 1, 1] : {{.+}} to tensor<?x2xf32>
  // CHECK-COUNT-6: tensor.extract_slice %[[GROUPS]]
  // CHECK: %[[LAST:.+]] = tensor.extract_slice %[[GROUPS]][0, 0, 7]
  // CHECK-NOT: tensor.extract_slice
  // CHECK: %[[ZEROS:.+]] = linalg.fill
  // CHECK: %[[Y:.+]] = linalg.generic {indexing_maps = [#[[$PLANE]], #[[$SCALAR]],
  // CHECK-SAME: #[[$LHS]], #[[$LHS]], #[[$LHS]], #[[$LHS]], #[[$LHS]], #[[$LHS]], #[[$LHS]], #[[$LHS]],
  // CHECK-SAME: #[[$RESULT]]], iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK-SAME: ins(%[[WORDS]], %[[SCALE]], {{.+}}, %[[LAST]] :
  // CHECK-SAME: outs(%[[ZEROS]] : tensor<?x2xf32>)
  // CHECK-NEXT: ^bb0(%[[WORD:[^:]+]]: i32, %[[S:[^:]+]]: f32, {{.+}}, %[[OUT:[^:]+]]: f32):
  // CHECK-NOT: linalg.index
  // CHECK: arith.andi %[[WORD]], %c65535_i32
  // CHECK-NOT: linalg.index
  // CHECK: %[[FACTOR:.+]] = arith.mulf %[[S]], %cst
  // CHECK: %[[POWER:.+]] = arith.bitcast {{.+}} : i32 to f32
  // CHECK-NEXT: %[[BLOCK:.+]] = arith.mulf %[[FACTOR]], %[[POWER]]
  // CHECK-NEXT: %[[TERM:.+]] = arith.mulf %{{.+}}, %[[BLOCK]]
  // CHECK-NEXT: %[[SUM:.+]] = arith.addf %[[OUT]], %[[TERM]]
  // CHECK-NEXT: linalg.yield %[[SUM]]
  // CHECK-NEXT: -> tensor<?x2xf32>
  // CHECK-NEXT: util.return %[[Y]]
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x2xi32>) -> tensor<2x8xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<?x2xf32>
  util.return %y : tensor<?x2xf32>
}

// A group of two 3-bit records has 24 columns; ten inputs are padded to that.
// CHECK-LABEL: @contract_3bit(
util.func public @contract_3bit(%x: tensor<4x10xf32>, %low: tensor<2x1xi32>, %high: tensor<2x1xi32>,
                                %last: tensor<2x1xi8>, %scale: tensor<f32>) -> tensor<4x2xf32> {
  // CHECK-NOT: seedlm
  // CHECK: %[[PADDED:.+]] = tensor.pad %{{.+}} low[0, 0] high[0, 14]
  // CHECK: tensor.yield %cst{{.*}} : f32
  // CHECK: tensor<4x10xf32> to tensor<4x24xf32>
  // CHECK: tensor.expand_shape %[[PADDED]] {{.+}} into tensor<4x1x24xf32>
  // CHECK-COUNT-24: tensor.extract_slice {{.+}} to tensor<4x1xf32>
  // CHECK-NOT: tensor.extract_slice
  // CHECK: linalg.generic {indexing_maps = [#[[$PLANE]], #[[$PLANE]], #[[$PLANE]], #[[$SCALAR]], #[[$LHS]]
  // CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK-NEXT: ^bb0(%{{[^:]+}}: i32, %{{[^:]+}}: i32, %[[BYTE:[^:]+]]: i8,
  // CHECK-NOT: linalg.index
  // CHECK: arith.extui %[[BYTE]] : i8 to i32
  // CHECK-COUNT-2: arith.bitcast
  // CHECK: linalg.yield
  // CHECK-NOT: linalg.generic
  // CHECK-NOT: seedlm
  // CHECK: util.return
  %codes = "seedlm.join_planes"(%low, %high, %last) {operandSegmentSizes = array<i32: 2, 1>}
    : (tensor<2x1xi32>, tensor<2x1xi32>, tensor<2x1xi8>) -> tensor<2x5xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x10xf32>, tensor<2x5xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// The sum is f32 whatever the types of activation and result.
// CHECK-LABEL: @contract_f16(
util.func public @contract_f16(%x: tensor<8x4xf16>, %words: tensor<2x1xi32>, %scale: tensor<f32>)
    -> tensor<2x4xf16> {
  // CHECK: tensor.expand_shape %{{.+}} {{\[\[}}0, 1], [2]] output_shape [1, 8, 4]
  // CHECK: %[[SUM:.+]] = linalg.generic {indexing_maps = [#[[$PLANE]], #[[$SCALAR]], #[[$COLUMNS_LHS]],
  // CHECK-SAME: #[[$COLUMNS_RESULT]]], iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK-SAME: outs(%{{.+}} : tensor<2x4xf32>)
  // CHECK-COUNT-8: arith.extf %{{.+}} : f16 to f32
  // CHECK: linalg.yield %{{.+}} : f32
  // CHECK: %[[Y:.+]] = linalg.generic {{.+}} iterator_types = ["parallel", "parallel"]} ins(%[[SUM]] :
  // CHECK: arith.truncf %{{.+}} : f32 to f16
  // CHECK: util.return %[[Y]] : tensor<2x4xf16>
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x1xi32>) -> tensor<2x4xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, m)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<8x4xf16>, tensor<2x4xi8>, tensor<f32>) -> tensor<2x4xf16>
  util.return %y : tensor<2x4xf16>
}

// The words are hidden from IREE, which would otherwise make the weight a dense constant again.
// CHECK-LABEL: @generate(
// CHECK-SAME: %[[WORDS:[^:]+]]: tensor<2x2xi32>, %[[SCALE:[^:]+]]: tensor<f32>
util.func public @generate(%words: tensor<2x2xi32>, %scale: tensor<f32>) -> tensor<2x13xf32> {
  // CHECK-NOT: seedlm
  // CHECK: %[[HIDDEN:.+]] = util.optimization_barrier %[[WORDS]]
  // CHECK: %[[W:.+]] = linalg.generic {indexing_maps = [#[[$RESULT]], #[[$SCALAR]], #[[$ALL]]],
  // CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[HIDDEN]], %[[SCALE]] :
  // CHECK-SAME: outs(%{{.+}} : tensor<2x2x8xf32>)
  // CHECK: linalg.index 2
  // CHECK-NOT: arith.divui
  // CHECK: %[[FLAT:.+]] = tensor.collapse_shape %[[W]] {{.+}} into tensor<2x16xf32>
  // CHECK: %[[ROWS:.+]] = tensor.extract_slice %[[FLAT]][0, 0] [2, 13] [1, 1]
  // CHECK-NOT: seedlm
  // CHECK: util.return %[[ROWS]]
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x2xi32>) -> tensor<2x8xi8>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x13xf32>
  util.return %w : tensor<2x13xf32>
}

// The column tells which of a group's two records it belongs to. Each plane is hidden.
// CHECK-LABEL: @generate_3bit(
util.func public @generate_3bit(%low: tensor<2x1xi32>, %high: tensor<2x1xi32>,
                                %last: tensor<2x1xi8>, %scale: tensor<f32>) -> tensor<2x24xf16> {
  // CHECK-COUNT-3: util.optimization_barrier
  // CHECK: linalg.generic {{.+}} outs(%{{.+}} : tensor<2x1x24xf16>)
  // CHECK: %[[LOOP:.+]] = linalg.index 2
  // CHECK: %[[COLUMN:.+]] = arith.index_cast %[[LOOP]] : index to i32
  // CHECK: arith.divui %[[COLUMN]], %c12_i32
  // CHECK: arith.truncf %{{.+}} : f32 to f16
  // CHECK: tensor.collapse_shape
  // CHECK-NOT: tensor.extract_slice
  // CHECK: util.return
  %codes = "seedlm.join_planes"(%low, %high, %last) {operandSegmentSizes = array<i32: 2, 1>}
    : (tensor<2x1xi32>, tensor<2x1xi32>, tensor<2x1xi8>) -> tensor<2x9xi8>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x9xi8>, tensor<f32>) -> tensor<2x24xf16>
  util.return %w : tensor<2x24xf16>
}

// CHECK-LABEL: @gather(
// CHECK-SAME: %[[INDICES:[^:]+]]: tensor<?xi64>, %[[WORDS:[^:]+]]: tensor<6x2xi32>, %[[SCALE:[^:]+]]: tensor<f32>
util.func public @gather(%indices: tensor<?xi64>, %words: tensor<6x2xi32>, %scale: tensor<f32>)
    -> tensor<?x13xf32> {
  // CHECK-NOT: seedlm
  // CHECK: %[[HIDDEN:.+]] = util.optimization_barrier %[[WORDS]]
  // CHECK: %[[W:.+]] = linalg.generic {indexing_maps = [#[[$INDEX]], #[[$SCALAR]], #[[$ALL]]],
  // CHECK-SAME: ins(%[[INDICES]], %[[SCALE]] : {{.+}} outs(%{{.+}} : tensor<?x2x8xf32>)
  // CHECK-NEXT: ^bb0(%[[INDEX:[^:]+]]: i64,
  // CHECK: %[[ROW:.+]] = arith.index_cast %[[INDEX]] : i64 to index
  // CHECK: %[[GROUP:.+]] = linalg.index 1
  // CHECK: tensor.extract %[[HIDDEN]][%[[ROW]], %[[GROUP]]]
  // CHECK: %[[FLAT:.+]] = tensor.collapse_shape %[[W]] {{.+}} into tensor<?x16xf32>
  // CHECK: tensor.extract_slice %[[FLAT]][0, 0] [%{{.+}}, 13] [1, 1]
  // CHECK-NOT: seedlm
  // CHECK: util.return
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<6x2xi32>) -> tensor<6x8xi8>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?xi64>, tensor<6x8xi8>, tensor<f32>) -> tensor<?x13xf32>
  util.return %rows : tensor<?x13xf32>
}

// A code without exponents, with an 8-bit register and 5-bit coefficients: records of 18 bits.
// CHECK-LABEL: @other_code(
util.func public @other_code(%x: tensor<16xf32>, %low: tensor<2x1xi32>, %high: tensor<2x1xi32>,
                             %last: tensor<2x1xi8>, %scale: tensor<f32>) -> tensor<2xf32> {
  // CHECK: linalg.generic {{.+}} iterator_types = ["parallel", "reduction"]}
  // CHECK: arith.andi %{{.+}}, %c255_i32
  // CHECK-NOT: arith.bitcast
  // CHECK: linalg.yield
  %codes = "seedlm.join_planes"(%low, %high, %last) {operandSegmentSizes = array<i32: 2, 1>}
    : (tensor<2x1xi32>, tensor<2x1xi32>, tensor<2x1xi8>) -> tensor<2x9xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n)>],
    generator = "lfsr", block = 4, latent = 2, lfsr_width = 8, taps = array<i64: 0, 2, 3, 4>,
    coefficient_bits = 5, exponent_bits = 0, basis_bits = 8
  } : (tensor<16xf32>, tensor<2x9xi8>, tensor<f32>) -> tensor<2xf32>
  util.return %y : tensor<2xf32>
}
