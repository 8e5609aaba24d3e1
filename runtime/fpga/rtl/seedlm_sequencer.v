// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Turns the beats of a command into writes of activations and into steps for the lanes.
//
// For each segment of columns: takes its activations, then for each group of rows one step a block,
// LANES records that belong to as many rows. A step is issued once and then held for `batch` cycles,
// one for each vector. The last step of a group waits until the results of the group before it have
// left, so nothing behind the point of issue ever has to wait.
module seedlm_sequencer #(
  parameter BEAT_WIDTH = 512,
  parameter STEP_WIDTH = 576,
  parameter UNIT_WIDTH = 64,
  parameter LANES = 16,
  parameter BANK_BITS = 2,
  parameter LINE_WIDTH = 7,
  parameter SEGMENT_WIDTH = 10,
  parameter READ_DELAY = 5     // cycles after issue until the last activations have been read
) (
  input  wire                            clk,
  input  wire                            rst,
  input  wire                            start,
  input  wire [20:0]                     rows,
  input  wire [20:0]                     blocks,
  input  wire [SEGMENT_WIDTH-1:0]        segment,
  input  wire [4:0]                      batch,
  output wire                            finished,      // everything has been issued
  input  wire                            data_valid,
  output wire                            data_ready,
  input  wire [BEAT_WIDTH-1:0]           data,
  output wire                            write,
  output wire [LINE_WIDTH-1:0]           write_line,
  output wire [3:0]                      write_vector,
  output wire                            load,          // the lanes take the records of `step`
  output wire                            claim,         // ... and they are the last of a group
  output wire [STEP_WIDTH-1:0]           step,
  output reg                             issue_valid,   // from the cycle after `load` on
  output reg  [3:0]                      issue_vector,
  output reg                             issue_final,   // the last vector of a step
  output reg                             issue_first,
  output reg                             issue_last,
  output reg  [LINE_WIDTH+BANK_BITS-1:0] issue_block,
  output reg  [$clog2(LANES):0]          group_rows,    // of the group that was claimed last
  input  wire                            results_free
);
  localparam IDLE = 3'd0, PART = 3'd1, BEGIN = 3'd2, FILL = 3'd3, RUN = 3'd4,
    SETTLE = 3'd5;
  localparam BLOCK_WIDTH = LINE_WIDTH + BANK_BITS;
  localparam ROWS_WIDTH = $clog2(LANES) + 1;
  localparam [31:0] GROUP_ROWS = LANES;

  reg [2:0]               state;
  reg [20:0]              blocks_left, rows_left;
  reg [SEGMENT_WIDTH-1:0] part, part_end;
  reg [3:0]               vector_end;
  reg                     single;
  reg [LINE_WIDTH-1:0]    line;
  reg [3:0]               vector;
  reg [BLOCK_WIDTH-1:0]   block;
  reg [READ_DELAY-1:0]    reading;

  wire                     last_block = block == part_end[BLOCK_WIDTH-1:0];
  wire                     last_group = rows_left <= GROUP_ROWS[20:0];
  wire [20:0]              part_blocks = {{(21-SEGMENT_WIDTH){1'b0}}, part};

  // The step that waits to be issued, with where it belongs.
  wire                   form, step_valid, gearbox_ready;
  reg                    step_first, step_last;
  reg [BLOCK_WIDTH-1:0]  step_block;
  reg [ROWS_WIDTH-1:0]   step_rows;

  wire finishing = !issue_valid || issue_final;
  assign load = step_valid && finishing && (!step_last || results_free);
  assign claim = load && step_last;

  assign data_ready = state == FILL || (state == RUN && gearbox_ready);
  assign write = state == FILL && data_valid;
  assign write_line = line;
  assign write_vector = vector;
  assign finished = state == IDLE;

  seedlm_gearbox #(
    .BEAT_WIDTH(BEAT_WIDTH), .STEP_WIDTH(STEP_WIDTH), .UNIT_WIDTH(UNIT_WIDTH)
  ) gearbox (
    .clk(clk), .rst(rst), .in_valid(data_valid && state == RUN), .in_ready(gearbox_ready),
    .in_data(data), .last(last_block), .form(form), .out_valid(step_valid), .out_ready(load),
    .out_data(step));

  always @(posedge clk) begin
    case (state)
      IDLE: if (start) begin
        blocks_left <= blocks;
        vector_end  <= batch[3:0] - 4'd1;
        single      <= batch == 5'd1;
        state       <= PART;
      end
      PART: begin
        part      <= blocks_left < {{(21-SEGMENT_WIDTH){1'b0}}, segment}
                     ? blocks_left[SEGMENT_WIDTH-1:0] : segment;
        rows_left <= rows;
        line      <= {LINE_WIDTH{1'b0}};
        vector    <= 4'd0;
        block     <= {BLOCK_WIDTH{1'b0}};
        state     <= BEGIN;
      end
      BEGIN: begin
        part_end <= part - {{(SEGMENT_WIDTH-1){1'b0}}, 1'b1};
        state    <= FILL;
      end
      FILL: if (data_valid) begin
        vector <= vector == vector_end ? 4'd0 : vector + 4'd1;
        if (vector == vector_end) begin
          line <= line + 1'b1;
          if (line == part_end[BANK_BITS +: LINE_WIDTH]) state <= RUN;
        end
      end
      RUN: if (form) begin
        block <= last_block ? {BLOCK_WIDTH{1'b0}} : block + 1'b1;
        if (last_block) begin
          rows_left <= rows_left - GROUP_ROWS[20:0];
          if (last_group) state <= SETTLE;
        end
      end
      SETTLE: if (!step_valid && !issue_valid && reading == {READ_DELAY{1'b0}}) begin
        blocks_left <= blocks_left - part_blocks;
        state       <= blocks_left == part_blocks ? IDLE : PART;
      end
      default: state <= IDLE;
    endcase

    if (form) begin
      step_first <= block == {BLOCK_WIDTH{1'b0}};
      step_last  <= last_block;
      step_block <= block;
      step_rows  <= last_group ? rows_left[ROWS_WIDTH-1:0] : GROUP_ROWS[ROWS_WIDTH-1:0];
    end

    if (load) begin
      issue_vector <= 4'd0;
      issue_final  <= single;
      issue_first  <= step_first;
      issue_last   <= step_last;
      issue_block  <= step_block;
      if (step_last) group_rows <= step_rows;
    end else begin
      issue_vector <= issue_vector + 4'd1;
      issue_final  <= issue_vector + 4'd1 == vector_end;
    end
    issue_valid <= load || !finishing;
    reading     <= {reading[READ_DELAY-2:0], issue_valid};

    if (rst) begin
      state       <= IDLE;
      issue_valid <= 1'b0;
      reading     <= {READ_DELAY{1'b0}};
    end
  end

  wire unused = &{1'b0, part_end};
endmodule
