// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
util.global private @w = #stream.parameter.named<"model"::"counts"> : tensor<5xi32>
util.func public @f() -> tensor<5xi32> {
  %w = util.global.load @w : tensor<5xi32>
  util.return %w : tensor<5xi32>
}
