/** Memory of memory.h, seen from JavaScript as an ArrayBuffer, and given back exactly once. */
#pragma once

#include <node_api.h>

#include "kernels.h"

namespace nn {

/** A zeroed, 64-byte aligned ArrayBuffer; undefined where there is no such memory or the engine takes no foreign
 * memory. */
napi_value leaseArrayBuffer(napi_env env, usize byteLength);

/** Detaches an ArrayBuffer of ours and gives its memory back at once. Any other ArrayBuffer is left as it is. */
void releaseArrayBuffer(napi_env env, napi_value arrayBuffer);

}  // namespace nn
