// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cuts a stream of beats into steps of STEP_WIDTH bits, BEAT_WIDTH <= STEP_WIDTH < 2 * BEAT_WIDTH.
//
// Steps follow each other without gaps; the bits that are left of a beat after the step for which
// `last` is set are padding and are dropped. Takes one beat a cycle as long as steps are taken.
module seedlm_gearbox #(
  parameter BEAT_WIDTH = 512,
  parameter STEP_WIDTH = 576,
  parameter UNIT_WIDTH = 64    // the greatest common divisor of the two
) (
  input  wire                  clk,
  input  wire                  rst,
  input  wire                  in_valid,
  output wire                  in_ready,
  input  wire [BEAT_WIDTH-1:0] in_data,
  input  wire                  last,
  output wire                  form,       // a step enters the output register in this cycle
  output reg                   out_valid,
  input  wire                  out_ready,
  output reg  [STEP_WIDTH-1:0] out_data
);
  wire free = !out_valid || out_ready;

  always @(posedge clk) begin
    if (rst) out_valid <= 1'b0;
    else if (form) out_valid <= 1'b1;
    else if (out_ready) out_valid <= 1'b0;
  end

  generate
    if (STEP_WIDTH == BEAT_WIDTH) begin : same
      wire unused = &{1'b0, last};
      assign in_ready = free;
      assign form = in_valid && free;
      always @(posedge clk) if (form) out_data <= in_data;
    end else begin : longer
      localparam BEAT_UNITS = BEAT_WIDTH / UNIT_WIDTH;
      localparam STEP_UNITS = STEP_WIDTH / UNIT_WIDTH;
      localparam LEVEL_WIDTH = $clog2(STEP_UNITS);
      localparam REST_WIDTH = STEP_WIDTH - UNIT_WIDTH;
      localparam WIDE = BEAT_WIDTH + REST_WIDTH;
      localparam [31:0] BEGIN_LEVEL = STEP_UNITS - BEAT_UNITS;
      localparam [31:0] APPEND_LEVEL = BEAT_UNITS;

      // `rest` holds `level` units that came before the beat and zeros above them.
      reg  [REST_WIDTH-1:0]  rest;
      reg  [LEVEL_WIDTH-1:0] level;
      wire                   enough = level >= BEGIN_LEVEL[LEVEL_WIDTH-1:0];
      wire                   take = in_valid && in_ready;
      reg  [WIDE-1:0]        wide;
      integer                i;

      always @* begin
        wide = {{BEAT_WIDTH{1'b0}}, rest};
        for (i = 0; i < STEP_UNITS; i = i + 1)
          if (level == i[LEVEL_WIDTH-1:0])
            wide[i*UNIT_WIDTH +: BEAT_WIDTH] = wide[i*UNIT_WIDTH +: BEAT_WIDTH] | in_data;
      end

      assign in_ready = free || !enough;
      assign form = in_valid && free && enough;

      always @(posedge clk) begin
        if (rst || (form && last)) begin
          level <= {LEVEL_WIDTH{1'b0}};
          rest  <= {REST_WIDTH{1'b0}};
        end else if (form) begin
          level <= level - BEGIN_LEVEL[LEVEL_WIDTH-1:0];
          rest  <= {{(REST_WIDTH+STEP_WIDTH-WIDE){1'b0}}, wide[WIDE-1:STEP_WIDTH]};
        end else if (take) begin
          level <= level + APPEND_LEVEL[LEVEL_WIDTH-1:0];
          rest  <= wide[REST_WIDTH-1:0];
        end
        if (form) out_data <= wide[STEP_WIDTH-1:0];
      end
    end
  endgenerate
endmodule
