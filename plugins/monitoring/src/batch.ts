export interface BatchOptions<Row> {
  insert(rows: Row[]): Promise<void>;
  /** A row that cannot be stored is dropped in the end: said once each, with the cause. */
  onLost(count: number, cause: unknown): void;
  delayMs?: number;
  size?: number;
  /** Rows kept while the database does not keep up; beyond it the oldest go. */
  capacity?: number;
  /** How much of memory a row takes, and how much all of them may. */
  weigh?(row: Row): number;
  capacityBytes?: number;
}

export interface Batch<Row> {
  /** Returns at once and never throws. */
  add(row: Row): void;
  /** Writes what is waiting. */
  flush(): Promise<void>;
}

const triesOfARow = 3;

/** Collects rows off the request path and writes them together. */
export function createBatch<Row>(options: BatchOptions<Row>): Batch<Row> {
  const { insert, onLost, delayMs = 400, size = 200, capacity = 20_000 } = options;
  const { weigh = () => 0, capacityBytes = 64 * 1024 * 1024 } = options;
  let waiting: { row: Row; tries: number }[] = [];
  let weight = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function schedule(): void {
    if (timer !== undefined || waiting.length === 0) return;
    timer = setTimeout(() => void flush(), delayMs);
    timer.unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(writeAll);
    return writing;
  }

  async function writeAll(): Promise<void> {
    const all = waiting;
    waiting = [];
    weight = 0;
    const again: typeof waiting = [];
    for (let start = 0; start < all.length; start += size) {
      const part = all.slice(start, start + size);
      try {
        await insert(part.map(({ row }) => row));
      } catch {
        again.push(...(await writeSingly(part)));
      }
    }
    // What came in meanwhile is newer.
    waiting = [...again, ...waiting];
    for (const { row } of again) weight += weigh(row);
    tellDropped();
    schedule();
  }

  /** One bad row must not take its neighbours along. */
  async function writeSingly(part: typeof waiting): Promise<typeof waiting> {
    const again: typeof waiting = [];
    for (const entry of part) {
      try {
        await insert([entry.row]);
      } catch (cause) {
        if (entry.tries + 1 < triesOfARow) again.push({ row: entry.row, tries: entry.tries + 1 });
        else onLost(1, cause);
      }
    }
    return again;
  }

  /** A flood must not be told row by row. */
  function tellDropped(): void {
    if (dropped > 0) onLost(dropped, new Error('too many rows waiting'));
    dropped = 0;
  }

  /** Many at a time, so that a flood costs no more than its rows. */
  function dropOldest(): void {
    const gone = waiting.splice(0, Math.max(1, Math.floor(waiting.length / 10)));
    for (const { row } of gone) weight -= weigh(row);
    dropped += gone.length;
  }

  return {
    add(row) {
      waiting.push({ row, tries: 0 });
      weight += weigh(row);
      if (waiting.length > capacity || weight > capacityBytes) dropOldest();
      if (waiting.length >= size) void flush();
      else schedule();
    },
    flush,
  };
}
