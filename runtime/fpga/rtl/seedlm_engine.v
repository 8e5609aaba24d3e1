// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The matrix-vector engine: takes a command, reads its beats, sends its results.
//
// FP16 chooses the baseline: FP16 weights instead of records, everything else the same.
module seedlm_engine #(
  parameter FP16 = 0,
  parameter BEAT_WIDTH = 512,
  parameter LANES = 16,
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
  parameter UNIT_WIDTH = 512,
  parameter PLACE = 8,
  parameter BANK_BITS = 2,
  parameter LINES = 128,
  parameter LINE_WIDTH = 7,
  parameter SEGMENT_WIDTH = 10
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire                     start,
  input  wire [20:0]              rows,
  input  wire [20:0]              blocks,
  input  wire [SEGMENT_WIDTH-1:0] segment,
  input  wire [4:0]               batch,
  input  wire [31:0]              activations_address,
  input  wire [31:0]              codes_address,
  output reg                      busy,
  output wire                     done,          // in the last cycle of a command
  output reg                      beat_taken,    // these three a cycle late
  output reg                      beat_missing,  // the engine waits for memory
  output reg                      beat_waiting,  // memory waits for the engine
  output wire                     request_valid,
  input  wire                     request_ready,
  output wire [31:0]              request_address,
  output wire [6:0]               request_beats,
  input  wire                     data_valid,
  output wire                     data_ready,
  input  wire [BEAT_WIDTH-1:0]    data,
  output wire                     result_valid,
  input  wire                     result_ready,
  output wire [RESULT_WIDTH-1:0]  result_data
);
  localparam STEP_WIDTH = LANES * RECORD_WIDTH;
  localparam DECODE_CYCLES = FP16 != 0 ? 3 : 3 + $clog2(LATENT);
  localparam ADD_CYCLES = DECODE_CYCLES + 2 + $clog2(BLOCK);   // from issue_valid
  localparam WRITTEN_CYCLES = 2;                               // from an addition to its result
  localparam BLOCK_WIDTH = LINE_WIDTH + BANK_BITS;

  wire                  beat_valid, beat_ready;
  wire [BEAT_WIDTH-1:0] beat;
  seedlm_skid #(.WIDTH(BEAT_WIDTH)) skid (
    .clk(clk), .rst(rst), .in_valid(data_valid), .in_ready(data_ready), .in_data(data),
    .out_valid(beat_valid), .out_ready(beat_ready), .out_data(beat));

  seedlm_reader #(
    .LANES(LANES), .BANK_BITS(BANK_BITS), .STEP_UNITS(STEP_WIDTH / UNIT_WIDTH),
    .BEAT_UNITS(BEAT_WIDTH / UNIT_WIDTH), .SEGMENT_WIDTH(SEGMENT_WIDTH)
  ) reader (
    .clk(clk), .rst(rst), .start(start), .rows(rows), .blocks(blocks), .segment(segment),
    .batch(batch), .activations_address(activations_address), .codes_address(codes_address),
    .request_valid(request_valid), .request_ready(request_ready),
    .request_address(request_address), .request_beats(request_beats));

  wire                   finished, write, load, claim, issue_valid, issue_final, issue_first, issue_last;
  wire                   results_free;
  wire [LINE_WIDTH-1:0]  write_line;
  wire [3:0]             write_vector, issue_vector;
  wire [STEP_WIDTH-1:0]  step;
  wire [BLOCK_WIDTH-1:0] issue_block;
  wire [$clog2(LANES):0] group_rows;
  seedlm_sequencer #(
    .BEAT_WIDTH(BEAT_WIDTH), .STEP_WIDTH(STEP_WIDTH), .UNIT_WIDTH(UNIT_WIDTH),
    .LANES(LANES), .BANK_BITS(BANK_BITS), .LINE_WIDTH(LINE_WIDTH),
    .SEGMENT_WIDTH(SEGMENT_WIDTH), .READ_DELAY(DECODE_CYCLES)
  ) sequencer (
    .clk(clk), .rst(rst), .start(start), .rows(rows), .blocks(blocks), .segment(segment),
    .batch(batch), .finished(finished), .data_valid(beat_valid), .data_ready(beat_ready),
    .data(beat), .write(write), .write_line(write_line), .write_vector(write_vector), .load(load),
    .claim(claim), .step(step), .issue_valid(issue_valid), .issue_vector(issue_vector),
    .issue_final(issue_final), .issue_first(issue_first), .issue_last(issue_last), .issue_block(issue_block),
    .group_rows(group_rows), .results_free(results_free));

  wire [BLOCK_WIDTH-1:0] read_block;
  wire [3:0]             read_vector;
  wire [BLOCK*16-1:0]    activations;
  seedlm_delay #(.WIDTH(BLOCK_WIDTH + 4), .CYCLES(DECODE_CYCLES - 3)) read_delay (
    .clk(clk), .in({issue_block, issue_vector}), .out({read_block, read_vector}));
  seedlm_activations #(
    .BEAT_WIDTH(BEAT_WIDTH), .BLOCK(BLOCK), .PLACE(PLACE), .BANK_BITS(BANK_BITS), .LINES(LINES),
    .LINE_WIDTH(LINE_WIDTH)
  ) vectors (
    .clk(clk), .write(write), .write_line(write_line), .write_vector(write_vector),
    .write_data(beat), .read_block(read_block), .read_vector(read_vector),
    .activations(activations));

  wire       add_valid, add_first, add_last, group_written;
  wire [3:0] add_vector, result_index;
  wire       group_done = issue_valid && issue_last && issue_final;
  reg  [ADD_CYCLES+WRITTEN_CYCLES-1:0] valid_line, done_line;
  assign add_valid = valid_line[ADD_CYCLES-1];
  assign group_written = done_line[ADD_CYCLES+WRITTEN_CYCLES-1];
  always @(posedge clk) begin
    valid_line <= {valid_line[ADD_CYCLES+WRITTEN_CYCLES-2:0], issue_valid};
    done_line  <= {done_line[ADD_CYCLES+WRITTEN_CYCLES-2:0], group_done};
    if (rst) begin
      valid_line <= {(ADD_CYCLES+WRITTEN_CYCLES){1'b0}};
      done_line  <= {(ADD_CYCLES+WRITTEN_CYCLES){1'b0}};
    end
  end
  seedlm_delay #(.WIDTH(6), .CYCLES(ADD_CYCLES)) add_delay (
    .clk(clk), .in({issue_vector, issue_first, issue_last}),
    .out({add_vector, add_first, add_last}));

  wire [LANES*RESULT_WIDTH-1:0] results;
  genvar k;
  generate
    for (k = 0; k < LANES; k = k + 1) begin : lanes
      seedlm_lane #(
        .FP16(FP16), .BLOCK(BLOCK), .LATENT(LATENT), .SEED_WIDTH(SEED_WIDTH),
        .COEFFICIENT_BITS(COEFFICIENT_BITS), .EXPONENT_BITS(EXPONENT_BITS),
        .BASIS_BITS(BASIS_BITS), .RECORD_WIDTH(RECORD_WIDTH), .WEIGHT_WIDTH(WEIGHT_WIDTH),
        .SHIFT_WIDTH(SHIFT_WIDTH), .MAX_SHIFT(MAX_SHIFT), .RESULT_WIDTH(RESULT_WIDTH),
        .DECODE_CYCLES(DECODE_CYCLES)
      ) lane (
        .clk(clk), .load(load), .record(step[k*RECORD_WIDTH +: RECORD_WIDTH]),
        .activations(activations), .add_valid(add_valid), .add_vector(add_vector),
        .add_first(add_first), .add_last(add_last), .result_index(result_index),
        .result(results[k*RESULT_WIDTH +: RESULT_WIDTH]));
    end
  endgenerate

  seedlm_results #(.LANES(LANES), .WIDTH(RESULT_WIDTH)) sender (
    .clk(clk), .rst(rst), .claim(claim), .done(group_written),
    .rows(group_rows), .batch(batch), .free(results_free), .index(result_index),
    .results(results), .result_valid(result_valid), .result_ready(result_ready),
    .result_data(result_data));

  assign done = busy && finished && results_free && !result_valid;
  always @(posedge clk) begin
    beat_taken   <= beat_valid && beat_ready;
    beat_missing <= !beat_valid && beat_ready;
    beat_waiting <= beat_valid && !beat_ready;
    if (rst || done) busy <= 1'b0;
    else if (start) busy <= 1'b1;
  end
endmodule
