#include "optimizers.h"

#include "../args.h"

namespace nn {
namespace {

/** What every step is given: numStates tables beside the weight, then which rows, and their gradients. */
template <usize numStates>
struct StepArgs {
  f32 *weight, *states[numStates], *grad;
  u32* rows;
  usize numEmbeddings, embeddingDim, numRows;

  /** The width of a state's rows is embeddingDim, or 1 where it is a scalar a row; `optional` ones may be none. */
  template <usize count>
  bool read(const Args<count>& args, const char* const (&names)[numStates], bool perRow, bool optional) {
    constexpr usize sizes = 1 + numStates;
    if (!args.integer(sizes, "numEmbeddings", maxRows, &numEmbeddings) ||
        !args.integer(sizes + 1, "embeddingDim", maxCount, &embeddingDim) ||
        !args.integer(sizes + 3, "numRows", maxCount, &numRows) ||
        !args.f32s(0, "weight", numEmbeddings, embeddingDim, &weight) ||
        !args.u32sOrNone(sizes + 2, "rows", numRows, &rows) ||
        !args.f32s(sizes + 4, "grad", numRows, embeddingDim, &grad)) {
      return false;
    }
    const usize width = perRow ? 1 : embeddingDim;
    for (usize i = 0; i < numStates; i++) {
      if (optional ? !args.f32sOrNone(1 + i, names[i], numEmbeddings, width, &states[i])
                   : !args.f32s(1 + i, names[i], numEmbeddings, width, &states[i])) {
        return false;
      }
    }
    return true;
  }
};

/** The numbers behind those, from an argument on. */
template <usize count, usize numReals>
bool readReals(const Args<count>& args, usize first, const char* const (&names)[numReals], f32 (&reals)[numReals]) {
  for (usize i = 0; i < numReals; i++) {
    if (!args.real(first + i, names[i], &reals[i])) return false;
  }
  return true;
}

}  // namespace

napi_value stepSGD(napi_env env, napi_callback_info info) {
  Args<12> args{env, {}, nullptr};
  StepArgs<1> step;
  f32 reals[3], weightDecay;
  bool nesterov;
  if (!args.read(info) || !step.read(args, {"momentumBuffer"}, false, true) ||
      !readReals(args, 7, {"lr", "momentum", "undamped"}, reals) || !args.boolean(10, "nesterov", &nesterov) ||
      !args.real(11, "weightDecay", &weightDecay)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepSGD(step.weight, step.states[0], step.numEmbeddings, step.embeddingDim, step.rows, step.numRows,
                           step.grad, reals[0], reals[1], reals[2], nesterov, weightDecay);
  });
}

napi_value stepAdagrad(napi_env env, napi_callback_info info) {
  Args<10> args{env, {}, nullptr};
  StepArgs<1> step;
  f32 reals[3];
  if (!args.read(info) || !step.read(args, {"sum"}, false, false) ||
      !readReals(args, 7, {"lr", "eps", "weightDecay"}, reals)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepAdagrad(step.weight, step.states[0], step.numEmbeddings, step.embeddingDim, step.rows,
                               step.numRows, step.grad, reals[0], reals[1], reals[2]);
  });
}

napi_value stepRowwiseAdagrad(napi_env env, napi_callback_info info) {
  Args<11> args{env, {}, nullptr};
  StepArgs<1> step;
  f32 reals[3];
  bool decoupled;
  if (!args.read(info) || !step.read(args, {"sum"}, true, false) ||
      !readReals(args, 7, {"lr", "eps", "weightDecay"}, reals) || !args.boolean(10, "decoupled", &decoupled)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepRowwiseAdagrad(step.weight, step.states[0], step.numEmbeddings, step.embeddingDim, step.rows,
                                      step.numRows, step.grad, reals[0], reals[1], reals[2], decoupled);
  });
}

napi_value stepAdam(napi_env env, napi_callback_info info) {
  Args<17> args{env, {}, nullptr};
  StepArgs<2> step;
  f32 reals[9];
  if (!args.read(info) || !step.read(args, {"expAvg", "expAvgSq"}, false, false) ||
      !readReals(args, 8,
                 {"stepSize", "beta1", "gain1", "beta2", "gain2", "rootCorrection", "eps", "weightDecay", "keep"},
                 reals)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepAdam(step.weight, step.states[0], step.states[1], step.numEmbeddings, step.embeddingDim,
                            step.rows, step.numRows, step.grad, reals[0], reals[1], reals[2], reals[3], reals[4],
                            reals[5], reals[6], reals[7], reals[8]);
  });
}

napi_value stepSparseAdam(napi_env env, napi_callback_info info) {
  Args<12> args{env, {}, nullptr};
  StepArgs<2> step;
  f32 reals[4];
  if (!args.read(info) || !step.read(args, {"expAvg", "expAvgSq"}, false, false) ||
      !readReals(args, 8, {"stepSize", "gain1", "gain2", "eps"}, reals)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepSparseAdam(step.weight, step.states[0], step.states[1], step.numEmbeddings, step.embeddingDim,
                                  step.rows, step.numRows, step.grad, reals[0], reals[1], reals[2], reals[3]);
  });
}

}  // namespace nn
