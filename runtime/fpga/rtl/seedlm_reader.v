// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asks memory for the beats of a command, in the order in which the sequencer takes them: for each
// segment of columns its activations, then the codes of each group of rows.
module seedlm_reader #(
  parameter LANES = 16,
  parameter BANK_BITS = 2,
  parameter STEP_UNITS = 9,     // a step is STEP_UNITS / BEAT_UNITS beats, in lowest terms
  parameter BEAT_UNITS = 8,
  parameter SEGMENT_WIDTH = 10
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire                     start,
  input  wire [20:0]              rows,
  input  wire [20:0]              blocks,
  input  wire [SEGMENT_WIDTH-1:0] segment,
  input  wire [4:0]               batch,
  input  wire [31:0]              activations_address,  // addresses are in beats
  input  wire [31:0]              codes_address,
  output wire                     request_valid,
  input  wire                     request_ready,
  output wire [31:0]              request_address,
  output wire [6:0]               request_beats
);
  localparam IDLE = 3'd0, PART = 3'd1, COUNT = 3'd2, COUNTED = 3'd3, ACTIVATIONS = 3'd4,
    CODES = 3'd5;
  localparam SCALED_WIDTH = SEGMENT_WIDTH + $clog2(STEP_UNITS + 1);
  localparam LINES_WIDTH = SEGMENT_WIDTH - BANK_BITS + 1;
  localparam COUNT_WIDTH = SCALED_WIDTH + 5;   // for the beats of activations and of a group
  localparam [31:0] LINE_ROUND = (1 << BANK_BITS) - 1;
  localparam [31:0] EXTRA_UNITS = STEP_UNITS - BEAT_UNITS;
  localparam [31:0] EXTRA_ROUND = BEAT_UNITS - 1;
  localparam [31:0] GROUP_ROWS = LANES;

  reg [2:0]               state;
  reg [20:0]              blocks_left, rows_left;
  reg [SEGMENT_WIDTH-1:0] part;
  reg [SCALED_WIDTH-1:0]  extra_units;
  reg [COUNT_WIDTH-1:0]   multiplied, activation_beats, group_beats;
  reg [31:0]              activations_next, codes_next;

  wire [SEGMENT_WIDTH:0]  rounded_part = {1'b0, part} + LINE_ROUND[SEGMENT_WIDTH:0];
  wire [LINES_WIDTH-1:0]  lines = rounded_part[SEGMENT_WIDTH:BANK_BITS];
  // A group has a beat for each step, and the beats of what steps are longer.
  wire [SCALED_WIDTH-1:0] steps = {{(SCALED_WIDTH-SEGMENT_WIDTH){1'b0}}, part};
  wire [SCALED_WIDTH-1:0] extra_beats =
    (extra_units + EXTRA_ROUND[SCALED_WIDTH-1:0]) >> $clog2(BEAT_UNITS);
  wire                    last_group = rows_left <= GROUP_ROWS[20:0];
  wire [20:0]             part_blocks = {{(21-SEGMENT_WIDTH){1'b0}}, part};
  wire                    unused = &{1'b0, rounded_part};

  reg                   range_valid;
  wire                  range_ready;
  reg [31:0]            range_address;
  reg [COUNT_WIDTH-1:0] range_end;
  wire                  offer = !range_valid || range_ready;
  seedlm_bursts #(.COUNT_WIDTH(COUNT_WIDTH)) bursts (
    .clk(clk), .rst(rst), .range_valid(range_valid), .range_ready(range_ready),
    .range_address(range_address), .range_end(range_end), .request_valid(request_valid),
    .request_ready(request_ready), .request_address(request_address),
    .request_beats(request_beats));

  always @(posedge clk) begin
    if (range_ready) range_valid <= 1'b0;

    case (state)
      IDLE: if (start) begin
        blocks_left      <= blocks;
        activations_next <= activations_address;
        codes_next       <= codes_address;
        state            <= PART;
      end
      PART: begin
        part      <= blocks_left < {{(21-SEGMENT_WIDTH){1'b0}}, segment}
                     ? blocks_left[SEGMENT_WIDTH-1:0] : segment;
        rows_left <= rows;
        state     <= COUNT;
      end
      COUNT: begin
        multiplied  <= {{(COUNT_WIDTH-LINES_WIDTH){1'b0}}, lines}
                       * {{(COUNT_WIDTH-5){1'b0}}, batch};
        extra_units <= steps * EXTRA_UNITS[SCALED_WIDTH-1:0];
        blocks_left <= blocks_left - part_blocks;
        state       <= COUNTED;
      end
      COUNTED: begin
        activation_beats <= multiplied;
        group_beats      <= {{(COUNT_WIDTH-SCALED_WIDTH){1'b0}}, steps + extra_beats};
        state            <= ACTIVATIONS;
      end
      ACTIVATIONS: if (offer) begin
        range_valid      <= 1'b1;
        range_address    <= activations_next;
        range_end        <= activation_beats - 1'b1;
        activations_next <= activations_next + {{(32-COUNT_WIDTH){1'b0}}, activation_beats};
        state            <= CODES;
      end
      CODES: if (offer) begin
        range_valid   <= 1'b1;
        range_address <= codes_next;
        range_end     <= group_beats - 1'b1;
        codes_next    <= codes_next + {{(32-COUNT_WIDTH){1'b0}}, group_beats};
        rows_left     <= rows_left - GROUP_ROWS[20:0];
        if (last_group) state <= blocks_left == 21'd0 ? IDLE : PART;
      end
      default: state <= IDLE;
    endcase

    if (rst) begin
      state       <= IDLE;
      range_valid <= 1'b0;
    end
  end
endmodule
