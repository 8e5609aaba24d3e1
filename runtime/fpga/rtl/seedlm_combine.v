// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One weight of a block: sum_p q_p * u_p, in 2 + $clog2(LATENT) cycles.
//
// A coefficient is cut into pairs of bits (the highest bit counts negative). The products of a
// pair with u are one adder; they are summed over p, and then over the pairs.
module seedlm_combine #(
  parameter LATENT = 3,
  parameter COEFFICIENT_BITS = 4,
  parameter BASIS_BITS = 8,
  parameter WEIGHT_WIDTH = 13
) (
  input  wire                               clk,
  input  wire [LATENT*BASIS_BITS-1:0]       basis,         // two's complement
  input  wire [LATENT*COEFFICIENT_BITS-1:0] coefficients,  // two's complement
  output reg  [WEIGHT_WIDTH-1:0]            weight
);
  localparam PAIRS = (COEFFICIENT_BITS + 1) / 2;
  localparam PRODUCT_WIDTH = BASIS_BITS + 2;
  localparam SUM_WIDTH = PRODUCT_WIDTH + $clog2(LATENT);
  wire [PAIRS*SUM_WIDTH-1:0] sums;
  genvar h, p;

  generate
    for (h = 0; h < PAIRS; h = h + 1) begin : pair
      wire [LATENT*PRODUCT_WIDTH-1:0] products;
      for (p = 0; p < LATENT; p = p + 1) begin : term
        wire [BASIS_BITS-1:0] u = basis[p*BASIS_BITS +: BASIS_BITS];
        wire [PRODUCT_WIDTH-1:0] once = {{2{u[BASIS_BITS-1]}}, u};
        wire low = coefficients[p*COEFFICIENT_BITS + 2*h];
        reg [PRODUCT_WIDTH-1:0] product;
        if (2 * h + 1 < COEFFICIENT_BITS) begin : two
          wire [PRODUCT_WIDTH-1:0] twice = {u[BASIS_BITS-1], u, 1'b0};
          wire high = coefficients[p*COEFFICIENT_BITS + 2*h + 1];
          if (2 * h + 2 == COEFFICIENT_BITS) begin : top
            always @(posedge clk)
              product <= (once & {PRODUCT_WIDTH{low}}) - (twice & {PRODUCT_WIDTH{high}});
          end else begin : inner
            always @(posedge clk)
              product <= (once & {PRODUCT_WIDTH{low}}) + (twice & {PRODUCT_WIDTH{high}});
          end
        end else begin : one
          always @(posedge clk) product <= {PRODUCT_WIDTH{1'b0}} - (once & {PRODUCT_WIDTH{low}});
        end
        assign products[p*PRODUCT_WIDTH +: PRODUCT_WIDTH] = product;
      end
      seedlm_sum #(.COUNT(LATENT), .WIDTH(PRODUCT_WIDTH)) adder (
        .clk(clk), .terms(products), .total(sums[h*SUM_WIDTH +: SUM_WIDTH]));
    end
  endgenerate

  reg [WEIGHT_WIDTH-1:0] total;
  integer i;
  always @* begin
    total = {WEIGHT_WIDTH{1'b0}};
    for (i = 0; i < PAIRS; i = i + 1)
      total = total + ({{(WEIGHT_WIDTH-SUM_WIDTH){sums[i*SUM_WIDTH+SUM_WIDTH-1]}},
                        sums[i*SUM_WIDTH +: SUM_WIDTH]} << (2 * i));
  end
  always @(posedge clk) weight <= total;
endmodule
