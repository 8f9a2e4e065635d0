"""Makes the test vectors of the unembedding's losses with PyTorch, as makeVectors.py does the others.

    /usr/bin/python3 test/torch/makeLossVectors.py
"""

import torch
import torch.nn.functional as functional

from makeVectors import FOLDER, save

INF = float("inf")


def loss():
    """Cross-entropy with all options, and binary cross-entropy over sampled candidates."""
    out = {}
    rows, columns, count = 40, 12, 11
    torch.manual_seed(41)
    weight = torch.randn(rows, columns)
    bias = torch.randn(rows)
    hidden = torch.randn(count, columns)
    targets = torch.tensor([3, 39, -100, 0, 3, 7, -100, 21, 8, 8, 39])
    class_weights = torch.rand(rows) * 3
    class_weights[8] = 0
    masked = bias.clone()
    masked[5:20:2] = -INF  # of no target: a class that cannot be
    hot = bias.clone()
    hot[4] = -INF
    hot[8] = -INF  # a target: its loss is infinite
    out.update({"weight": weight, "bias": bias, "bias.masked": masked, "bias.hot": hot})
    out.update({"hidden": hidden, "targets": targets, "classWeights": class_weights})

    all_ignored = torch.full((count,), -100)
    cases = {
        "plain": ("bias", 1, targets, {}),
        "smoothing": ("bias", 1, targets, {"label_smoothing": 0.1}),
        "smoothing.one": ("bias", 1, targets, {"label_smoothing": 1.0}),
        "ignore3": ("bias", 1, targets.clamp(min=0), {"ignore_index": 3}),
        "ignore3.smoothing": ("bias", 1, targets.clamp(min=0), {"ignore_index": 3, "label_smoothing": 0.3}),
        "weighted": ("bias", 1, targets, {"weight": class_weights}),
        "allIgnored": ("bias", 1, all_ignored, {}),
        "allIgnored.smoothing": ("bias", 1, all_ignored, {"label_smoothing": 0.1}),
        "large": ("bias", 60, targets, {}),
        "huge": ("bias", 1e30, targets, {}),
        "masked": ("bias.masked", 1, targets, {}),
        "masked.smoothing": ("bias.masked", 1, targets, {"label_smoothing": 0.1}),
        "hot": ("bias.hot", 1, targets, {}),
    }
    for name, (offsets, factor, classes, options) in cases.items():
        out[f"{name}.hidden"] = hidden * factor
        out[f"{name}.targets"] = classes
        for reduction in ("mean", "sum", "none"):
            tensors = [(hidden * factor), weight.clone(), out[offsets].clone()]
            for tensor in tensors:
                tensor.requires_grad_()
            states, table, added = tensors
            value = functional.cross_entropy(states @ table.T + added, classes, reduction=reduction, **options)
            value.sum().backward()
            out[f"{name}.{reduction}.loss"] = value.detach().reshape(-1)
            if reduction == "none":
                continue  # its gradients are those of the sum
            out[f"{name}.{reduction}.gradHidden"] = states.grad
            out[f"{name}.{reduction}.gradWeight"] = table.grad
            out[f"{name}.{reduction}.gradBias"] = added.grad

    negatives = torch.randint(0, rows, (count, 5))
    negatives[0, :] = 3  # its own target, again and again
    classes = targets.clamp(min=0)
    candidates = torch.cat([classes[:, None], negatives], dim=1)
    labels = torch.zeros(candidates.shape)
    labels[:, 0] = 1
    out.update({"sampled.targets": classes, "sampled.negatives": negatives})
    for name, factor in {"sampled": 1, "sampled.large": 40}.items():
        tensors = [(hidden * factor), weight.clone(), bias.clone()]
        for tensor in tensors:
            tensor.requires_grad_()
        states, table, added = tensors
        logits = (table[candidates] * states[:, None, :]).sum(-1) + added[candidates]
        value = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)
        value.sum().backward()
        out[f"{name}.hidden"] = states
        out[f"{name}.loss"] = value
        out[f"{name}.gradHidden"] = states.grad
        out[f"{name}.gradWeight"] = table.grad
        out[f"{name}.gradBias"] = added.grad

    out["topK.values"], out["topK.indices"] = torch.topk(hidden @ weight.T + bias, 7)
    save("loss", out, "makeLossVectors.py")


if __name__ == "__main__":
    torch.set_num_threads(1)
    loss()
    print((FOLDER / "loss.safetensors").stat().st_size)
