"""Writes foreign.safetensors, a file as other programs make them, with nothing but Python's standard library.

    python3 test/checkpoint/makeForeign.py

A small language model of mixed types with PyTorch's metadata, laid out as the format's reference implementation lays
it out: wide types first, then by name, the header padded with spaces to 8 bytes. Running it twice gives the same bytes.
"""

import json
import struct
from pathlib import Path

TENSORS = {  # as they lie in the file: the type, the shape, the elements as struct writes them, what they are
    "position_ids": ("I64", [1, 6], "q", range(6)),
    "transformer.ln_f.bias": ("F32", [], "f", [-0.5]),
    "transformer.wpe.weight": ("F32", [6, 4], "f", [(i - 12) / 3 for i in range(24)]),
    "transformer.wte.weight": ("BF16", [5, 4], "H", [0x3F80 + 37 * i for i in range(20)]),
    "lm_head.weight": ("F16", [5, 4], "e", [1.5 - i / 8 for i in range(20)]),
    "transformer.h.0.attn.bias": ("U8", [3, 3], "B", [1, 0, 0, 1, 1, 0, 1, 1, 1]),
}


def file_bytes():
    header = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, (dtype, shape, kind, values) in TENSORS.items():
        part = b"".join(struct.pack("<" + kind, value) for value in values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


if __name__ == "__main__":
    Path(__file__).with_name("foreign.safetensors").write_bytes(file_bytes())
