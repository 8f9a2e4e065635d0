"""Prints, with PyTorch, the numbers that the lessons of this folder print.

    /usr/bin/python3 test/tutorial/printLessons.py

It wants Debian's python3-torch (1.13.1, CPU) on an x86-64 machine with AVX2.
"""

import torch

torch.set_printoptions(precision=4, sci_mode=False)


def show(title, value):
    print(f"{title}\n{value.detach()}\n")


print("== 1 token embeddings")
torch.manual_seed(123)
show("6 x 3", torch.nn.Embedding(6, 3).weight)
torch.manual_seed(123)
table = torch.nn.Embedding(6, 4)
show("6 x 4", table.weight)
show("2 3 5 1 of 6 x 4", table(torch.tensor([2, 3, 5, 1])))

print("== 2 the lookup is a row")
show("3", table(torch.tensor([3])))
show("a batch of 2 x 3", table(torch.tensor([[0, 3, 3], [5, 0, 1]])))
table(torch.tensor([3, 1, 3])).backward(torch.tensor([[1.0, 1, 1, 1], [2, 2, 2, 2], [4, 4, 4, 4]]))
show("gradient of rows 3, 1 and 3", table.weight.grad)

print("== 3 tokens and positions")
torch.manual_seed(123)
tokens, positions = torch.nn.Embedding(6, 4), torch.nn.Embedding(4, 4)
show("position table", positions.weight)
batch = torch.tensor([[2, 3, 5, 1], [0, 3, 3, 4]])
show("token rows", tokens(batch))
show("sums", tokens(batch) + positions(torch.arange(4)))

print("== 4 embedding and linear layer")
torch.manual_seed(123)
table = torch.nn.Embedding(4, 5)
show("4 x 5", table.weight)
show("2 3 1", table(torch.tensor([2, 3, 1])))
torch.manual_seed(123)
linear = torch.nn.Linear(4, 5, bias=False)
show("linear", linear.weight)
linear.weight = torch.nn.Parameter(table.weight.T)
show("linear on one-hot", linear(torch.nn.functional.one_hot(torch.tensor([2, 3, 1]), 4).float()))

print("== 5 GPT-2's tables")
wte = torch.tensor(
    [
        [-0.1101, -0.0393, 0.0331, 0.1338],
        [0.0403, -0.0486, 0.0462, 0.0990],
        [-0.1275, 0.0479, 0.1841, 0.0899],
        [-0.0968, 0.0305, -0.0101, -0.0257],
        [0.0514, -0.0277, 0.0499, 0.0070],
        [0.0655, -0.0149, -0.0315, 0.0218],
    ]
)
wpe = torch.tensor(
    [
        [-0.0188, -0.1974, 0.0040, 0.0113],
        [0.0240, -0.0538, -0.0949, 0.0392],
        [0.0042, -0.0848, 0.0545, 0.0188],
        [-0.0003, -0.0738, 0.1055, 0.0100],
        [0.0077, -0.0251, 0.1297, 0.0106],
    ]
)
ids = torch.tensor([4, 1, 1, 5])
hidden = wte[ids] + wpe[torch.arange(4)]
show("4 1 1 5", hidden)
show("then 2", wte[2] + wpe[4])
show("logits of the last", hidden[3] @ wte.T)
show("top 2", torch.topk(hidden[3] @ wte.T, 2).indices)
