// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dot product of a block of weights with as many activations, shifted left by the block's
// exponent: one multiplier a weight, a tree of adders, one shifter; 3 + $clog2(BLOCK) cycles.
//
// `shift` is taken 2 + $clog2(BLOCK) cycles after `weights` and `activations`.
module seedlm_mac #(
  parameter BLOCK = 8,
  parameter WEIGHT_WIDTH = 13,
  parameter SHIFT_WIDTH = 2,
  parameter MAX_SHIFT = 3
) (
  input  wire                                                    clk,
  input  wire [BLOCK*WEIGHT_WIDTH-1:0]                           weights,
  input  wire [BLOCK*16-1:0]                                     activations,
  input  wire [SHIFT_WIDTH-1:0]                                  shift,
  output reg  [WEIGHT_WIDTH+16+$clog2(BLOCK)+MAX_SHIFT-1:0]      value
);
  localparam PRODUCT_WIDTH = WEIGHT_WIDTH + 16;
  localparam DOT_WIDTH = PRODUCT_WIDTH + $clog2(BLOCK);
  wire [BLOCK*PRODUCT_WIDTH-1:0] products;
  wire [DOT_WIDTH-1:0]           dot;
  genvar c;

  generate
    for (c = 0; c < BLOCK; c = c + 1) begin : column
      wire signed [WEIGHT_WIDTH-1:0] weight = weights[c*WEIGHT_WIDTH +: WEIGHT_WIDTH];
      wire signed [15:0] activation = activations[c*16 +: 16];
      // Two registers, which the multiplier of an FPGA has inside.
      reg signed [PRODUCT_WIDTH-1:0] multiplied, product;
      always @(posedge clk) begin
        multiplied <= weight * activation;
        product <= multiplied;
      end
      assign products[c*PRODUCT_WIDTH +: PRODUCT_WIDTH] = product;
    end
  endgenerate

  seedlm_sum #(.COUNT(BLOCK), .WIDTH(PRODUCT_WIDTH)) adder (
    .clk(clk), .terms(products), .total(dot));

  wire [DOT_WIDTH+MAX_SHIFT-1:0] extended;
  generate
    if (MAX_SHIFT == 0) begin : plain
      assign extended = dot;
    end else begin : signs
      assign extended = {{MAX_SHIFT{dot[DOT_WIDTH-1]}}, dot};
    end
  endgenerate
  always @(posedge clk) value <= extended << shift;
endmodule
