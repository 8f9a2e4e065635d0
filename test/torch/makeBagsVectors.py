"""Makes the test vectors of EmbeddingBag with PyTorch, as makeVectors.py does those of the other layers.

    /usr/bin/python3 test/torch/makeBagsVectors.py
"""

import itertools

import torch
import makeVectors
from torch.nn.functional import embedding_bag

ROWS, COLUMNS = 12, 5
PLACES = {"offsets": 0, "lastOffset": 1, "bagSize": 2}


def run(out, name, table, indices, offsets, weights, options, grad_out=None):
    """One call, and its gradients where PyTorch gives them."""
    weight = table.clone().requires_grad_()
    sample_weights = None if weights is None else weights.clone().requires_grad_()
    result = embedding_bag(indices, weight, offsets, per_sample_weights=sample_weights, **options)
    if grad_out is None:
        grad_out = torch.randn(result.shape)
    out[f"{name}.forward"] = result
    out[f"{name}.gradOut"] = grad_out
    result.backward(grad_out)
    gradient = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
    out[f"{name}.grad"] = gradient
    if sample_weights is not None:
        out[f"{name}.gradWeights"] = sample_weights.grad


def bags():
    """Every mode and form of input, with and without padding, weights, sparse gradients."""
    out = {}
    torch.manual_seed(41)
    table = torch.randn(ROWS, COLUMNS)
    out["table"] = table
    # 16 indices at most: PyTorch sorts them, and beyond 16 its sort leaves equal ones in no order (see embedding.test.ts).
    many = torch.randint(0, ROWS, (16,))
    many[3] = many[4] = many[11] = 7
    offsets = torch.tensor([0, 3, 3, 5, 12, 12])  # empty bags within and at the end
    grids = torch.randint(0, ROWS, (4, 4))
    grids[2] = 7  # a bag of nothing but padding
    weights = torch.randn(16)
    out.update({"indices": many, "offsets": offsets, "grid": grids, "weights": weights})
    out["lastOffsets"] = torch.tensor([0, 3, 3, 5, 12, 16])  # one bag fewer: the last is where the last ends

    for mode, padding, form, sparse, weighted in itertools.product(
        ["sum", "mean", "max"], [None, 7], PLACES, [False, True], [False, True]
    ):
        if (weighted and mode != "sum") or (mode == "max" and sparse):
            continue  # PyTorch refuses
        if form == "bagSize":
            indices, starts, w = grids, None, weights.reshape(4, 4)
        else:
            indices, starts, w = many, out["lastOffsets" if form == "lastOffset" else "offsets"], weights
        name = ".".join([mode, form, "padding" if padding else "all", "sparse" if sparse else "dense"])
        options = dict(mode=mode, padding_idx=padding, sparse=sparse, include_last_offset=form == "lastOffset")
        run(out, name + (".weighted" if weighted else ""), table, indices, starts, w if weighted else None, options)

    # include_last_offset with indices that no bag has. PyTorch 1.13 aborts here with max.
    for mode in ["sum", "mean"]:
        options = dict(mode=mode, include_last_offset=True)
        weight = table.clone()
        out[f"behind.{mode}"] = embedding_bag(many, weight, torch.tensor([0, 4, 9]), **options)

    # A longer one, to be found the same by every width of vector; its gradients to a tolerance.
    wide = torch.randn(40, 67)
    long = torch.randint(0, 40, (150,))
    starts = torch.tensor([0, 1, 30, 30, 99, 140])
    out.update({"wide.table": wide, "wide.indices": long, "wide.offsets": starts, "wide.weights": torch.randn(150)})
    for mode in ["sum", "mean", "max"]:
        run(out, f"wide.{mode}", wide, long, starts, None, dict(mode=mode))
    run(out, "wide.weighted", wide, long, starts, out["wide.weights"], dict(mode="sum"))

    # Renorm, and PyTorch's own first values.
    for norm, max_norm in [(2.0, 1.0), (1.0, 2.5), (float("inf"), 0.5)]:
        weight = table.clone()
        out[f"renorm.{norm}.forward"] = embedding_bag(many, weight, offsets, max_norm=max_norm, norm_type=norm)
        out[f"renorm.{norm}.table"] = weight
    torch.manual_seed(123)
    out["initial"] = torch.nn.EmbeddingBag(9, 4, padding_idx=-2).weight

    # scale_grad_by_freq of PyTorch 1.13, wrong as #190063 says: kept to see that it is not followed.
    weight = torch.zeros(3, 1, requires_grad=True)
    bag = torch.tensor([0, 0, 0, 1, 2, 2])
    embedding_bag(bag, weight, torch.tensor([0]), mode="sum", scale_grad_by_freq=True).backward(torch.ones(1, 1))
    out["frequency.wrong"] = weight.grad
    makeVectors.save("bags", out, "makeBagsVectors.py")


if __name__ == "__main__":
    torch.set_num_threads(1)
    bags()
    print((makeVectors.FOLDER / "bags.safetensors").stat().st_size)
