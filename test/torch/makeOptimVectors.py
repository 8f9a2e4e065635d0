"""The test vectors of the optimizers that makeVectors.py does not have: /usr/bin/python3 test/torch/makeOptimVectors.py

Momentum in its variants, parameter groups, SparseAdam over many steps, rowwise Adagrad as FBGEMM's reference states it (with torch's
operations: FBGEMM itself is not needed), and clip_grad_norm_. Written for PyTorch 1.13.
"""

import math

import torch
from makeVectors import FOLDER, save

GENERATOR = torch.Generator().manual_seed(77)


def draw(*shape):
    return torch.randn(*shape, generator=GENERATOR)


def momentum(out):
    rows, columns, steps = 7, 5, 6
    start, grads = draw(rows, columns), draw(steps, rows, columns)
    out.update({"sgd.start": start, "sgd.grads": grads})
    cases = {
        "dampening": dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.02),
        "nesterov": dict(lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.02),
    }
    for name, options in cases.items():
        weight = torch.nn.Parameter(start.clone())
        optimizer = torch.optim.SGD([weight], **options)
        after = []
        for step in range(steps):
            weight.grad = grads[step].clone()
            optimizer.step()
            after.append(weight.detach().clone())
        out[f"sgd.{name}"] = torch.stack(after)


def groups(out):
    steps = 5
    starts = [draw(4, 6), draw(3, 2)]
    grads = [draw(steps, 4, 6), draw(steps, 3, 2)]
    weights = [torch.nn.Parameter(start.clone()) for start in starts]
    optimizer = torch.optim.Adam(
        [{"params": weights[:1], "lr": 0.1, "betas": (0.5, 0.9)}, {"params": weights[1:]}], lr=0.01, weight_decay=0.1
    )
    after = [[], []]
    for step in range(steps):
        for which, weight in enumerate(weights):
            weight.grad = grads[which][step].clone()
        optimizer.step()
        for which, weight in enumerate(weights):
            after[which].append(weight.detach().clone())
    for which in range(2):
        out[f"groups.{which}.start"] = starts[which]
        out[f"groups.{which}.grads"] = grads[which]
        out[f"groups.{which}"] = torch.stack(after[which])


def sparse_adam(out):
    rows, columns, steps, count = 12, 17, 40, 9
    start, grad_out = draw(rows, columns), draw(steps, count, columns)
    indices = torch.randint(0, rows, (steps, count), generator=GENERATOR)
    layer = torch.nn.Embedding.from_pretrained(start.clone(), freeze=False, sparse=True)
    optimizer = torch.optim.SparseAdam(layer.parameters(), lr=0.03, betas=(0.85, 0.995), eps=1e-7)
    for step in range(steps):
        optimizer.zero_grad(set_to_none=True)
        layer(indices[step]).backward(grad_out[step])
        optimizer.step()
    state = optimizer.state[layer.weight]
    out.update({"sparseAdam.start": start, "sparseAdam.indices": indices, "sparseAdam.gradOut": grad_out})
    out.update({"sparseAdam": layer.weight, "sparseAdam.expAvg": state["exp_avg"]})
    out["sparseAdam.expAvgSq"] = state["exp_avg_sq"]


def rowwise(out):
    rows, columns, steps = 6, 9, 5
    start, grads = draw(rows, columns), draw(steps, rows, columns)
    out.update({"rowwise.start": start, "rowwise.grads": grads})
    lr, eps = 0.1, 1e-4
    for name, decay in {"none": 0.0, "L2": 0.05, "decoupled": 0.05}.items():
        weight, total, after = start.clone(), torch.full((rows, 1), 0.25), []
        for grad in grads:
            g = grad + decay * weight if name == "L2" else grad
            total = total + (g * g).mean(dim=1, keepdim=True)
            rate = lr / (total.sqrt() + eps)
            keep = 1 - (rate if name == "L2" else lr) * decay
            weight = keep * weight - rate * grad
            after.append(weight)
        out[f"rowwise.{name}"] = torch.stack(after)


def clip(out):
    dense, values = draw(5, 4), draw(3, 4)
    rows = torch.tensor([0, 2, 5])
    out.update({"clip.dense": dense, "clip.sparse.rows": rows, "clip.sparse.values": values})
    for name, norm in {"2": 2.0, "1": 1.0, "3": 3.0, "half": 0.5, "inf": math.inf}.items():
        for bound, most in {"small": 0.75, "large": 1e6}.items():
            first, second = (torch.nn.Parameter(torch.zeros_like(each)) for each in (dense, values))
            first.grad, second.grad = dense.clone(), values.clone()
            total = torch.nn.utils.clip_grad_norm_([first, second], most, norm_type=norm)
            out[f"clip.{name}.{bound}.total"] = total.reshape(1)
            out[f"clip.{name}.{bound}.dense"] = first.grad
            out[f"clip.{name}.{bound}.sparse"] = second.grad


if __name__ == "__main__":
    torch.set_num_threads(1)
    vectors = {}
    for make in (momentum, groups, sparse_adam, rowwise, clip):
        make(vectors)
    save("optim", vectors, "makeOptimVectors.py")
    print((FOLDER / "optim.safetensors").stat().st_size)
