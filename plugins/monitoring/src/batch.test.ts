import { describe, expect, test } from '@jest/globals';
import { createBatch } from './batch';

function recording(fails: (rows: number[]) => boolean = () => false) {
  const written: number[][] = [];
  const lost: unknown[] = [];
  return {
    written,
    lost,
    options: {
      async insert(rows: number[]) {
        await Promise.resolve();
        if (fails(rows)) throw new Error('refused');
        written.push(rows);
      },
      onLost: (_count: number, cause: unknown) => lost.push(cause),
      delayMs: 10,
      size: 3,
    },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a batch', () => {
  test('writes together what came within its delay, in order', async () => {
    const { written, options } = recording();
    const batch = createBatch<number>(options);
    batch.add(1);
    batch.add(2);
    expect(written).toEqual([]);
    await pause(40);
    expect(written).toEqual([[1, 2]]);
  });

  test('does not wait when it is full', async () => {
    const { written, options } = recording();
    const batch = createBatch<number>({ ...options, delayMs: 60_000 });
    for (const row of [1, 2, 3, 4]) batch.add(row);
    await batch.flush();
    expect(written.flat()).toEqual([1, 2, 3, 4]);
  });

  test('loses the one bad row and none of its neighbours', async () => {
    const { written, lost, options } = recording((rows) => rows.includes(2));
    const batch = createBatch<number>(options);
    for (const row of [1, 2, 3]) batch.add(row);
    for (let times = 0; times < 4; times += 1) await batch.flush();
    expect(written.flat()).toEqual([1, 3]);
    expect(lost).toHaveLength(1);
  });

  test('keeps rows through a short outage', async () => {
    let isDown = true;
    const { written, lost, options } = recording(() => isDown);
    const batch = createBatch<number>({ ...options, delayMs: 60_000 });
    batch.add(1);
    await batch.flush();
    isDown = false;
    batch.add(2);
    await batch.flush();
    expect(written.flat()).toEqual([1, 2]);
    expect(lost).toEqual([]);
  });

  test('does not grow without end while nothing can be written, and tells once how many it dropped', async () => {
    const { options } = recording();
    const counts: number[] = [];
    const slow = { ...options, size: 1000, delayMs: 60_000, onLost: (count: number) => counts.push(count) };
    const many = createBatch<number>({ ...slow, capacity: 5 });
    for (let row = 0; row < 8; row += 1) many.add(row);
    expect(counts).toEqual([]);
    await many.flush();
    expect(counts).toEqual([3]);

    const heavy = createBatch<number>({ ...slow, weigh: () => 40, capacityBytes: 100 });
    for (let row = 0; row < 5; row += 1) heavy.add(row);
    await heavy.flush();
    expect(counts).toEqual([3, 3]);
  });
});
