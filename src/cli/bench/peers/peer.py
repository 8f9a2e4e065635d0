"""A peer that runs in Python, in a process of its own: peer.py numpy|torch THREADS, a line of JSON in, a line of JSON out.

peer.mjs says what the lines mean, and peer.ts is the other end.
"""

import ctypes
import json
import sys
import time

import numpy

kind, threads = sys.argv[1], int(sys.argv[2])
if kind == "torch":
    import torch
    import torch.nn.functional

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)


def blas():
    """What this process multiplies with: OpenBLAS, its version and the processor it takes this one for, or the name of the library."""
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
            return f"OpenBLAS {version}, kernels for {core}"
    return paths[0].rsplit("/", 1)[-1] if paths else "an unknown BLAS"


class Numpy:
    """A method for each job: takes its sizes and arrays and gives what does the work, and where that does not return its result what does."""

    def array(self, count, kind):
        return numpy.empty(count, dtype=kind)

    def gather(self, s, table, ids):
        table = table.reshape(s["rows"], s["dim"])
        ids = ids.astype(numpy.int64)
        out = numpy.empty((s["batch"], s["dim"]), dtype=numpy.float32)
        return lambda: numpy.take(table, ids, axis=0, out=out, mode="clip")  # "raise" would go through a copy

    def bags(self, s, table, ids, weights=None):
        table = table.reshape(s["rows"], s["dim"])
        ids = ids.astype(numpy.int64)
        shape = (s["batch"], len(ids) // s["batch"], s["dim"])
        if s["mode"] == "weighted":
            weights = weights.reshape(shape[0], 1, shape[1])
            return lambda: numpy.matmul(weights, numpy.take(table, ids, axis=0).reshape(shape))
        reduce = {"sum": numpy.sum, "mean": numpy.mean, "max": numpy.max}[s["mode"]]
        return lambda: reduce(numpy.take(table, ids, axis=0).reshape(shape), axis=1)

    def matmul(self, s, a, b):
        m, n, k = s["m"], s["n"], s["k"]
        a = a.reshape(m, k)
        b = b.reshape(n, k).T if s["layout"] == "NT" else b.reshape(k, n)
        out = numpy.empty((m, n), dtype=numpy.float32)
        return lambda: numpy.matmul(a, b, out=out)

    def scatter(self, s, ids, gradOut):
        table = numpy.full((s["rows"], s["dim"]), s["start"], dtype=numpy.float32)
        gradOut = gradOut.reshape(s["batch"], s["dim"])
        ids = ids.astype(numpy.int64)

        def run():
            numpy.add.at(table, ids, gradOut)
            return table

        return run

    def topK(self, s, hidden, table):
        hidden, table = hidden.reshape(s["n"], s["dim"]), table.reshape(s["rows"], s["dim"]).T

        def run():
            logits = hidden @ table
            best = numpy.take_along_axis(logits, numpy.argpartition(logits, -s["k"], axis=1)[:, -s["k"] :], axis=1)
            return -numpy.sort(-best, axis=1)

        return run


class Torch:
    def array(self, count, kind):
        return torch.empty(count, dtype=torch.float32 if kind == "float32" else torch.int32).numpy()

    def tensor(self, array, *shape):
        return torch.from_numpy(array).reshape(*shape)

    def ids(self, array):
        return torch.from_numpy(array.astype(numpy.int64))

    def gather(self, s, table, ids):
        table, ids = self.tensor(table, s["rows"], s["dim"]), self.ids(ids)
        out = torch.empty(s["batch"], s["dim"])
        return lambda: torch.index_select(table, 0, ids, out=out)

    def bags(self, s, table, ids, weights=None):
        table = self.tensor(table, s["rows"], s["dim"])
        ids = self.ids(ids).reshape(s["batch"], -1)
        mode, weights = s["mode"], None if weights is None else torch.from_numpy(weights).reshape(ids.shape)
        pooled = torch.nn.functional.embedding_bag
        if mode == "weighted":
            return lambda: pooled(ids, table, mode="sum", per_sample_weights=weights)
        return lambda: pooled(ids, table, mode=mode)

    def bagsSparse(self, s, ids, gradOut):
        """The gradient of a sum: the graph is kept, and walked back again and again."""
        gradOut = self.tensor(gradOut, s["batch"], s["dim"])
        ids = self.ids(ids).reshape(s["batch"], -1)
        table = torch.zeros(s["rows"], s["dim"], requires_grad=True)
        with torch.enable_grad():
            out = torch.nn.functional.embedding_bag(ids, table, mode="sum", sparse=True)
        return lambda: torch.autograd.grad(out, table, gradOut, retain_graph=True)[0].coalesce().values()

    def matmul(self, s, a, b):
        m, n, k = s["m"], s["n"], s["k"]
        a, b = self.tensor(a, m, k), self.tensor(b, n, k).T if s["layout"] == "NT" else self.tensor(b, k, n)
        out = torch.empty(m, n)
        if m == 1:
            return lambda: torch.mv(b.T, a[0], out=out[0]), lambda: out
        return lambda: torch.mm(a, b, out=out)

    def scatter(self, s, ids, gradOut):
        table = torch.full((s["rows"], s["dim"]), s["start"])
        ids, gradOut = self.ids(ids), self.tensor(gradOut, s["batch"], s["dim"])
        return lambda: table.index_add_(0, ids, gradOut)

    def scatterFresh(self, s, ids, gradOut):
        table = torch.zeros(s["rows"], s["dim"])
        ids, gradOut = self.ids(ids), self.tensor(gradOut, s["batch"], s["dim"])
        return lambda: table.zero_().index_add_(0, ids, gradOut)

    def scatterSparse(self, s, ids, gradOut):
        ids, gradOut = self.ids(ids)[None], self.tensor(gradOut, s["batch"], s["dim"])
        shape = (s["rows"], s["dim"])
        return lambda: torch.sparse_coo_tensor(ids, gradOut, shape).coalesce().values()

    def step(self, s, list, grad):
        """A tenth step of SparseAdam, with a learning rate that makes its step size ours."""
        rows, dim, count = s["rows"], s["dim"], s["batch"]
        weight = torch.nn.Parameter(torch.full((rows, dim), s["start"]))
        stepSize, gain1, gain2, eps = s["numbers"]
        lr = stepSize * (1 - (1 - gain1) ** 10) / (1 - (1 - gain2) ** 10) ** 0.5
        optimizer = torch.optim.SparseAdam([weight], lr=lr, betas=(1 - gain1, 1 - gain2), eps=eps)
        averages = {name: torch.full((rows, dim), s["start"]) for name in ("exp_avg", "exp_avg_sq")}
        ids = self.ids(list)
        weight.grad = torch.sparse_coo_tensor(ids[None], self.tensor(grad, count, dim), (rows, dim)).coalesce()

        def run():
            optimizer.state[weight] = {"step": 9, **averages}
            optimizer.step()

        return run, lambda: weight[ids]

    def adam(self, s, grad):
        weight = torch.nn.Parameter(torch.full((s["rows"], s["dim"]), s["start"]))
        weight.grad = self.tensor(grad, s["rows"], s["dim"])
        optimizer = torch.optim.Adam([weight], lr=s["lr"], betas=tuple(s["betas"]), eps=s["eps"])

        return optimizer.step, lambda: weight

    def loss(self, s, table, hidden, targets):
        table = self.tensor(table, s["rows"], s["dim"]).requires_grad_()
        hidden = self.tensor(hidden, s["n"], s["dim"]).requires_grad_()
        targets = self.ids(targets)

        def run():
            table.grad = hidden.grad = None
            with torch.enable_grad():
                torch.nn.functional.cross_entropy(hidden @ table.T, targets).backward()

        return run, lambda: hidden.grad

    def topK(self, s, hidden, table):
        hidden, table = self.tensor(hidden, s["n"], s["dim"]), self.tensor(table, s["rows"], s["dim"]).T
        return lambda: torch.topk(hidden @ table, s["k"])[0]


def answer(**value):
    print(json.dumps(value), flush=True)


def read(engine, length, kind):
    """An array as the library makes one, filled from the input."""
    array = engine.array(length, "float32" if kind == "Float32Array" else "uint32")
    view = memoryview(array).cast("B")
    at = 0
    while at < len(view):
        at += sys.stdin.buffer.readinto(view[at : at + 2**30])
    return array


def load(engine, op, sizes, arrays, places):
    arrays = {each["name"]: read(engine, each["length"], each["type"]) for each in arrays}
    method = getattr(engine, op, None)
    if method is None:
        answer(cannot=f"no {op}")
        return None
    made = method(sizes, **arrays)
    run, result = made if isinstance(made, tuple) else (made, None)
    values = run()
    values = result() if result else values
    flat = (values.detach().numpy() if kind == "torch" else values).reshape(-1)
    answer(values=[float(value) for value in flat[places]])
    return run


engine = Torch() if kind == "torch" else Numpy()
version = torch.__version__ if kind == "torch" else numpy.__version__
answer(version=version, blas=blas())
run = None
for line in sys.stdin.buffer:
    job = json.loads(line)
    if job.pop("verb") == "load":
        run = None  # the arrays of the one before are given back first
        try:
            run = load(engine, **job)
        except Exception as error:
            answer(cannot=str(error).split("\n", 1)[0])
    else:
        start = time.perf_counter()
        for _ in range(job["calls"]):
            run()
        answer(seconds=time.perf_counter() - start)
