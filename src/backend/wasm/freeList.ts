/** A stretch of addresses. */
export interface Region {
  readonly address: number;
  readonly size: number;
}

/**
 * Which addresses are free: a list in ascending order whose neighbours never touch, so that everything given back can be handed out as
 * one region again. Pure bookkeeping over numbers; a table of a layer is one region, so the list is short and a search walks it.
 */
export class FreeList {
  #free: { address: number; size: number }[] = [];

  /** The free regions, ascending; no two touch. */
  get regions(): readonly Region[] {
    return this.#free;
  }

  /** Best fit: takes from the front of the smallest region that holds `size`. */
  take(size: number): number | undefined {
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const fits = this.#free[i].size >= size;
      if (fits && (best < 0 || this.#free[i].size < this.#free[best].size)) best = i;
    }
    if (best < 0) return undefined;
    const region = this.#free[best];
    const { address } = region;
    region.address += size;
    region.size -= size;
    if (region.size === 0) this.#free.splice(best, 1);
    return address;
  }

  /** Puts a region back, joined with the free regions it touches. It must not overlap any. */
  give(address: number, size: number): void {
    if (size === 0) return;
    const after = this.#firstBehind(address);
    const next = this.#free[after];
    const before = this.#free[after - 1];
    const joinsNext = next !== undefined && address + size === next.address;
    const joinsBefore = before !== undefined && before.address + before.size === address;
    if (joinsBefore) {
      before.size += size + (joinsNext ? next.size : 0);
      if (joinsNext) this.#free.splice(after, 1);
    } else if (joinsNext) {
      next.address = address;
      next.size += size;
    } else {
      this.#free.splice(after, 0, { address, size });
    }
  }

  /** How many bytes right below `end` are free. */
  freeBelow(end: number): number {
    const last = this.#free.at(-1);
    return last !== undefined && last.address + last.size === end ? last.size : 0;
  }

  /** The position of the first free region at or above the address. */
  #firstBehind(address: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle].address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
