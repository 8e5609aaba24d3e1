// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Drives the ports of a module with given words, one row a cycle, and notes what it answers.
#include <cstdint>
#include <cstring>

#include "Vseedlm_top.h"
#include "verilated.h"

#define SEEDLM_EXPORT extern "C" __attribute__((visibility("default")))

SEEDLM_EXPORT Vseedlm_top *seedlm_bench_new() { return new Vseedlm_top; }

SEEDLM_EXPORT void seedlm_bench_delete(Vseedlm_top *top) { delete top; }

// Outputs of a cycle are those before its clock edge.
SEEDLM_EXPORT void seedlm_bench_run(Vseedlm_top *top, uint64_t cycles, const uint32_t *inputs,
                                    uint32_t *outputs) {
  for (uint64_t i = 0; i < cycles; ++i) {
    std::memcpy(&top->in, inputs, sizeof(top->in));
    top->clk = 0;
    top->eval();
    std::memcpy(outputs, &top->out, sizeof(top->out));
    top->clk = 1;
    top->eval();
    inputs += sizeof(top->in) / sizeof(uint32_t);
    outputs += sizeof(top->out) / sizeof(uint32_t);
  }
}
