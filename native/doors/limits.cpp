#include "limits.h"

#include "../args.h"
#include "../limits.h"

namespace nn {
namespace {

napi_value seconds(napi_env env, double value) {
  napi_value result;
  return napi_create_double(env, value, &result) == napi_ok ? result : nullptr;
}

/** How many threads, from 1 on, and rounds. */
template <usize count>
bool readEffort(const Args<count>& args, usize at, usize* numThreads, usize* rounds) {
  return args.positive(at, "numThreads", maxCount, numThreads) && args.integer(at + 1, "rounds", maxCount, rounds);
}

}  // namespace

napi_value limitRead(napi_env env, napi_callback_info info) {
  Args<4> args{env, {}, nullptr};
  f32* from;
  usize count, numThreads, rounds;
  if (!args.read(info) || !args.integer(1, "count", maxCount, &count) || !args.f32s(0, "from", count, 1, &from) ||
      !readEffort(args, 2, &numThreads, &rounds)) {
    return nullptr;
  }
  return seconds(env, timeRead(from, count, numThreads, rounds));
}

napi_value limitCopy(napi_env env, napi_callback_info info) {
  Args<5> args{env, {}, nullptr};
  f32 *from, *to;
  usize count, numThreads, rounds;
  if (!args.read(info) || !args.integer(2, "count", maxCount, &count) || !args.f32s(0, "from", count, 1, &from) ||
      !args.f32s(1, "to", count, 1, &to) || !readEffort(args, 3, &numThreads, &rounds)) {
    return nullptr;
  }
  return seconds(env, timeCopy(from, to, count, numThreads, rounds));
}

/** An out of nothing is none: rows are read, and go nowhere. */
napi_value limitRows(napi_env env, napi_callback_info info) {
  Args<8> args{env, {}, nullptr};
  f32 *table, *out;
  u32* rows;
  usize numEmbeddings, dim, numRows, numThreads, rounds;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.positive(2, "embeddingDim", maxCount, &dim) || !args.integer(4, "numRows", maxCount, &numRows) ||
      !args.f32s(0, "table", numEmbeddings, dim, &table) || !args.u32s(3, "rows", numRows, &rows) ||
      !args.f32sOrNone(5, "out", numRows, dim, &out) || !readEffort(args, 6, &numThreads, &rounds)) {
    return nullptr;
  }
  for (usize i = 0; i < numRows; i++) {
    if (rows[i] >= numEmbeddings) {
      args.refuse("rows", "rows of the table");
      return nullptr;
    }
  }
  return seconds(env, timeRows(table, dim, rows, numRows, out, numThreads, rounds));
}

napi_value limitMultiplyAdd(napi_env env, napi_callback_info info) {
  Args<3> args{env, {}, nullptr};
  usize numPairs, numThreads, rounds;
  if (!args.read(info) || !args.integer(0, "numPairs", maxCount, &numPairs) ||
      !readEffort(args, 1, &numThreads, &rounds)) {
    return nullptr;
  }
  double total = 0;
  for (usize round = 0; round < rounds; round++) total += timeMultiplyAdd(numPairs, numThreads);
  return seconds(env, total);
}

}  // namespace nn
