"""Makes vectors/pretrained.safetensors with PyTorch: halves, bfloat16s and doubles, and what .float() makes of them.

    /usr/bin/python3 test/torch/makePretrainedVectors.py

A tensor called x.F16 holds the bits of halves, x.BF16 those of bfloat16s; x.float is the tensor as float32. Of all 65,536
halves and bfloat16s the metadata has the SHA-256 of their float32s. What it wants and promises is what makeVectors.py says
of itself.
"""

import hashlib
import json
import struct

import numpy
import torch
from makeVectors import FOLDER

ALL = torch.from_numpy(numpy.arange(65536, dtype=numpy.uint16).view(numpy.int16))


def doubles():
    """Ordinary ones, ties of both kinds, those that overflow, and those that become subnormal or nothing."""
    torch.manual_seed(51)
    ordinary = torch.randn(64, dtype=torch.float64)
    ties = torch.tensor([1 + 2.0**-24, 1 + 3 * 2.0**-24, 1 + 2.0**-24 + 2.0**-50, -1 - 2.0**-24], dtype=torch.float64)
    edge = 3.4028235677973366e38  # half-way between the largest float and 2 ** 128
    large = torch.tensor([edge, numpy.nextafter(edge, 0), -edge, 1e300, float("inf")], dtype=torch.float64)
    small = torch.tensor([2.0**-149, 2.0**-150, 3 * 2.0**-150, -(2.0**-151), 1e-300, -0.0, 1.1e-38], dtype=torch.float64)
    return torch.cat([ordinary, ties, large, small]).reshape(20, 4)


def main():
    torch.manual_seed(50)
    table = torch.randn(24, 6)
    tensors = {
        "half": (table.half(), "F16"),
        "bfloat": (table.bfloat16(), "BF16"),
        "double": (doubles(), "F64"),
        "weight": (torch.randn(5, 6).half(), "F16"),
        "bias": (torch.randn(5).bfloat16(), "BF16"),
    }
    header = {"__metadata__": {"torch": torch.__version__, "made by": "test/torch/makePretrainedVectors.py"}}
    for name, dtype in (("half", torch.float16), ("bfloat", torch.bfloat16)):
        header["__metadata__"][f"{name}.sha256"] = hashlib.sha256(ALL.view(dtype).float().numpy().tobytes()).hexdigest()
    parts = []
    for name, (tensor, dtype) in tensors.items():
        bits = tensor if dtype == "F64" else tensor.view(torch.int16)
        parts.append((f"{name}.{dtype}", dtype, bits.numpy()))
        parts.append((f"{name}.float", "F32", tensor.float().numpy()))
    x = torch.randn(3, 6)
    weight, bias = tensors["weight"][0].float(), tensors["bias"][0].float()
    parts += [("linear.x", "F32", x.numpy()), ("linear.out", "F32", torch.nn.functional.linear(x, weight, bias).numpy())]
    data = b""
    for name, dtype, array in sorted(parts, key=lambda part: (-part[2].itemsize, part[0])):
        array = numpy.ascontiguousarray(array)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / "pretrained.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
