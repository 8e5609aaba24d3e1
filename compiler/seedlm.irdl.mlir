// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The seedlm dialect: `iree-opt --irdl-file=seedlm.irdl.mlir` registers it. What IRDL cannot say
// (shapes against block counts, seed != 0, code ranges, taps) is checked by seedlm.compiler.dialect.
//
// Every decoding operation names its code (docs/format.md) in the same eight attributes. `codes` is
// tensor<rows x row_bytes x i8>: the bit-packed records of each row. `scale` holds f32 or f16: one of
// the tensor (rank 0), of each row (rank 1), or of each 128 or 256 columns of a row (rank 2).
irdl.dialect @seedlm {
  // dense[rows, columns] = decode(codes, scale)
  irdl.operation @generate {
    %codes = irdl.base "!builtin.tensor"
    %scale = irdl.base "!builtin.tensor"
    %dense = irdl.base "!builtin.tensor"
    irdl.operands(codes: %codes, scale: %scale)
    irdl.results(dense: %dense)
    %generator = irdl.is "lfsr"
    %block = irdl.base "#builtin.integer"
    %latent = irdl.base "#builtin.integer"
    %lfsr_width = irdl.base "#builtin.integer"
    %taps = irdl.base "#builtin.dense_array"
    %coefficient_bits = irdl.base "#builtin.integer"
    %exponent_bits = irdl.base "#builtin.integer"
    %basis_bits = irdl.base "#builtin.integer"
    irdl.attributes {
      "generator" = %generator, "block" = %block, "latent" = %latent,
      "lfsr_width" = %lfsr_width, "taps" = %taps, "coefficient_bits" = %coefficient_bits,
      "exponent_bits" = %exponent_bits, "basis_bits" = %basis_bits
    }
  }

  // result[.., n] = sum_k lhs[.., k] * decode(codes, scale)[n, k]
  //
  // indexing_maps = [lhs, result] over the loops (batch.., n, k): any order of dimensions.
  irdl.operation @contract {
    %lhs = irdl.base "!builtin.tensor"
    %codes = irdl.base "!builtin.tensor"
    %scale = irdl.base "!builtin.tensor"
    %result = irdl.base "!builtin.tensor"
    irdl.operands(lhs: %lhs, codes: %codes, scale: %scale)
    irdl.results(result: %result)
    %indexing_maps = irdl.base "#builtin.array"
    %generator = irdl.is "lfsr"
    %block = irdl.base "#builtin.integer"
    %latent = irdl.base "#builtin.integer"
    %lfsr_width = irdl.base "#builtin.integer"
    %taps = irdl.base "#builtin.dense_array"
    %coefficient_bits = irdl.base "#builtin.integer"
    %exponent_bits = irdl.base "#builtin.integer"
    %basis_bits = irdl.base "#builtin.integer"
    irdl.attributes {
      "indexing_maps" = %indexing_maps,
      "generator" = %generator, "block" = %block, "latent" = %latent,
      "lfsr_width" = %lfsr_width, "taps" = %taps, "coefficient_bits" = %coefficient_bits,
      "exponent_bits" = %exponent_bits, "basis_bits" = %basis_bits
    }
  }

  // result[i.., k] = decode(codes, scale)[indices[i..], k]
  irdl.operation @gather {
    %indices = irdl.base "!builtin.tensor"
    %codes = irdl.base "!builtin.tensor"
    %scale = irdl.base "!builtin.tensor"
    %result = irdl.base "!builtin.tensor"
    irdl.operands(indices: %indices, codes: %codes, scale: %scale)
    irdl.results(result: %result)
    %generator = irdl.is "lfsr"
    %block = irdl.base "#builtin.integer"
    %latent = irdl.base "#builtin.integer"
    %lfsr_width = irdl.base "#builtin.integer"
    %taps = irdl.base "#builtin.dense_array"
    %coefficient_bits = irdl.base "#builtin.integer"
    %exponent_bits = irdl.base "#builtin.integer"
    %basis_bits = irdl.base "#builtin.integer"
    irdl.attributes {
      "generator" = %generator, "block" = %block, "latent" = %latent,
      "lfsr_width" = %lfsr_width, "taps" = %taps, "coefficient_bits" = %coefficient_bits,
      "exponent_bits" = %exponent_bits, "basis_bits" = %basis_bits
    }
  }

  // The codes, read from planes of 32-bit words and of bytes: group g of row r is the concatenation
  // of words_0[r, g], words_1[r, g], .., bytes_0[r, g], .., least significant bit first.
  irdl.operation @join_planes {
    %words = irdl.base "!builtin.tensor"
    %bytes = irdl.base "!builtin.tensor"
    %codes = irdl.base "!builtin.tensor"
    irdl.operands(words: variadic %words, bytes: variadic %bytes)
    irdl.results(codes: %codes)
  }

  // The codes, read from tiles of 64 rows: tiles[t] holds the records of rows 64 t .. 64 t + 63, block
  // after block, in the layout of the CPU kernels (docs/format.md). Missing rows are zero.
  irdl.operation @join_tiles {
    %tiles = irdl.base "!builtin.tensor"
    %codes = irdl.base "!builtin.tensor"
    irdl.operands(tiles: %tiles)
    irdl.results(codes: %codes)
  }
}
