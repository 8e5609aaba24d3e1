// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-fuse-generate)' %s | FileCheck %s

// CHECK-DAG: #[[$ROWS_IN:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$ROWS_OUT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$COLUMNS_IN:.+]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[$COLUMNS_OUT:.+]] = affine_map<(d0, d1, d2) -> (d1, d0)>
// CHECK-DAG: #[[$VECTOR_IN:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$VECTOR_OUT:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[$BATCH_IN:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$BATCH_OUT:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>

// CHECK-LABEL: @matmul(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x8xf32>, %[[CODES:[^:]+]]: tensor<2x4xi8>, %[[SCALE:[^:]+]]: tensor<f32>
util.func public @matmul(%x: tensor<?x8xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>,
                         %rows: index) -> tensor<?x2xf32> {
  // CHECK-NOT: linalg
  // CHECK-NOT: seedlm.generate
  // CHECK: %[[Y:.+]] = "seedlm.contract"(%[[X]], %[[CODES]], %[[SCALE]]) {basis_bits = 16 : i64,
  // CHECK-SAME: block = 8 : i64, coefficient_bits = 4 : i64, exponent_bits = 4 : i64,
  // CHECK-SAME: generator = "lfsr", indexing_maps = [#[[$ROWS_IN]], #[[$ROWS_OUT]]], latent = 3 : i64,
  // CHECK-SAME: lfsr_width = 16 : i64, taps = array<i64: 0, 1, 3, 12>}
  // CHECK-SAME: (tensor<?x8xf32>, tensor<2x4xi8>, tensor<f32>) -> tensor<?x2xf32>
  // CHECK-NEXT: util.return %[[Y]]
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %empty = tensor.empty() : tensor<8x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty : tensor<8x2xf32>) permutation = [1, 0]
  %zero = arith.constant 0.0 : f32
  %out = tensor.empty(%rows) : tensor<?x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul ins(%x, %t : tensor<?x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<?x2xf32>) -> tensor<?x2xf32>
  util.return %y : tensor<?x2xf32>
}

// What the accumulator starts with is added afterwards.
// CHECK-LABEL: @accumulate(
// CHECK-SAME: %[[INIT:[^:]+]]: tensor<?x2xf32>)
util.func public @accumulate(%x: tensor<?x8xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>,
                             %init: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: %[[PRODUCT:.+]] = "seedlm.contract"{{.+}}indexing_maps = [#[[$ROWS_IN]], #[[$ROWS_OUT]]]
  // CHECK: %[[SUM:.+]] = linalg.generic {{.+}} ins(%[[PRODUCT]], %[[INIT]] :
  // CHECK-NEXT: ^bb0(%[[A:[^:]+]]: f32, %[[B:[^:]+]]: f32,
  // CHECK-NEXT: %[[ADDED:.+]] = arith.addf %[[A]], %[[B]] : f32
  // CHECK-NEXT: linalg.yield %[[ADDED]]
  // CHECK: util.return %[[SUM]]
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %empty = tensor.empty() : tensor<8x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty : tensor<8x2xf32>) permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<?x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<?x2xf32>) -> tensor<?x2xf32>
  util.return %y : tensor<?x2xf32>
}

// CHECK-LABEL: @batch(
util.func public @batch(%x: tensor<?x4x8xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>,
                        %size: index) -> tensor<?x4x2xf32> {
  // CHECK-NOT: linalg
  // CHECK-NOT: seedlm.generate
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$BATCH_IN]], #[[$BATCH_OUT]]]
  // CHECK-NEXT: util.return
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %empty_t = tensor.empty() : tensor<8x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty_t : tensor<8x2xf32>) permutation = [1, 0]
  %empty_b = tensor.empty(%size) : tensor<?x8x2xf32>
  %b = linalg.generic {
    indexing_maps = [affine_map<(b, k, n) -> (k, n)>, affine_map<(b, k, n) -> (b, k, n)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  } ins(%t : tensor<8x2xf32>) outs(%empty_b : tensor<?x8x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<?x8x2xf32>
  %zero = arith.constant 0.0 : f32
  %empty_y = tensor.empty(%size) : tensor<?x4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty_y : tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  %y = linalg.batch_matmul ins(%x, %b : tensor<?x4x8xf32>, tensor<?x8x2xf32>)
                           outs(%init : tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  util.return %y : tensor<?x4x2xf32>
}

// CHECK-LABEL: @left(
util.func public @left(%x: tensor<8x4xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> tensor<2x4xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$COLUMNS_IN]], #[[$COLUMNS_OUT]]]
  // CHECK-NEXT: util.return
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// Both forms of a product with a vector; the weight, read twice, is decoded by each.
// CHECK-LABEL: @vectors(
util.func public @vectors(%x: tensor<8xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK-NOT: seedlm.generate
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$VECTOR_IN]], #[[$VECTOR_OUT]]]
  // CHECK-NEXT: "seedlm.contract"{{.+}}indexing_maps = [#[[$VECTOR_IN]], #[[$VECTOR_OUT]]]
  // CHECK-NEXT: util.return
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2xf32>) -> tensor<2xf32>
  %a = linalg.matvec ins(%w, %x : tensor<2x8xf32>, tensor<8xf32>)
                     outs(%init : tensor<2xf32>) -> tensor<2xf32>
  %empty_t = tensor.empty() : tensor<8x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty_t : tensor<8x2xf32>) permutation = [1, 0]
  %b = linalg.vecmat ins(%x, %t : tensor<8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<2xf32>) -> tensor<2xf32>
  util.return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @converted(
util.func public @converted(%x: tensor<8x4xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> tensor<2x4xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: "seedlm.contract"{{.+}} (tensor<8x4xf32>, tensor<2x4xi8>, tensor<f32>) -> tensor<2x4xf32>
  // CHECK-NEXT: util.return
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf16>
  %empty_w = tensor.empty() : tensor<2x8xf32>
  %wide = linalg.generic {
    indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%w : tensor<2x8xf16>) outs(%empty_w : tensor<2x8xf32>) {
  ^bb0(%in: f16, %out: f32):
    %value = arith.extf %in : f16 to f32
    linalg.yield %value : f32
  } -> tensor<2x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = linalg.matmul ins(%wide, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// A weight [1, 8, 2] as its codes are restored to, a contraction with operands in another order and
// a result [n, m].
// CHECK-LABEL: @generic(
util.func public @generic(%x: tensor<8x4xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> tensor<2x4xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$COLUMNS_IN]], #[[$COLUMNS_OUT]]]
  // CHECK-NEXT: util.return
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %expanded = tensor.expand_shape %w [[0, 1], [2]] output_shape [2, 1, 8]
    : tensor<2x8xf32> into tensor<2x1x8xf32>
  %empty_t = tensor.empty() : tensor<1x8x2xf32>
  %t = linalg.transpose ins(%expanded : tensor<2x1x8xf32>) outs(%empty_t : tensor<1x8x2xf32>)
                        permutation = [1, 2, 0]
  %c = tensor.collapse_shape %t [[0, 1], [2]] : tensor<1x8x2xf32> into tensor<8x2xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = linalg.generic {
    indexing_maps = [affine_map<(k, n, m) -> (k, m)>, affine_map<(k, n, m) -> (k, n)>,
                     affine_map<(k, n, m) -> (n, m)>],
    iterator_types = ["reduction", "parallel", "parallel"]
  } ins(%x, %c : tensor<8x4xf32>, tensor<8x2xf32>) outs(%init : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %product = arith.mulf %a, %b : f32
    %sum = arith.addf %out, %product : f32
    linalg.yield %sum : f32
  } -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @gather(
// CHECK-SAME: %[[INDICES:[^:]+]]: tensor<1x?xi64>, %[[CODES:[^:]+]]: tensor<6x4xi8>, %[[SCALE:[^:]+]]: tensor<f32>
util.func public @gather(%indices: tensor<1x?xi64>, %codes: tensor<6x4xi8>, %scale: tensor<f32>,
                         %init: tensor<1x?x8xf32>) -> tensor<1x?x8xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: %[[ROWS:.+]] = "seedlm.gather"(%[[INDICES]], %[[CODES]], %[[SCALE]]) {basis_bits = 16 : i64,
  // CHECK-SAME: block = 8 : i64{{.+}}taps = array<i64: 0, 1, 3, 12>}
  // CHECK-SAME: (tensor<1x?xi64>, tensor<6x4xi8>, tensor<f32>) -> tensor<1x?x8xf32>
  // CHECK-NEXT: util.return %[[ROWS]]
  %table = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<6x4xi8>, tensor<f32>) -> tensor<6x8xf32>
  %rows = linalg.generic {
    indexing_maps = [affine_map<(b, i, k) -> (b, i)>, affine_map<(b, i, k) -> (b, i, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  } ins(%indices : tensor<1x?xi64>) outs(%init : tensor<1x?x8xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 2 : index
    %value = tensor.extract %table[%row, %column] : tensor<6x8xf32>
    linalg.yield %value : f32
  } -> tensor<1x?x8xf32>
  util.return %rows : tensor<1x?x8xf32>
}

// Codes run along the columns: a product that sums over the rows reads the whole weight.
// CHECK-LABEL: @sum_over_rows(
util.func public @sum_over_rows(%x: tensor<4x2xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>,
                                %init: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[W:.+]] = "seedlm.generate"
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]] :
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x8xf32>)
                     outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  util.return %y : tensor<4x8xf32>
}

// A convolution reads the whole weight, and so does whatever is no product.
// CHECK-LABEL: @whole(
util.func public @whole(%x: tensor<1x2x4x4xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>,
                        %init: tensor<1x2x3x3xf32>) -> (tensor<1x2x3x3xf32>, tensor<2x8xf32>) {
  // CHECK: %[[W:.+]] = "seedlm.generate"
  // CHECK: %[[FILTERS:.+]] = tensor.expand_shape %[[W]]
  // CHECK: linalg.conv_2d_nchw_fchw ins(%{{.+}}, %[[FILTERS]] :
  // CHECK: arith.negf %[[W]]
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  %filters = tensor.expand_shape %w [[0], [1, 2, 3]] output_shape [2, 2, 2, 2]
    : tensor<2x8xf32> into tensor<2x2x2x2xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %filters : tensor<1x2x4x4xf32>, tensor<2x2x2x2xf32>)
                                outs(%init : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %negated = arith.negf %w : tensor<2x8xf32>
  util.return %y, %negated : tensor<1x2x3x3xf32>, tensor<2x8xf32>
}
