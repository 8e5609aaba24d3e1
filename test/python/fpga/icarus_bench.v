// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One command on a memory with random stalls, for a simulator of plain Verilog. Prints the results.
module icarus_bench;
  parameter BEATS = 1024;
  reg clk = 0, rst = 1;
  reg [511:0] memory [0:BEATS-1];
  reg [8*256-1:0] image;

  reg         access_valid = 0, access_write = 0;
  reg  [7:0]  access_address = 0;
  reg  [31:0] access_data = 0;
  wire        access_ready, read_valid;
  wire [31:0] read_data;
  wire        request_valid, data_ready, result_valid;
  wire [31:0] request_address;
  wire [6:0]  request_beats;
  wire [127:0] result_data;

  // One burst at a time.
  reg [31:0] address = 0, left = 0;
  reg        data_valid = 0, result_ready = 0;
  wire       request_ready = left == 0;

  seedlm_top top (
    .clk(clk), .rst(rst), .access_valid(access_valid), .access_ready(access_ready),
    .access_write(access_write), .access_address(access_address), .access_data(access_data),
    .read_valid(read_valid), .read_ready(1'b1), .read_data(read_data),
    .request_valid(request_valid), .request_ready(request_ready),
    .request_address(request_address), .request_beats(request_beats), .data_valid(data_valid),
    .data_ready(data_ready), .data(memory[address]), .result_valid(result_valid),
    .result_ready(result_ready), .result_data(result_data));

  always #5 clk = !clk;

  always @(posedge clk) begin
    if (request_valid && request_ready) begin
      address <= request_address;
      left <= request_beats;
    end
    if (data_valid && data_ready) begin
      address <= address + 1;
      left <= left - 1;
    end
    data_valid <= (data_valid && !data_ready) || ($random % 3 != 0 && left > (data_valid ? 1 : 0));
    if (result_valid && result_ready) $display("result %h", result_data);
    result_ready <= $random % 2 == 0;
  end

  task write(input [7:0] where, input [31:0] value);
    begin
      access_valid <= 1;
      access_write <= 1;
      access_address <= where;
      access_data <= value;
      @(posedge clk);
      while (!access_ready) @(posedge clk);
      access_valid <= 0;
    end
  endtask

  task read(input [7:0] where);
    begin
      access_valid <= 1;
      access_write <= 0;
      access_address <= where;
      @(posedge clk);
      access_valid <= 0;
      while (!read_valid) @(posedge clk);
    end
  endtask

  integer register;
  reg [31:0] values [0:7];
  initial begin
    if (!$value$plusargs("image=%s", image)) $finish;
    $readmemh(image, memory);
    if (!$value$plusargs("registers=%s", image)) $finish;
    $readmemh(image, values);
    repeat (4) @(posedge clk);
    rst <= 0;
    for (register = 2; register < 8; register = register + 1) write(4 * register, values[register]);
    write(0, 1);
    read(4);
    while (read_data[0]) read(4);
    $display("status %0d", read_data);
    $finish;
  end
endmodule
