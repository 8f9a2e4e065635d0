"""Products by numpy on request, for openblas.ts: a line in, a line out.

load LAYOUT M N K   then the bytes of both matrices; answers "ready"
values I,J I,J ...  answers the product at these places
time CALLS          answers the seconds that so many products took
"""

import ctypes
import sys
import time

import numpy


def blas():
    """What numpy multiplies with: OpenBLAS, its version and the processor it takes this one for, or the name of the library."""
    try:
        with open("/proc/self/maps") as maps:
            paths = sorted({line.split()[-1] for line in maps if "blas" in line})
    except OSError:
        paths = []
    for path in paths:
        for name in ("openblas_get_{}", "scipy_openblas_get_{}64_", "openblas_get_{}64_"):
            try:
                library = ctypes.CDLL(path)
                tell = [getattr(library, name.format(what)) for what in ("config", "corename")]
            except (OSError, AttributeError):
                continue
            for each in tell:
                each.restype = ctypes.c_char_p
            config, core = (each().decode() for each in tell)
            version = ".".join(config.split()[1].split(".")[:3])
            return f"OpenBLAS {version} {core}"
    return paths[0].rsplit("/", 1)[-1] if paths else "an unknown BLAS"


def answer(text):
    print(text, flush=True)


def floats(count):
    return numpy.frombuffer(sys.stdin.buffer.read(4 * count), dtype=numpy.float32)


answer(f"{numpy.__version__} {blas()}")
for line in sys.stdin.buffer:
    verb, *words = line.decode().split()
    if verb == "load":
        layout, m, n, k = words[0], *map(int, words[1:])
        a = floats(m * k).reshape(m, k)
        b = floats(k * n)
        b = b.reshape(n, k).T if layout == "NT" else b.reshape(k, n)
        out = numpy.empty((m, n), dtype=numpy.float32)
        numpy.matmul(a, b, out=out)
        answer("ready")
    elif verb == "values":
        places = (map(int, word.split(",")) for word in words)
        answer(" ".join(repr(float(out[i, j])) for i, j in places))
    elif verb == "time":
        start = time.perf_counter()
        for _ in range(int(words[0])):
            numpy.matmul(a, b, out=out)
        answer(repr(time.perf_counter() - start))
