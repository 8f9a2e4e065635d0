"""Makes the test vectors of this folder with PyTorch, the oracle.

    /usr/bin/python3 test/torch/makeVectors.py

It wants Debian's python3-torch (1.13.1, CPU) and numpy, and an x86-64 machine with AVX2. Running it twice gives the
same bytes: one thread, fixed seeds, no dates. vectors.ts reads what it writes, and what the other scripts do; the *.test.ts beside it say what of it
must agree bit for bit and what within a tolerance.
"""

import json
import math
import struct
from pathlib import Path

import numpy
import torch
import torch.nn.functional as functional

FOLDER = Path(__file__).resolve().parent / "vectors"
DTYPES = {"float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64", "uint8": "U8", "uint32": "U32"}


def save(name, tensors, made_by="makeVectors.py"):
    """The safetensors format, written by hand: 8 bytes of header length, the header, the data."""
    header = {
        "__metadata__": {
            "torch": torch.__version__,
            "cpu": "x86-64, " + ("AVX2" if "CPU capability usage: AVX" in torch.__config__.show() else "no AVX2"),
            "made by": f"test/torch/{made_by}, {name}()",
        }
    }
    data = b""
    # ascontiguousarray makes a scalar one-dimensional: its test knows.
    arrays = {key: numpy.ascontiguousarray(tensor.detach().numpy()) for key, tensor in tensors.items()}
    # Wide elements first, so that everything is aligned.
    for key in sorted(arrays, key=lambda key: (-arrays[key].itemsize, key)):
        array = arrays[key]
        header[key] = {
            "dtype": DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":"), sort_keys=False).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def random():
    """Draws, fills and states of the generator."""
    out = {}
    torch.manual_seed(123)
    out["normal"] = torch.empty(100_003).normal_()  # not a multiple of 16: the last block is drawn anew

    # Sizes around 16 and odd ones in one stream: fewer than 16 leave a cached sample to the next small fill.
    sizes = [*range(1, 51), 1, 16, 1, 3, 17, 15, 100, 5, 0, 2, 31, 7, 7]
    out["stream.sizes"] = torch.tensor(sizes, dtype=torch.int32)
    torch.manual_seed(7)
    out["stream.standard"] = torch.cat([torch.empty(n).normal_() for n in sizes])
    torch.manual_seed(7)
    out["stream.small"] = torch.cat([torch.empty(7).normal_() for _ in range(1000)])
    torch.manual_seed(8)
    out["stream.double"] = torch.cat([torch.empty(5, dtype=torch.float64).normal_() for _ in range(200)])

    # A uniform number of 0, a radius of 0 and zeros of both signs before the mean is added: once in 2 ** 24 draws, so
    # the seed was sought.
    torch.manual_seed(282286)
    out["zeroRadius"] = torch.empty(64).normal_()
    torch.manual_seed(282286)
    out["zeroRadius.uniform"] = torch.empty(64).uniform_()
    # And one whose 1 - u is sqrt 0.5 as a float, where the logarithm changes its way.
    torch.manual_seed(325797)
    out["threshold"] = torch.empty(64).normal_()

    for seed in [0, 1, 123, -1, 2**32 + 5, 2**63 - 1, -(2**63)]:
        torch.manual_seed(seed)
        small, large = torch.empty(3).normal_(), torch.empty(40).normal_()
        out[f"seed.{seed}"] = torch.cat([small, large, torch.empty(11).uniform_(), torch.empty(4).normal_()])

    torch.manual_seed(11)
    out["draws.32"] = torch.empty(1500, dtype=torch.int64).random_(0, 2**32 - 1)  # u32 % (2 ** 32 - 1)
    torch.manual_seed(12)
    out["draws.64"] = torch.empty(400, dtype=torch.int64).random_(-(2**63), None)  # all 64 bits
    torch.manual_seed(13)
    out["draws.double"] = torch.rand(400, dtype=torch.float64)

    ranges = [(0, 1), (-0.3, 0.7123), (-1e-3, 1e30), (5, 5), (16777216, 16777217), (-1e-40, 3e-39), (0.1, 0.1000001)]
    out["uniform.ranges"] = torch.tensor(ranges, dtype=torch.float64)
    torch.manual_seed(14)
    out["uniform"] = torch.stack([torch.empty(1001).uniform_(low, high) for low, high in ranges])

    # Half-way through a block of words, with a cached sample.
    torch.manual_seed(15)
    torch.rand(1000)
    torch.empty(3).normal_()
    out["state"] = torch.get_rng_state()
    out["state.next"] = torch.cat([torch.empty(3).normal_(), torch.empty(20).normal_(), torch.rand(5)])
    torch.manual_seed(16)
    out["state.fresh"] = torch.get_rng_state()
    torch.rand(624)
    out["state.spent"] = torch.get_rng_state()

    # Layer after layer from one seed.
    shapes = [(6, 4), (3, 5), (7, 3), (1, 1), (2, 9), (5, 16)]
    out["layers.shapes"] = torch.tensor(shapes, dtype=torch.int32)
    torch.manual_seed(123)
    out["layers.embedding"] = torch.cat([torch.nn.Embedding(*shape).weight.flatten() for shape in shapes])
    torch.manual_seed(123)
    layers = [torch.nn.Linear(*shape) for shape in shapes]
    out["layers.linear"] = torch.cat([torch.cat([layer.weight.flatten(), layer.bias]) for layer in layers])
    save("random", out)


def embedding():
    """Lookups and their gradients."""
    out = {}
    cases = {
        "tutorial": (6, 3, None, torch.tensor([[2, 3, 1], [0, 5, 2]])),
        "padding": (10, 4, 2, torch.tensor([1, 2, 2, 9, 1, 0, 2, 1])),
        "lastPadding": (5, 1, -1, torch.tensor([4, 0, 4, 3, 0])),
        "scalar": (4, 7, None, torch.tensor(3)),
        "empty": (4, 7, None, torch.tensor([], dtype=torch.int64)),
        "many": (50, 17, 0, torch.randint(0, 50, (600,), generator=torch.Generator().manual_seed(1))),
        "batch": (100, 33, None, torch.randint(0, 100, (4, 70), generator=torch.Generator().manual_seed(2))),
        "wide": (7, 130, 3, torch.randint(0, 7, (5, 11), generator=torch.Generator().manual_seed(3))),
        "oneRow": (1, 8, None, torch.zeros(300, dtype=torch.int64)),
    }
    for name, (rows, columns, padding, indices) in cases.items():
        torch.manual_seed(123)
        layer = torch.nn.Embedding(rows, columns, padding_idx=padding)
        result = layer(indices)
        grad_out = torch.randn(result.shape)
        result.backward(grad_out)
        options = dict(freeze=False, padding_idx=padding, sparse=True)
        sparse = torch.nn.Embedding.from_pretrained(layer.weight.detach(), **options)
        sparse(indices).backward(grad_out)
        coalesced = sparse.weight.grad.coalesce()
        out[f"{name}.arguments"] = torch.IntTensor([rows, columns, -100 if padding is None else padding])
        out[f"{name}.indices"] = indices
        out[f"{name}.weight"] = layer.weight
        out[f"{name}.forward"] = result
        out[f"{name}.gradOut"] = grad_out
        out[f"{name}.dense"] = layer.weight.grad
        out[f"{name}.sparse.rows"] = coalesced.indices()[0]
        out[f"{name}.sparse.values"] = coalesced.values()

    # Two calls: PyTorch adds a finished second gradient to the first.
    for name, second in {"once": [3, 0, 5], "twice": [3, 0, 3, 3, 0]}.items():
        torch.manual_seed(5)
        layer = torch.nn.Embedding(6, 5)
        for part, indices in enumerate([torch.tensor([3, 3, 1, 0, 3]), torch.tensor(second)]):
            grad_out = torch.randn(len(indices), 5)
            layer(indices).backward(grad_out)
            out[f"accumulate.{name}.{part}.indices"] = indices
            out[f"accumulate.{name}.{part}.gradOut"] = grad_out
        out[f"accumulate.{name}.dense"] = layer.weight.grad
    save("embedding", out)


def linear():
    """Linear layers: their first weights, forward and backward."""
    out = {}
    shapes = {
        "tutorial": (4, 5, False, 3),
        "small": (3, 2, True, 4),
        "one": (1, 1, True, 2),
        "odd": (17, 33, True, 9),
        "wide": (300, 20, False, 5),
        "tall": (5, 130, True, 2),
    }
    for name, (inputs, outputs, bias, rows) in shapes.items():
        torch.manual_seed(123)
        layer = torch.nn.Linear(inputs, outputs, bias=bias)
        x = torch.randn(rows, inputs, requires_grad=True)
        result = layer(x)
        grad_out = torch.randn(result.shape)
        result.backward(grad_out)
        out[f"{name}.arguments"] = torch.tensor([inputs, outputs, int(bias), rows], dtype=torch.int32)
        out[f"{name}.weight"] = layer.weight
        out[f"{name}.x"] = x
        out[f"{name}.forward"] = result
        out[f"{name}.gradOut"] = grad_out
        out[f"{name}.gradX"] = x.grad
        out[f"{name}.gradWeight"] = layer.weight.grad
        if bias:
            out[f"{name}.bias"] = layer.bias
            out[f"{name}.gradBias"] = layer.bias.grad
    # The bounds for many fan-ins, as torch/nn/init.py and linear.py compute them.
    gain = math.sqrt(2.0 / (1 + math.sqrt(5) ** 2))
    fans = [*range(1, 2001), 4096, 50257, 1_000_003]
    out["bounds.fanIn"] = torch.tensor(fans, dtype=torch.int32)
    out["bounds.weight"] = torch.tensor([math.sqrt(3.0) * (gain / math.sqrt(fan)) for fan in fans], dtype=torch.float64)
    out["bounds.bias"] = torch.tensor([1 / math.sqrt(fan) for fan in fans], dtype=torch.float64)

    # A lookup is a product with one-hot rows.
    torch.manual_seed(123)
    table = torch.nn.Embedding(4, 5)
    indices = torch.tensor([2, 3, 1])
    encoded = functional.one_hot(indices, 4)
    out["oneHot.indices"] = indices
    out["oneHot.weight"] = table.weight
    out["oneHot.encoded"] = encoded.float()
    out["oneHot.lookup"] = table(indices)
    out["oneHot.product"] = encoded.float() @ table.weight
    save("linear", out)


def optimizers():
    """Weights after each of several steps, from the same gradients for all."""
    out = {}
    rows, columns, steps = 9, 6, 6
    generator = torch.Generator().manual_seed(21)
    start = torch.randn(rows, columns, generator=generator)
    indices = torch.randint(0, rows, (steps, 5), generator=generator)
    grad_out = torch.randn(steps, 5, columns, generator=generator)
    out.update({"start": start, "indices": indices, "gradOut": grad_out})
    optim = torch.optim
    adagrad = dict(lr=0.1, lr_decay=0.05, eps=1e-3, initial_accumulator_value=0.2)
    cases = {
        "sgd.dense": (optim.SGD, False, dict(lr=0.1)),
        "sgd.dense.weightDecay": (optim.SGD, False, dict(lr=0.1, weight_decay=0.01)),
        "sgd.dense.momentum": (optim.SGD, False, dict(lr=0.1, momentum=0.9)),
        "sgd.sparse": (optim.SGD, True, dict(lr=0.1)),
        "adagrad.dense": (optim.Adagrad, False, dict(lr=0.1)),
        "adagrad.dense.all": (optim.Adagrad, False, adagrad),
        "adagrad.dense.weightDecay": (optim.Adagrad, False, dict(lr=0.1, weight_decay=0.01)),
        "adagrad.sparse": (optim.Adagrad, True, dict(lr=0.1)),
        "adagrad.sparse.all": (optim.Adagrad, True, adagrad),
        "sparseAdam": (optim.SparseAdam, True, dict(lr=0.05)),
        "sparseAdam.all": (optim.SparseAdam, True, dict(lr=0.05, betas=(0.8, 0.9), eps=1e-4)),
        "adam": (optim.Adam, False, dict(lr=0.05)),
        "adam.all": (optim.Adam, False, dict(lr=0.05, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.01)),
        "adamW": (optim.AdamW, False, dict(lr=0.05)),
        "adamW.all": (optim.AdamW, False, dict(lr=0.05, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.1)),
    }
    for name, (kind, sparse, options) in cases.items():
        layer = torch.nn.Embedding.from_pretrained(start.clone(), freeze=False, sparse=sparse)
        optimizer = kind(layer.parameters(), **options)
        after = []
        for step in range(steps):
            optimizer.zero_grad(set_to_none=True)
            layer(indices[step]).backward(grad_out[step])
            optimizer.step()
            after.append(layer.weight.detach().clone())
        out[name] = torch.stack(after)
    save("optimizers", out)


def unembedding():
    """A tied head: logits, the best of them, cross-entropy and its gradients."""
    out = {}
    rows, columns, count = 50, 24, 9
    torch.manual_seed(31)
    table = torch.nn.Embedding(rows, columns)
    hidden = torch.randn(count, columns)
    targets = torch.tensor([3, 49, -100, 0, 3, 7, -100, 21, 8])
    out.update({"weight": table.weight, "hidden": hidden, "targets": targets})
    logits = hidden @ table.weight.T
    out["logits"] = logits
    out["topK.values"], out["topK.indices"] = torch.topk(logits, 5)

    grad_logits = torch.randn(count, rows)
    out["gradLogits"] = grad_logits
    out["backward.hidden"] = grad_logits @ table.weight
    out["backward.weight"] = grad_logits.T @ hidden

    cases = {
        "mean": (1.0, targets, -100, "mean"),
        "sum": (1.0, targets, -100, "sum"),
        "ignore3": (1.0, targets.clamp(min=0), 3, "mean"),
        "large": (40.0, targets, -100, "mean"),
        "none": (1.0, torch.full((count,), -100), -100, "sum"),
    }
    for name, (factor, classes, ignored, reduction) in cases.items():
        table.weight.grad = None
        states = (hidden * factor).requires_grad_()
        loss = functional.cross_entropy(states @ table.weight.T, classes, ignore_index=ignored, reduction=reduction)
        loss.backward()
        out[f"{name}.hidden"] = states
        out[f"{name}.targets"] = classes
        out[f"{name}.ignoreIndex"] = torch.tensor([ignored], dtype=torch.int32)
        out[f"{name}.loss"] = loss.reshape(1)
        out[f"{name}.gradHidden"] = states.grad
        out[f"{name}.gradWeight"] = table.weight.grad

    # One table both ways: lookups feed the head, and both gradients meet in the weight.
    table.weight.grad = None
    tokens = torch.tensor([1, 4, 4, 49, 0])
    following = torch.tensor([4, 4, 49, 0, 2])
    loss = functional.cross_entropy(table(tokens) @ table.weight.T, following)
    loss.backward()
    out.update({"tied.tokens": tokens, "tied.targets": following})
    out.update({"tied.loss": loss.reshape(1), "tied.gradWeight": table.weight.grad})
    save("unembedding", out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for make in (random, embedding, linear, optimizers, unembedding):
        make()
    for path in sorted(FOLDER.glob("*.safetensors")):
        print(f"{path.name} {path.stat().st_size}")
