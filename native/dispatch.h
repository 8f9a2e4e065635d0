/** Which kernels this CPU can run. */
#pragma once

#include "kernels.h"

namespace nn {

/** A named set of kernels, and why it cannot run here: null when it can. */
struct Implementation {
  const Kernels* kernels;
  const char* why;
};

constexpr usize mostImplementations = 3;

struct Implementations {
  Implementation all[mostImplementations];
  usize count;
};

/** Those this build knows, best first. The CPU is asked once. */
const Implementations& implementations();

}  // namespace nn
