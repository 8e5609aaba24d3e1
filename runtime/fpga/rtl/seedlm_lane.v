// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One row of a group: its records are decoded, multiplied with activations and accumulated.
//
// `record` is taken when `load` is set, `activations` DECODE_CYCLES later, and the accumulator's
// controls with the value that they belong to, DECODE_CYCLES + 3 + $clog2(BLOCK) after `load`.
module seedlm_lane #(
  parameter FP16 = 0,
  parameter BLOCK = 8,
  parameter LATENT = 3,
  parameter SEED_WIDTH = 18,
  parameter COEFFICIENT_BITS = 4,
  parameter EXPONENT_BITS = 2,
  parameter BASIS_BITS = 8,
  parameter RECORD_WIDTH = 32,
  parameter WEIGHT_WIDTH = 13,
  parameter SHIFT_WIDTH = 2,
  parameter MAX_SHIFT = 3,
  parameter RESULT_WIDTH = 44,
  parameter DECODE_CYCLES = 5
) (
  input  wire                    clk,
  input  wire                    load,
  input  wire [RECORD_WIDTH-1:0] record,
  input  wire [BLOCK*16-1:0]     activations,
  input  wire                    add_valid,
  input  wire [3:0]              add_vector,
  input  wire                    add_first,
  input  wire                    add_last,
  input  wire [3:0]              result_index,
  output wire [RESULT_WIDTH-1:0] result
);
  localparam VALUE_WIDTH = WEIGHT_WIDTH + 16 + $clog2(BLOCK) + MAX_SHIFT;
  wire [BLOCK*WEIGHT_WIDTH-1:0] weights;
  wire [SHIFT_WIDTH-1:0]        shift, late_shift;
  wire [VALUE_WIDTH-1:0]        value;

  generate
    if (FP16 != 0) begin : plain
      seedlm_decode_fp16 decode (
        .clk(clk), .load(load), .record(record), .weight(weights), .shift(shift));
    end else begin : seeds
      seedlm_decode #(
        .BLOCK(BLOCK), .LATENT(LATENT), .SEED_WIDTH(SEED_WIDTH),
        .COEFFICIENT_BITS(COEFFICIENT_BITS), .EXPONENT_BITS(EXPONENT_BITS),
        .BASIS_BITS(BASIS_BITS), .WEIGHT_WIDTH(WEIGHT_WIDTH), .SHIFT_WIDTH(SHIFT_WIDTH),
        .RECORD_WIDTH(RECORD_WIDTH)
      ) decode (.clk(clk), .load(load), .record(record), .weights(weights), .shift(shift));
    end
  endgenerate

  seedlm_delay #(.WIDTH(SHIFT_WIDTH), .CYCLES(DECODE_CYCLES + 1 + $clog2(BLOCK))) shift_delay (
    .clk(clk), .in(shift), .out(late_shift));

  seedlm_mac #(
    .BLOCK(BLOCK), .WEIGHT_WIDTH(WEIGHT_WIDTH), .SHIFT_WIDTH(SHIFT_WIDTH), .MAX_SHIFT(MAX_SHIFT)
  ) mac (
    .clk(clk), .weights(weights), .activations(activations), .shift(late_shift), .value(value));

  seedlm_accumulator #(.VALUE_WIDTH(VALUE_WIDTH), .WIDTH(RESULT_WIDTH)) accumulator (
    .clk(clk), .valid(add_valid), .index(add_vector), .first(add_first), .last(add_last),
    .value(value), .result_index(result_index), .result(result));
endmodule
