// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activation functions, by their positions in seedlm.passes.vulkan_form.epilogue.

// The error function but for an error below 2e-7, most of it that of exp and of rounding.
// 1 - erf(a) is exp(-a p(a)) for a smooth p; this p is its least squares fit on the Chebyshev nodes of
// [0, 4], with weights by which the error of erf comes close to the least greatest one, 1.6e-8.
float error_function(float x) {
  const float a = min(abs(x), 4.0);
  float p = 3.14403333e-05;
  p = p * a - 3.08803283e-04;
  p = p * a + 1.03240402e-03;
  p = p * a + 5.36931329e-04;
  p = p * a - 1.95839591e-02;
  p = p * a + 1.02919616e-01;
  p = p * a + 6.36597753e-01;
  p = p * a + 1.12838030e+00;
  return sign(x) * (1.0 - exp(-a * p));
}

// As GLSL's may overflow where this goes to 1 or -1.
float hyperbolic_tangent(float x) { return 1.0 - 2.0 / (exp(2.0 * x) + 1.0); }

float sigmoid(float x) { return 1.0 / (1.0 + exp(-x)); }

float activate(uint number, float x) {
  switch (number) {
  case 1: // ReLU
    return max(x, 0.0);
  case 2: // GELU
    return 0.5 * x * (1.0 + error_function(0.707106781 * x));
  case 3: // GELU by tanh
    return 0.5 * x * (1.0 + hyperbolic_tangent(0.797884561 * (x + 0.044715 * x * x * x)));
  case 4: // SiLU
    return x * sigmoid(x);
  case 5:
    return sigmoid(x);
  case 6:
    return hyperbolic_tangent(x);
  default:
    return x;
  }
}
