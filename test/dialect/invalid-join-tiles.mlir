// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// 65 rows need two tiles.
util.func private @f(%tiles: tensor<1x512xi8>) {
  // expected-error@+1 {{'tiles' must hold the 64 rows of each tile, but is tensor<1x512xi8>}}
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x512xi8>) -> tensor<65x8xi8>
  util.return
}

// -----

// Too few bytes for the records of 64 rows.
util.func private @f(%tiles: tensor<1x448xi8>) {
  // expected-error@+1 {{'tiles' must hold the 64 rows of each tile, but is tensor<1x448xi8>}}
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x448xi8>) -> tensor<2x8xi8>
  util.return
}

// -----

// Tiles that are no bytes.
util.func private @f(%tiles: tensor<1x128xi32>) {
  // expected-error@+1 {{'tiles' must be static i8 with two dimensions, but is tensor<1x128xi32>}}
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x128xi32>) -> tensor<2x8xi8>
  util.return
}

// -----

// Codes of unknown size.
util.func private @f(%tiles: tensor<1x512xi8>) {
  // expected-error@+1 {{'codes' must be static i8 with two dimensions, but is tensor<?x8xi8>}}
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x512xi8>) -> tensor<?x8xi8>
  util.return
}

// -----

// No tiles.
util.func private @f() {
  // expected-error@+1 {{needs 1 operands and 1 result}}
  %codes = "seedlm.join_tiles"() : () -> tensor<2x8xi8>
  util.return
}
