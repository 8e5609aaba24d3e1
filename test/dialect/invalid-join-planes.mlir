// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// No numbers of planes.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'operandSegmentSizes' must be the numbers of word and of byte planes}}
  %codes = "seedlm.join_planes"(%p0)
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}

// -----

// More planes than operands.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'operandSegmentSizes' must be the numbers of word and of byte planes}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 1>}
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}

// -----

// A third kind of planes.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'operandSegmentSizes' must be the numbers of word and of byte planes}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0, 0>}
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}

// -----

// A negative number of planes.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'operandSegmentSizes' must be the numbers of word and of byte planes}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 2, -1>}
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}

// -----

// No planes.
util.func private @f() {
  // expected-error@+1 {{needs at least one plane}}
  %codes = "seedlm.join_planes"() {operandSegmentSizes = array<i32: 0, 0>}
    : () -> tensor<2x12xi8>
  util.return
}

// -----

// Codes that are no bytes.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'codes' must be static i8 [rows, row_bytes], but is tensor<2x12xi32>}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> tensor<2x12xi32>
  util.return
}

// -----

// A dynamic number of rows.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'codes' must be static i8 [rows, row_bytes], but is tensor<?x12xi8>}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> tensor<?x12xi8>
  util.return
}

// -----

// Codes without rows.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'codes' must be static i8 [rows, row_bytes], but is tensor<24xi8>}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> tensor<24xi8>
  util.return
}

// -----

// Codes that are no tensor.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{'codes' must be a ranked tensor, but is i8}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> i8
  util.return
}

// -----

// Four groups, not three.
util.func private @f(%p0: tensor<2x3xi32>) {
  // expected-error@+1 {{a plane must be tensor<2x4xi32>, but is tensor<2x3xi32>}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> tensor<2x13xi8>
  util.return
}

// -----

// A plane of words that holds bytes.
util.func private @f(%p0: tensor<2x3xi8>) {
  // expected-error@+1 {{a plane must be tensor<2x3xi32>, but is tensor<2x3xi8>}}
  %codes = "seedlm.join_planes"(%p0) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi8>) -> tensor<2x12xi8>
  util.return
}

// -----

// A plane of bytes that holds words.
util.func private @f(%p0: tensor<2x3xi32>, %p1: tensor<2x3xi32>) {
  // expected-error@+1 {{a plane must be tensor<2x3xi8>, but is tensor<2x3xi32>}}
  %codes = "seedlm.join_planes"(%p0, %p1) {operandSegmentSizes = array<i32: 1, 1>}
    : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x15xi8>
  util.return
}
