// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A record to the integer weights of its block and the shift that stands for its exponent.
//
// Taken when `load` is set; the weights are there 3 + $clog2(LATENT) cycles later and stay until
// those of the next record. `shift` is there one cycle after `load`. `seedlm_expand` is generated
// from the code: it gives BASIS_WIDTH bits whose window of BASIS_BITS at bit i is the top of the
// register's i-th state after the seed.
module seedlm_decode #(
  parameter BLOCK = 8,
  parameter LATENT = 3,
  parameter SEED_WIDTH = 18,
  parameter COEFFICIENT_BITS = 4,
  parameter EXPONENT_BITS = 2,
  parameter BASIS_BITS = 8,
  parameter WEIGHT_WIDTH = 13,
  parameter SHIFT_WIDTH = 2,   // EXPONENT_BITS, at least 1
  parameter RECORD_WIDTH = 32
) (
  input  wire                          clk,
  input  wire                          load,
  input  wire [RECORD_WIDTH-1:0]       record,
  output wire [BLOCK*WEIGHT_WIDTH-1:0] weights,
  output reg  [SHIFT_WIDTH-1:0]        shift
);
  localparam BASIS_WIDTH = BLOCK * LATENT + BASIS_BITS - 1;
  localparam COEFFICIENTS_WIDTH = LATENT * COEFFICIENT_BITS;
  wire [BASIS_WIDTH-1:0]        expanded;
  reg  [BASIS_WIDTH-1:0]        states;
  reg  [COEFFICIENTS_WIDTH-1:0] coefficients;
  genvar c, p;

  seedlm_expand expand (.seed(record[SEED_WIDTH-1:0]), .states(expanded));

  always @(posedge clk)
    if (load) begin
      states <= expanded;
      coefficients <= record[SEED_WIDTH +: COEFFICIENTS_WIDTH];
    end

  generate
    if (EXPONENT_BITS == 0) begin : fixed
      always @(posedge clk) shift <= {SHIFT_WIDTH{1'b0}};
    end else begin : shifted
      // The exponent plus 2**(EXPONENT_BITS-1), which is 0 for the least: its highest bit flips.
      localparam [SHIFT_WIDTH-1:0] LEAST = 1 << (EXPONENT_BITS - 1);
      always @(posedge clk)
        if (load) shift <= record[SEED_WIDTH+COEFFICIENTS_WIDTH +: SHIFT_WIDTH] ^ LEAST;
    end

    for (c = 0; c < BLOCK; c = c + 1) begin : column
      wire [LATENT*BASIS_BITS-1:0] basis;
      for (p = 0; p < LATENT; p = p + 1) begin : latent
        // A state's top bits minus 2**(BASIS_BITS-1): the highest bit flips.
        wire [BASIS_BITS-1:0] state = states[c*LATENT+p +: BASIS_BITS];
        assign basis[p*BASIS_BITS +: BASIS_BITS] = {~state[BASIS_BITS-1], state[BASIS_BITS-2:0]};
      end
      seedlm_combine #(
        .LATENT(LATENT), .COEFFICIENT_BITS(COEFFICIENT_BITS), .BASIS_BITS(BASIS_BITS),
        .WEIGHT_WIDTH(WEIGHT_WIDTH)
      ) combine (
        .clk(clk), .basis(basis), .coefficients(coefficients),
        .weight(weights[c*WEIGHT_WIDTH +: WEIGHT_WIDTH]));
    end
  endgenerate
endmodule
