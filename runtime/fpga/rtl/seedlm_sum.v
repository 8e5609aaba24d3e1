// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums COUNT signed numbers in a tree with a register after each level: $clog2(COUNT) cycles.
module seedlm_sum #(
  parameter COUNT = 8,
  parameter WIDTH = 29
) (
  input  wire                           clk,
  input  wire [COUNT*WIDTH-1:0]         terms,
  output wire [WIDTH+$clog2(COUNT)-1:0] total
);
  localparam LEVELS = $clog2(COUNT);
  wire unused = &{1'b0, clk};   // by a single term
  genvar l, i;

  generate
    for (l = 0; l <= LEVELS; l = l + 1) begin : level
      localparam SIZE = (COUNT + (1 << l) - 1) >> l;
      localparam BITS = WIDTH + l;
      wire [SIZE*BITS-1:0] sums;
      if (l == 0) begin : leaves
        assign sums = terms;
      end else begin : nodes
        localparam BELOW = (COUNT + (1 << (l - 1)) - 1) >> (l - 1);
        for (i = 0; i < SIZE; i = i + 1) begin : node
          wire signed [BITS-2:0] left = level[l-1].sums[2*i*(BITS-1) +: BITS-1];
          reg signed  [BITS-1:0] sum;
          if (2 * i + 1 < BELOW) begin : pair
            wire signed [BITS-2:0] right = level[l-1].sums[(2*i+1)*(BITS-1) +: BITS-1];
            always @(posedge clk) sum <= {left[BITS-2], left} + {right[BITS-2], right};
          end else begin : single
            always @(posedge clk) sum <= {left[BITS-2], left};
          end
          assign sums[i*BITS +: BITS] = sum;
        end
      end
    end
  endgenerate

  assign total = level[LEVELS].sums;
endmodule
