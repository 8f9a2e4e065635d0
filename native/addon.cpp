/**
 * The N-API door: reads arguments, calls a kernel, hands the answer back. No arithmetic here.
 *
 * Safe in worker threads: each environment gets its own functions from init, and nothing that belongs to JavaScript is
 * kept. What JavaScript sees is described in src/backend/native.ts, the only file that loads this.
 */
#include <node_api.h>

#include "args.h"
#include "dispatch.h"
#include "lease.h"

namespace nn {
namespace {

/** Raised when the shape of what init exports changes: src/backend/native.ts refuses a stranger. */
constexpr u32 abi = 1;

/** src/backend/backend.ts: maxRows. */
constexpr usize maxRows = 0x7fffffff;

/** Larger than any array: what is really allowed is said by the arrays' lengths. */
constexpr usize maxCount = 0xffffffff;
constexpr usize maxByteLength = usize{1} << 53;

napi_value number(napi_env env, usize value) {
  napi_value result;
  return napi_create_double(env, static_cast<double>(value), &result) == napi_ok ? result : nullptr;
}

napi_value text(napi_env env, const char* value) {
  napi_value result;
  return napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : nullptr;
}

napi_value gather(napi_env env, napi_callback_info info) {
  Args<6> args{env, {}, nullptr};
  f32 *weight, *out;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) ||
      !args.f32s(0, "weight", numEmbeddings, embeddingDim, &weight) || !args.u32s(3, "indices", numIndices, &indices) ||
      !args.f32s(5, "out", numIndices, embeddingDim, &out)) {
    return nullptr;
  }
  const Kernels* kernels = static_cast<const Kernels*>(args.data);
  return number(env, kernels->gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out));
}

napi_value scatterAdd(napi_env env, napi_callback_info info) {
  Args<7> args{env, {}, nullptr};
  f32 *gradWeight, *gradOut;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices, paddingIdx;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) || !args.integer(5, "paddingIdx", noPadding, &paddingIdx) ||
      !args.f32s(0, "gradWeight", numEmbeddings, embeddingDim, &gradWeight) ||
      !args.u32s(3, "indices", numIndices, &indices) || !args.f32s(6, "gradOut", numIndices, embeddingDim, &gradOut)) {
    return nullptr;
  }
  const Kernels* kernels = static_cast<const Kernels*>(args.data);
  return number(env, kernels->scatterAdd(gradWeight, numEmbeddings, embeddingDim, indices, numIndices,
                                         static_cast<u32>(paddingIdx), gradOut));
}

using Matmul = decltype(Kernels::matmulNN);

template <Matmul Kernels::*matmul>
napi_value multiply(napi_env env, napi_callback_info info) {
  Args<7> args{env, {}, nullptr};
  f32 *a, *b, *out;
  usize m, n, k;
  bool accumulate;
  if (!args.read(info) || !args.integer(2, "m", maxCount, &m) || !args.integer(3, "n", maxCount, &n) ||
      !args.integer(4, "k", maxCount, &k) || !args.boolean(5, "accumulate", &accumulate) ||
      !args.f32s(0, "a", m, k, &a) || !args.f32s(1, "b", n, k, &b) || !args.f32s(6, "out", m, n, &out)) {
    return nullptr;
  }
  (static_cast<const Kernels*>(args.data)->*matmul)(a, b, m, n, k, accumulate, out);
  return nullptr;
}

napi_value allocate(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  usize byteLength;
  if (!args.read(info) || !args.integer(0, "byteLength", maxByteLength, &byteLength)) return nullptr;
  return leaseArrayBuffer(env, byteLength);
}

napi_value release(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  if (!args.read(info)) return nullptr;
  bool isArrayBuffer = false;
  if (napi_is_arraybuffer(env, args.values[0], &isArrayBuffer) != napi_ok || !isArrayBuffer) {
    args.refuse("arrayBuffer", "an ArrayBuffer");
    return nullptr;
  }
  releaseArrayBuffer(env, args.values[0]);
  return nullptr;
}

bool put(napi_env env, napi_value object, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, object, name, value) == napi_ok;
}

bool putFunction(napi_env env, napi_value object, const char* name, napi_callback callback, const void* data) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &function) == napi_ok &&
         put(env, object, name, function);
}

napi_value kernelFunctions(napi_env env, const Kernels* kernels) {
  napi_value object;
  const bool made = napi_create_object(env, &object) == napi_ok &&
                    putFunction(env, object, "gather", gather, kernels) &&
                    putFunction(env, object, "scatterAdd", scatterAdd, kernels) &&
                    putFunction(env, object, "matmulNN", multiply<&Kernels::matmulNN>, kernels) &&
                    putFunction(env, object, "matmulNT", multiply<&Kernels::matmulNT>, kernels) &&
                    putFunction(env, object, "matmulTN", multiply<&Kernels::matmulTN>, kernels);
  return made ? object : nullptr;
}

bool initialize(napi_env env, napi_value exports) {
  napi_value able, unable;
  if (napi_create_object(env, &able) != napi_ok || napi_create_object(env, &unable) != napi_ok) return false;
  const Implementations& known = implementations();
  for (usize i = 0; i < known.count; i++) {
    const Implementation& one = known.all[i];
    const bool done = one.why == nullptr ? put(env, able, one.kernels->isa, kernelFunctions(env, one.kernels))
                                         : put(env, unable, one.kernels->isa, text(env, one.why));
    if (!done) return false;
  }
  return put(env, exports, "abi", number(env, abi)) && put(env, exports, "implementations", able) &&
         put(env, exports, "unsupported", unable) && putFunction(env, exports, "allocate", allocate, nullptr) &&
         putFunction(env, exports, "release", release, nullptr);
}

}  // namespace
}  // namespace nn

NAPI_MODULE_INIT() {
  return nn::initialize(env, exports) ? exports : nullptr;
}
