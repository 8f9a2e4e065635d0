#include "scratch.h"

namespace nn {

// In a file of its own: one copy for all instruction sets, and reached through a call, so no ISA file holds
// thread-local machinery.
static thread_local Scratch ofThisThread;

Scratch& scratch() {
  return ofThisThread;
}

}  // namespace nn
