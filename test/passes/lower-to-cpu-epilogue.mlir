// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx2},canonicalize,cse)' %s | FileCheck %s

#all = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>
#rows = affine_map<(b, m, n) -> (b, m)>
#unit_rows = affine_map<(b, m, n) -> (b, m, 0)>
#none = affine_map<(b, m, n) -> ()>
#outer = affine_map<(b, m, n) -> (b, n)>

// An operation that reads two results of the group, as in x * sigmoid(x), becomes part of it.
// CHECK: linalg.generic
// CHECK: ^bb0(%[[SUM:[^:]+]]: f32):
// CHECK-NEXT: %[[NEGATED:.+]] = arith.negf %[[SUM]]
// CHECK-NEXT: %[[EXP:.+]] = math.exp %[[NEGATED]]
// CHECK-NEXT: %[[MORE:.+]] = arith.addf %[[EXP]], %cst
// CHECK-NEXT: %[[RESULT:.+]] = arith.divf %[[SUM]], %[[MORE]]
// CHECK-NEXT: linalg.yield %[[RESULT]]
// CHECK-LABEL: util.func public @diamond(
// CHECK-NOT: linalg.generic
// CHECK: util.return
util.func public @diamond(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>) -> tensor<2x?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %one = arith.constant 1.0 : f32
  %e = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y : tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x?x64xf32>
  %d = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y, %e : tensor<2x?x64xf32>, tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %b, %one : f32
    %1 = arith.divf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x?x64xf32>
  util.return %d : tensor<2x?x64xf32>
}

// -----

#all = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>
#rows = affine_map<(b, m, n) -> (b, m)>
#unit_rows = affine_map<(b, m, n) -> (b, m, 0)>
#none = affine_map<(b, m, n) -> ()>
#outer = affine_map<(b, m, n) -> (b, n)>

// What is added may be a whole tensor, a vector over columns or over rows, or a number.
// CHECK: func.func @{{.+}}(%{{[^:]+}}: !stream.binding, %{{[^:]+}}: !stream.binding, %[[WHOLE:[^:]+]]: !stream.binding, %[[COLUMNS:[^:]+]]: !stream.binding, %[[ROWS:[^:]+]]: !stream.binding, %[[NUMBER:[^:]+]]: !stream.binding,
// CHECK: stream.binding.subspan %[[WHOLE]]{{.+}} -> memref<?x64xf32,
// CHECK: stream.binding.subspan %[[COLUMNS]]{{.+}} -> memref<64xf32,
// CHECK: stream.binding.subspan %[[ROWS]]{{.+}} -> memref<?xf32,
// CHECK: stream.binding.subspan %[[NUMBER]]{{.+}} -> memref<f32,
// CHECK: linalg.generic {indexing_maps = [#[[$VECTOR:.+]], #[[$VECTOR]], #[[$ONE:.+]], #[[$ONE]], #[[$VECTOR]]]
// CHECK-LABEL: util.func public @operands(
// CHECK-SAME: %[[A:[^:]+]]: tensor<2x?x64xf32>, %[[B:[^:]+]]: tensor<64xf32>, %[[C:[^:]+]]: tensor<2x?x1xf32>, %[[D:[^:]+]]: tensor<f32>
// CHECK: %[[A1:.+]] = tensor.collapse_shape %[[A]] {{\[\[}}0, 1], [2]] : tensor<2x?x64xf32> into tensor<?x64xf32>
// CHECK: %[[C1:.+]] = tensor.collapse_shape %[[C]] {{\[\[}}0, 1, 2]] : tensor<2x?x1xf32> into tensor<?xf32>
// CHECK: flow.dispatch @{{.+}}(%{{.+}}, %{{.+}}, %[[A1]], %[[B]], %[[C1]], %[[D]],
// CHECK-NOT: linalg.generic
// CHECK: util.return
util.func public @operands(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>,
    %whole: tensor<2x?x64xf32>, %columns: tensor<64xf32>, %rows: tensor<2x?x1xf32>, %number: tensor<f32>) -> tensor<2x?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %z = linalg.generic {indexing_maps = [#all, #columns, #unit_rows, #none, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%whole, %columns, %rows, %number, %y : tensor<2x?x64xf32>, tensor<64xf32>, tensor<2x?x1xf32>, tensor<f32>, tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %e: f32, %out: f32):
    %0 = arith.addf %e, %a : f32
    %1 = arith.addf %0, %b : f32
    %2 = arith.mulf %1, %c : f32
    %3 = arith.addf %2, %d : f32
    linalg.yield %3 : f32
  } -> tensor<2x?x64xf32>
  util.return %z : tensor<2x?x64xf32>
}

// -----

#all = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>
#rows = affine_map<(b, m, n) -> (b, m)>
#unit_rows = affine_map<(b, m, n) -> (b, m, 0)>
#none = affine_map<(b, m, n) -> ()>
#outer = affine_map<(b, m, n) -> (b, n)>

// A result that is read elsewhere as well is the dispatch's: what follows stays outside.
// CHECK-LABEL: util.func public @read_twice(
// CHECK: flow.dispatch
// CHECK: %[[SUM:.+]] = tensor.expand_shape
// CHECK: %[[NEGATED:.+]] = linalg.generic {{.+}} ins(%[[SUM]] :
// CHECK: util.return %[[SUM]], %[[NEGATED]]
util.func public @read_twice(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>, %residual: tensor<2x?x64xf32>) -> (tensor<2x?x64xf32>, tensor<2x?x64xf32>) {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %s = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y, %residual : tensor<2x?x64xf32>, tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x?x64xf32>
  %t = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s : tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x?x64xf32>
  util.return %s, %t : tensor<2x?x64xf32>, tensor<2x?x64xf32>
}

// -----

#all = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>
#rows = affine_map<(b, m, n) -> (b, m)>
#unit_rows = affine_map<(b, m, n) -> (b, m, 0)>
#none = affine_map<(b, m, n) -> ()>
#outer = affine_map<(b, m, n) -> (b, n)>

// An operand over a part of the batch only, and a body that reads an index, stay outside.
// CHECK-LABEL: util.func public @partial_broadcast(
// CHECK: flow.dispatch
// CHECK: linalg.generic
util.func public @partial_broadcast(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>, %outer: tensor<2x64xf32>) -> tensor<2x?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %s = linalg.generic {indexing_maps = [#all, #outer, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y, %outer : tensor<2x?x64xf32>, tensor<2x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x?x64xf32>
  util.return %s : tensor<2x?x64xf32>
}

// CHECK-LABEL: util.func public @indexed(
// CHECK: flow.dispatch
// CHECK: linalg.generic
util.func public @indexed(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>) -> tensor<2x?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y : tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %i = linalg.index 2 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %0 = arith.addf %a, %f : f32
    linalg.yield %0 : f32
  } -> tensor<2x?x64xf32>
  util.return %s : tensor<2x?x64xf32>
}

// -----

#all = affine_map<(b, m, n) -> (b, m, n)>
#columns = affine_map<(b, m, n) -> (n)>
#rows = affine_map<(b, m, n) -> (b, m)>
#unit_rows = affine_map<(b, m, n) -> (b, m, 0)>
#none = affine_map<(b, m, n) -> ()>
#outer = affine_map<(b, m, n) -> (b, n)>

// The product of two contractions is computed with one of them.
// CHECK-LABEL: util.func public @product(
// CHECK: %[[FIRST:.+]] = flow.dispatch
// CHECK: flow.dispatch {{.+}}%[[FIRST]]
// CHECK-NOT: linalg.generic
// CHECK: util.return
util.func public @product(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>) -> tensor<2x?x64xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %c1 = arith.constant 1 : index
  %dim = tensor.dim %x, %c1 : tensor<2x?x64xf32>
  %empty = tensor.empty(%dim) : tensor<2x?x64xf32>
  %z = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %s = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%y, %z : tensor<2x?x64xf32>, tensor<2x?x64xf32>) outs(%empty : tensor<2x?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x?x64xf32>
  util.return %s : tensor<2x?x64xf32>
}
