// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One row's accumulators, one for each of up to 16 activation vectors.
//
// A value is added to accumulator `index` in each cycle in which `valid` is set; `first` starts it
// anew, `last` also copies it to the results, where it can be read two cycles later and stays until
// overwritten. The number is added in two halves, a cycle apart, so that no carry chain is long.
module seedlm_accumulator #(
  parameter VALUE_WIDTH = 35,
  parameter WIDTH = 44
) (
  input  wire                   clk,
  input  wire                   valid,
  input  wire [3:0]             index,
  input  wire                   first,
  input  wire                   last,
  input  wire [VALUE_WIDTH-1:0] value,
  input  wire [3:0]             result_index,
  output wire [WIDTH-1:0]       result
);
  localparam LOW = (WIDTH + 1) / 2;
  localparam HIGH = WIDTH - LOW;
  (* ram_style = "distributed" *) reg [LOW-1:0]   low_sums  [0:15];
  (* ram_style = "distributed" *) reg [HIGH-1:0]  high_sums [0:15];
  (* ram_style = "distributed" *) reg [WIDTH-1:0] results   [0:15];

  wire [WIDTH-1:0] addend = {{(WIDTH-VALUE_WIDTH){value[VALUE_WIDTH-1]}}, value};
  wire [LOW-1:0]   low_before = low_sums[index] & {LOW{!first}};
  wire [LOW:0]     low_sum = {1'b0, low_before} + {1'b0, addend[LOW-1:0]};

  reg            high_valid, high_first, high_last, carry;
  reg [3:0]      high_index;
  reg [LOW-1:0]  low;
  reg [HIGH-1:0] high_addend;
  wire [HIGH-1:0] high_before = high_sums[high_index] & {HIGH{!high_first}};
  wire [HIGH-1:0] high_sum = high_before + high_addend + {{(HIGH-1){1'b0}}, carry};

  always @(posedge clk) begin
    if (valid) low_sums[index] <= low_sum[LOW-1:0];
    high_valid  <= valid;
    high_first  <= first;
    high_last   <= last;
    high_index  <= index;
    high_addend <= addend[WIDTH-1:LOW];
    {carry, low} <= low_sum;
    if (high_valid) high_sums[high_index] <= high_sum;
    if (high_valid && high_last) results[high_index] <= {high_sum, low};
  end

  assign result = results[result_index];
endmodule
