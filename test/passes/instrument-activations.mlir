// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-instrument-activations{min-size=16})' %s | FileCheck %s

// CHECK: #[[ROW_COLUMN:.+]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK: #[[ROW:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK: #[[COLUMN:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK: #[[BATCH:.+]] = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
// CHECK: #[[COLUMN_ROW:.+]] = affine_map<(d0, d1) -> (d0, d1)>

util.global private @linear.weight = dense<0.5> : tensor<24x16xf32>
util.global private @half.weight = dense<0.5> : tensor<24x16xf16>
util.global private @batched.weight = dense<0.5> : tensor<24x16xf32>
util.global private @head = dense<0.5> : tensor<32x24xf32>
util.global private @left.weight = dense<0.5> : tensor<16x24xf32>
util.global private @twice.weight = dense<0.5> : tensor<24x24xf32>
util.global private @table = dense<0.5> : tensor<32x24xf32>

// CHECK: util.global private mutable @seedlm.activations.0 = dense<0.000000e+00> : tensor<24xf64>
// CHECK: util.global private mutable @seedlm.activations.0.rows = 0 : i64

// CHECK-LABEL: @linear(
// CHECK-SAME: %[[X:[^:]+]]: tensor<4x24xf32>
util.func public @linear(%x: tensor<4x24xf32>, %init: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: %[[SUMS:.+]] = util.global.load @seedlm.activations.0 : tensor<24xf64>
  // CHECK: %[[SPACE:.+]] = tensor.empty() : tensor<4xf32>
  // CHECK: %[[ZEROS:.+]] = linalg.fill
  // CHECK: %[[SQUARES:.+]] = linalg.generic
  // CHECK-SAME: indexing_maps = [#[[ROW_COLUMN]], #[[ROW]], #[[COLUMN]]]
  // CHECK-SAME: iterator_types = ["parallel", "reduction"]
  // CHECK-SAME: ins(%[[X]], %[[SPACE]] : {{.+}}) outs(%[[ZEROS]] : tensor<24xf64>)
  // CHECK-NEXT: ^bb0(%[[IN:.+]]: f32, %{{.+}}: f32, %[[OUT:.+]]: f64):
  // CHECK-NEXT: %[[WIDE:.+]] = arith.extf %[[IN]] : f32 to f64
  // CHECK-NEXT: %[[SQUARE:.+]] = arith.mulf %[[WIDE]], %[[WIDE]] : f64
  // CHECK-NEXT: %[[SUM:.+]] = arith.addf %[[OUT]], %[[SQUARE]] : f64
  // CHECK-NEXT: linalg.yield %[[SUM]] : f64
  // CHECK: %[[EMPTY:.+]] = tensor.empty() : tensor<24xf64>
  // CHECK: %[[MORE:.+]] = linalg.generic
  // CHECK-SAME: ins(%[[SUMS]], %[[SQUARES]] : {{.+}}) outs(%[[EMPTY]] : tensor<24xf64>)
  // CHECK: arith.addf
  // CHECK: util.global.store %[[MORE]], @seedlm.activations.0 : tensor<24xf64>
  // CHECK: %[[ROWS:.+]] = util.global.load @seedlm.activations.0.rows : i64
  // CHECK: %[[FOUR:.+]] = arith.constant 4 : index
  // CHECK: %[[ADDED:.+]] = arith.index_cast %[[FOUR]] : index to i64
  // CHECK: %[[TOTAL:.+]] = arith.addi %[[ROWS]], %[[ADDED]] : i64
  // CHECK: util.global.store %[[TOTAL]], @seedlm.activations.0.rows : i64
  // CHECK: linalg.matmul
  %w = util.global.load @linear.weight : tensor<24x16xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x24xf32>, tensor<24x16xf32>)
                     outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
  util.return %y : tensor<4x16xf32>
}

// CHECK-LABEL: @half(
util.func public @half(%x: tensor<4x24xf16>, %init: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: outs(%{{.+}} : tensor<24xf64>)
  // CHECK: arith.extf %{{.+}} : f16 to f64
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.1 :
  %w = util.global.load @half.weight : tensor<24x16xf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x24xf16>, tensor<24x16xf16>)
                     outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
  util.return %y : tensor<4x16xf32>
}

// CHECK-LABEL: @batched(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x?x24xf32>
util.func public @batched(%x: tensor<?x?x24xf32>, %batch: index, %init: tensor<?x?x16xf32>)
    -> tensor<?x?x16xf32> {
  // CHECK: %[[BATCH_SIZE:.+]] = tensor.dim %[[X]], %c0{{.*}} :
  // CHECK: %[[LENGTH:.+]] = tensor.dim %[[X]], %c1{{.*}} :
  // CHECK: tensor.empty(%[[BATCH_SIZE]], %[[LENGTH]]) : tensor<?x?xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[BATCH]],
  // CHECK-SAME: iterator_types = ["parallel", "reduction", "reduction"]
  // CHECK-SAME: ins(%[[X]],
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.2 :
  // CHECK: %[[BATCHES:.+]] = arith.muli %{{.+}}, %[[BATCH_SIZE]] : index
  // CHECK: %[[ROWS:.+]] = arith.muli %[[BATCHES]], %[[LENGTH]] : index
  // CHECK: arith.index_cast %[[ROWS]] : index to i64
  %w = util.global.load @batched.weight : tensor<24x16xf32>
  %empty = tensor.empty(%batch) : tensor<?x24x16xf32>
  %b = linalg.broadcast ins(%w : tensor<24x16xf32>) outs(%empty : tensor<?x24x16xf32>)
                        dimensions = [0]
  %y = linalg.batch_matmul ins(%x, %b : tensor<?x?x24xf32>, tensor<?x24x16xf32>)
                           outs(%init : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  util.return %y : tensor<?x?x16xf32>
}

// CHECK-LABEL: @transposed(
// CHECK-SAME: %[[X:[^:]+]]: tensor<4x24xf32>
util.func public @transposed(%x: tensor<4x24xf32>, %init: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[ROW_COLUMN]],
  // CHECK-SAME: ins(%[[X]],
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.3 : tensor<24xf64>
  %w = util.global.load @head : tensor<32x24xf32>
  %empty = tensor.empty() : tensor<24x32xf32>
  %t = linalg.transpose ins(%w : tensor<32x24xf32>) outs(%empty : tensor<24x32xf32>)
                        permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<4x24xf32>, tensor<24x32xf32>)
                     outs(%init : tensor<4x32xf32>) -> tensor<4x32xf32>
  util.return %y : tensor<4x32xf32>
}

// The weight is the first operand: rows of the activation are its columns.
// CHECK-LABEL: @left(
// CHECK-SAME: %[[X:[^:]+]]: tensor<24x5xf32>
util.func public @left(%x: tensor<24x5xf32>, %init: tensor<16x5xf32>) -> tensor<16x5xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[COLUMN_ROW]], #[[ROW]], #[[COLUMN]]]
  // CHECK-SAME: ins(%[[X]],
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.4 : tensor<24xf64>
  // CHECK: arith.constant 5 : index
  %w = util.global.load @left.weight : tensor<16x24xf32>
  %y = linalg.matmul ins(%w, %x : tensor<16x24xf32>, tensor<24x5xf32>)
                     outs(%init : tensor<16x5xf32>) -> tensor<16x5xf32>
  util.return %y : tensor<16x5xf32>
}

// Both products add to the sums of their weight.
// CHECK-LABEL: @twice(
// CHECK-SAME: %[[X:[^:]+]]: tensor<4x24xf32>
util.func public @twice(%x: tensor<4x24xf32>, %init: tensor<4x24xf32>) -> tensor<4x24xf32> {
  // CHECK: linalg.generic
  // CHECK-SAME: ins(%[[X]],
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.5 :
  // CHECK: %[[Y:.+]] = linalg.matmul
  // CHECK: util.global.load @seedlm.activations.5 :
  // CHECK: linalg.generic
  // CHECK-SAME: ins(%[[Y]],
  // CHECK: util.global.store %{{.+}}, @seedlm.activations.5 :
  // CHECK: linalg.matmul
  %w = util.global.load @twice.weight : tensor<24x24xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x24xf32>, tensor<24x24xf32>)
                     outs(%init : tensor<4x24xf32>) -> tensor<4x24xf32>
  %z = linalg.matmul ins(%y, %w : tensor<4x24xf32>, tensor<24x24xf32>)
                     outs(%init : tensor<4x24xf32>) -> tensor<4x24xf32>
  util.return %z : tensor<4x24xf32>
}

// Rows that are gathered are not multiplied with anything.
// CHECK-LABEL: @gather(
util.func public @gather(%ids: tensor<3xi64>) -> tensor<3x24xf32> {
  // CHECK-NOT: seedlm.activations
  %table = util.global.load @table : tensor<32x24xf32>
  %empty = tensor.empty() : tensor<3x24xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<3xi64>) outs(%empty : tensor<3x24xf32>) {
  ^bb0(%id: i64, %out: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %value = tensor.extract %table[%row, %column] : tensor<32x24xf32>
    linalg.yield %value : f32
  } -> tensor<3x24xf32>
  util.return %y : tensor<3x24xf32>
}

// CHECK-LABEL: util.func public @seedlm.activations()
// CHECK: %[[SUMS:.+]] = util.global.load @seedlm.activations.0 : tensor<24xf64>
// CHECK: %[[VIEW:.+]] = hal.tensor.export %[[SUMS]] : tensor<24xf64> -> !hal.buffer_view
// CHECK: %[[ROWS:.+]] = util.global.load @seedlm.activations.0.rows : i64
// CHECK: util.global.load @seedlm.activations.5.rows
// CHECK-NOT: @seedlm.activations.6
// CHECK: util.return %[[VIEW]], %[[ROWS]],
