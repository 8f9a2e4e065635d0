"""Makes vectors/layers.safetensors with PyTorch: the options of Embedding, alone and together, and token plus position embeddings.

    /usr/bin/python3 test/torch/makeLayersVectors.py

What it wants and promises is what makeVectors.py says of itself.
"""

import math

import numpy
import torch
import torch.nn.functional as functional
from makeVectors import save

INFINITY = float("inf")


def lookup(out, name, weight, indices, grad_out, padding_idx, max_norm, norm_type, scale_grad_by_freq):
    """One forward and one backward call, with everything that went in and came out."""
    table = weight.clone().requires_grad_()
    rows = functional.embedding(
        indices,
        table,
        padding_idx=padding_idx,
        max_norm=max_norm,
        norm_type=norm_type,
        scale_grad_by_freq=scale_grad_by_freq,
    )
    rows.backward(grad_out)
    out[f"{name}.weight"] = weight
    out[f"{name}.indices"] = indices.to(torch.int32)
    out[f"{name}.gradOut"] = grad_out
    # -1 stands for an option that is not given.
    given = [-1 if option is None else option for option in (padding_idx, max_norm, norm_type, scale_grad_by_freq)]
    out[f"{name}.options"] = torch.tensor(given, dtype=torch.float64)
    if max_norm is not None:
        out[f"{name}.renormed"] = table.detach()
    out[f"{name}.forward"] = rows.detach()
    out[f"{name}.grad"] = table.grad


def renorm(out):
    torch.manual_seed(11)
    for norm_type in (0.5, 1.0, 2.0, 3.0, 7.25, INFINITY):
        weight = torch.randn(12, 21)
        weight[3] = 0
        weight[4, ::2] = 0
        weight[5] *= 1e-20
        weight[6] *= 1e-3
        indices = torch.tensor([3, 4, 5, 6, 4, 11, 0, 0, 7])
        # A limit that some rows keep, between the two norms in the middle: which side a row is on is no matter of rounding.
        norms = weight.norm(norm_type, dim=1).sort().values
        max_norm = float((norms[5] + norms[6]) / 2)
        lookup(out, f"renorm.{norm_type}", weight, indices, torch.randn(9, 21), 7, max_norm, norm_type, False)
    known = torch.tensor([[3.0, 4.0], [3.0, 4.0]])
    for norm_type in (1.0, 2.0, 3.0, INFINITY):
        name = f"renorm.known.{norm_type}"
        lookup(out, name, known, torch.tensor([1]), torch.ones(1, 2), None, 1.0, norm_type, False)


def frequency(out):
    torch.manual_seed(12)
    for columns in (3, 17):
        indices = torch.tensor([1, 2, 1, 1, 3, 2, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 5])
        for padding_idx in (None, 4):
            name = f"frequency.{columns}.{padding_idx}"
            grad_out = torch.randn(len(indices), columns)
            lookup(out, name, torch.randn(7, columns), indices, grad_out, padding_idx, None, 2.0, True)


def combined(out):
    """Combinations of all options, drawn."""
    draw = numpy.random.RandomState(13)
    torch.manual_seed(13)
    for case in range(120):
        rows, columns, count = (int(draw.randint(1, most)) for most in (9, 9, 13))
        lookup(
            out,
            f"combined.{case}",
            torch.randn(rows, columns) * 2,
            torch.from_numpy(draw.randint(0, rows, count)),
            torch.randn(count, columns),
            [None, int(draw.randint(0, rows))][draw.randint(2)],
            [None, float(draw.uniform(0, 4))][draw.randint(2)],
            [0.5, 1.0, 2.0, 2.5, 3.0, INFINITY][draw.randint(6)],
            bool(draw.randint(2)),
        )


def token_position(out):
    torch.manual_seed(123)
    wte = torch.nn.Embedding(11, 6)
    wpe = torch.nn.Embedding(8, 6)
    out["tokenPosition.token"] = wte.weight.detach().clone()
    out["tokenPosition.position"] = wpe.weight.detach().clone()
    for name, shape, start in (("batch", (4, 5), 0), ("decode", (3, 2), 6), ("one", (1, 8), 0)):
        torch.manual_seed(5)
        wte.weight.grad = wpe.weight.grad = None
        indices = torch.randint(0, 11, shape)
        positions = torch.arange(start, start + shape[1])
        sums = wte(indices) + wpe(positions)
        grad_out = torch.randn(sums.shape)
        sums.backward(grad_out)
        out[f"tokenPosition.{name}.indices"] = indices.to(torch.int32)
        out[f"tokenPosition.{name}.start"] = torch.tensor([start], dtype=torch.int32)
        out[f"tokenPosition.{name}.forward"] = sums.detach()
        out[f"tokenPosition.{name}.gradOut"] = grad_out
        out[f"tokenPosition.{name}.token.grad"] = wte.weight.grad.clone()
        out[f"tokenPosition.{name}.position.grad"] = wpe.weight.grad
        # The same with a position for every index, as some models write it: then the batch is summed by embedding's backward.
        wpe.weight.grad = None
        (wte(indices) + wpe(positions.expand(shape))).backward(grad_out)
        out[f"tokenPosition.{name}.position.grad.expanded"] = wpe.weight.grad


def sinusoidal(out):
    def table(rows, columns, dtype):
        position = torch.arange(rows, dtype=dtype).unsqueeze(1)
        frequency = torch.exp(torch.arange(0, columns, 2, dtype=dtype) * (-math.log(10000.0) / columns))
        made = torch.zeros(rows, columns, dtype=dtype)
        made[:, 0::2] = torch.sin(position * frequency)
        made[:, 1::2] = torch.cos(position * frequency[: columns // 2])
        return made.to(torch.float32)

    out["sinusoidal.double"] = table(1100, 10, torch.float64)
    out["sinusoidal.odd"] = table(20, 7, torch.float64)
    out["sinusoidal.float"] = table(16, 10, torch.float32)


if __name__ == "__main__":
    torch.set_num_threads(1)
    vectors = {}
    for part in (renorm, frequency, combined, token_position, sinusoidal):
        part(vectors)
    save("layers", vectors, "makeLayersVectors.py")
