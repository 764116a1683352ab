/**
 * A map by number for tables whose entries come and go with every request. A JavaScript Map makes a new table now and then,
 * and the old one points to the new one and to all that was in it: once one of them is in the old generation, each dead
 * table keeps the next alive, and up to a third of all streams outlive the quick garbage collection (3 to 5 µs a request,
 * pauses of 5 ms). This map keeps one table, and a removed entry leaves nothing behind.
 */

/** A power of two: more than that many at once make it grow. */
const initialSlots = 64;

/** Ids are unsigned 32-bit; those given out in a row do not collide. Open addressing, linear probing, no tombstones. */
export class IdMap<Value extends object> {
  #ids: number[] = new Array<number>(initialSlots).fill(0);
  #values: (Value | undefined)[] = new Array<Value | undefined>(initialSlots).fill(undefined);
  #mask = initialSlots - 1;
  #used = 0;

  get size(): number {
    return this.#used;
  }

  get(id: number): Value | undefined {
    return this.#values[this.#find(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  set(id: number, value: Value): void {
    let slot = this.#find(id);
    if (this.#values[slot] === undefined) {
      if (++this.#used * 2 > this.#mask) {
        this.#grow();
        slot = this.#find(id);
      }
      this.#ids[slot] = id;
    }
    this.#values[slot] = value;
  }

  /** Removes an entry; returns true when there was one. */
  delete(id: number): boolean {
    const ids = this.#ids;
    const values = this.#values;
    const mask = this.#mask;
    let hole = this.#find(id);
    if (values[hole] === undefined) return false;
    // Entries behind it that were pushed past their own slot move up, so that looking for them does not stop at the hole.
    for (let at = (hole + 1) & mask; values[at] !== undefined; at = (at + 1) & mask) {
      const home = ids[at] as number;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      ids[hole] = home;
      values[hole] = values[at];
      hole = at;
    }
    values[hole] = undefined;
    this.#used--;
    return true;
  }

  /** Returns the present entries; the caller may delete some while it iterates. */
  entries(): [id: number, value: Value][] {
    const all: [number, Value][] = [];
    this.#values.forEach((value, at) => {
      if (value !== undefined) all.push([this.#ids[at] as number, value]);
    });
    return all;
  }

  /** Returns the slot of `id`, or the free one for it. */
  #find(id: number): number {
    const ids = this.#ids;
    const values = this.#values;
    const mask = this.#mask;
    let at = id & mask;
    while (values[at] !== undefined && ids[at] !== id) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const before = this.entries();
    // Not left full: see the head of this file.
    this.#values.fill(undefined);
    const slots = (this.#mask + 1) * 2;
    this.#mask = slots - 1;
    this.#ids = new Array<number>(slots).fill(0);
    this.#values = new Array<Value | undefined>(slots).fill(undefined);
    for (const [id, value] of before) {
      const slot = this.#find(id);
      this.#ids[slot] = id;
      this.#values[slot] = value;
    }
  }
}
