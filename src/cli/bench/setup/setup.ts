import type { Backend, Block } from "../../../backend/backend.js";
import { implementationName, selectBackend } from "../../../backend/select.js";
import type { Prepared, Wants } from "../case.js";
import { type Task, timed } from "../measure.js";
import type { Job } from "../peers/job.js";

/** More work than this in one call, in floating-point operations, takes what has no vectors a minute or more. */
const tooSlow = 2e10;

/** Native implementations share one kind of memory, and so a table; each of the others has memory of its own. */
export function memoryOf(backend: Backend): string {
  return backend.name === "native" ? backend.name : implementationName(backend);
}

/** How many kinds of memory these implementations have. */
export function countMemories(implementations: readonly Backend[]): number {
  return new Set(implementations.map(memoryOf)).size;
}

/** Those that finish so many floating-point operations in a while; the others are named in a note. */
export function swift(
  implementations: readonly Backend[],
  operations: number,
): { readonly taken: readonly Backend[]; readonly plain: boolean; readonly left: readonly string[] } {
  if (operations <= tooSlow) return { taken: implementations, plain: true, left: [] };
  const taken = implementations.filter(({ isa }) => isa !== "scalar");
  const others = implementations.filter(({ isa }) => isa === "scalar").map(implementationName);
  return { taken, plain: false, left: [...others, "plain JS"] };
}

/** What a case holds on to until it is over. */
export class Setup {
  readonly notes: string[] = [];
  memory: Readonly<Record<string, number>> | undefined;
  readonly #caseName: string;
  readonly #wants: Wants;
  readonly #tasks: Task[] = [];
  readonly #plain: string[] = [];
  readonly #limits: string[] = [];
  readonly #kept: Disposable[] = [];
  readonly #blocks = new Map<string, Block>();

  constructor(caseName: string, wants: Wants) {
    this.#caseName = caseName;
    this.#wants = wants;
  }

  /** Lays the implementations out; one whose memory cannot hold the table is left out, and a note says why. */
  each(implementations: readonly Backend[], layOut: (backend: Backend, label: string) => void): void {
    for (const backend of implementations) {
      const label = implementationName(backend);
      try {
        layOut(backend, label);
      } catch (error) {
        if ((error as { code?: string }).code !== "ERR_OUT_OF_MEMORY") {
          this.#dispose();
          throw error;
        }
        this.notes.push(`${this.#caseName}: ${label} is left out: ${(error as Error).message}.`);
      }
    }
  }

  /** A task: `run` makes that many calls, and `verify` throws when the first of them did something wrong. */
  add(label: string, run: (calls: number) => void, verify: (where: string) => void): void {
    const sample = timed(run);
    const firstCallSeconds = sample(1);
    verify(`${this.#caseName}: ${label}`);
    this.#tasks.push({ label, sample, firstCallSeconds });
  }

  /** Plain JavaScript, where that is wanted. */
  addPlain(way: string, run: (calls: number) => void, verify: (where: string) => void): void {
    if (!this.#wants.plain) return;
    const label = `plain JS (${way})`;
    this.add(label, run, verify);
    this.#plain.push(label);
  }

  /** What the machine can do, where that is wanted and known. */
  addLimit(make: (machine: NonNullable<Wants["limits"]>, threads: number) => Task): void {
    if (this.#wants.limits === undefined) return;
    const task = make(this.#wants.limits, this.#wants.threads);
    this.#tasks.push(task);
    this.#limits.push(task.label);
  }

  /** Memory of the backend's: the same for all who share it. */
  blockOf(backend: Backend, byteLength: number, isNew?: (block: Block) => void): Block {
    const key = memoryOf(backend);
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = backend.allocate(byteLength);
      this.#blocks.set(key, block);
      isNew?.(block);
    }
    return block;
  }

  /** Aligned memory of the addon's, for limits. */
  nativeFloats(length: number): Float32Array {
    const block = selectBackend("native").allocate(4 * length);
    this.#kept.push({ [Symbol.dispose]: () => block.dispose() });
    return block.f32(0, length);
  }

  /** Disposed of with the case. */
  keep<Kept extends Disposable>(disposable: Kept): Kept {
    this.#kept.push(disposable);
    return disposable;
  }

  prepared(job?: Job): Prepared {
    return {
      tasks: this.#tasks,
      plain: this.#plain,
      limits: this.#limits,
      notes: this.notes,
      memory: this.memory,
      job,
      dispose: () => this.#dispose(),
    };
  }

  #dispose(): void {
    for (const kept of this.#kept) kept[Symbol.dispose]();
    for (const block of this.#blocks.values()) block.dispose();
    this.#kept.length = 0;
    this.#blocks.clear();
  }
}
