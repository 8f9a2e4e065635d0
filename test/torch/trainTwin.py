"""The language model of `nn-embedding train`, in PyTorch: the same text, seed, words, order of examples and settings.

    /usr/bin/python3 test/torch/trainTwin.py

Writes the losses of the first 200 steps to vectors/twin.safetensors; twin.test.ts takes the same steps with the package's layers and
compares. Nothing is handed over but the text: vocabulary, initial values (torch's generator) and shuffling (torch.randperm) are made
anew here. Needs what makeVectors.py needs; one thread, so that running it twice gives the same bytes.
"""

import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as functional

from makeVectors import save

ROOT = Path(__file__).resolve().parents[2]
SIZE, DIM, CONTEXT, BATCH, LR, EPS, SEED, STEPS = 3000, 64, 5, 64, 0.1, 1e-8, 123, 200


def read_tokens():
    """The text as ids: 0 is every rarer word, 1 the end of a line, then the most frequent words, of equals the first one first."""
    lines = (ROOT / "src/cli/train/genesis.txt").read_text("utf-8").lower().splitlines()
    tokens = [word for line in lines for word in [*re.findall(r"[a-z0-9]+(?:['’-][a-z0-9]+)*", line), "</s>"]]
    counts = Counter(token for token in tokens if token != "</s>")  # keeps the order of appearance
    kept = sorted(counts, key=lambda word: -counts[word])[: SIZE - 2]
    ids = {"</s>": 1, **{word: i + 2 for i, word in enumerate(kept)}}
    return torch.tensor([ids.get(token, 0) for token in tokens])


def train(tokens):
    torch.manual_seed(SEED)
    embedding = torch.nn.Embedding(SIZE, DIM)
    with torch.no_grad():
        embedding.weight.mul_(0.05)
    positions = torch.nn.Parameter(torch.ones(CONTEXT, DIM))
    bias = torch.nn.Parameter(torch.zeros(SIZE))
    optimizer = torch.optim.Adagrad([embedding.weight, positions, bias], lr=LR, eps=EPS)

    examples = len(tokens) - CONTEXT
    training = examples - examples // 20
    order = torch.randperm(training)
    losses = []
    for step in range(STEPS):
        starts = order[step * BATCH : (step + 1) * BATCH]
        windows = tokens[starts[:, None] + torch.arange(CONTEXT)]  # (batch, context)
        hidden = (embedding(windows) * positions).mean(dim=1)  # (batch, dim)
        logits = hidden @ embedding.weight.T + bias  # (batch, words)
        loss = functional.cross_entropy(logits, tokens[starts + CONTEXT])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    tokens = read_tokens()
    losses = train(tokens)
    out = {"numTokens": torch.tensor([len(tokens)], dtype=torch.int32), "losses": torch.tensor(losses, dtype=torch.float64)}
    save("twin", out, made_by="trainTwin.py")
