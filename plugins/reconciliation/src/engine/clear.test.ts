import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clear, type Leftover, type Portions } from './clear';
import { openDuck } from './duck';
import type { LookUp } from './look-up';

const nothing: LookUp = {
  readAliases: () => Promise.reject(new Error('not asked for')),
  numbersOf: () => Promise.resolve([]),
  ordersNamed: () => Promise.resolve([]),
  billsOf: () => Promise.resolve([]),
  billsBookedFor: () => Promise.resolve([]),
  recordsOf: () => Promise.resolve([]),
  sharedBills: () => Promise.resolve([]),
  ordersOf: () => Promise.resolve([]),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-clear-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A hundred orders; HIS charged every tenth a fen less, and every order that ends in 7 twice. */
async function writeRows(): Promise<void> {
  const orders = Array.from({ length: 100 }, (_, index) => ({ key: `O${index}`, fen: 100 + index }));
  const rows = {
    platform: orders.map(({ key, fen }) => `"${key}",1,0,${fen}`),
    refund: [],
    his: orders.flatMap(({ key, fen }, index) => {
      const charge = (id: number) => `"${key}",${id},0,0,${index % 10 === 0 ? fen - 1 : fen}`;
      return index % 10 === 7 ? [charge(index + 1), charge(index + 1001)] : [charge(index + 1)];
    }),
  };
  for (const [source, lines] of Object.entries(rows)) {
    await writeFile(path.join(folder, `${source}.csv`), lines.map((line) => `${line}\n`).join(''));
  }
}

async function cleared(portions?: Portions) {
  const duck = await openDuck(folder, []);
  try {
    const found = await clear(duck, { bill: { kind: 'none' } }, folder, nothing, portions);
    const leftovers: Leftover[] = [];
    for await (const leftover of found.leftovers()) leftovers.push(leftover);
    return {
      sums: found.cleared,
      orderNos: leftovers.flatMap(({ orderNos }) => orderNos).sort(),
      hisIds: leftovers.flatMap(({ hisIds }) => hisIds).sort((a, b) => a - b),
    };
  } finally {
    duck.close();
  }
}

describe('what agrees at first sight is taken out', () => {
  beforeEach(writeRows);

  test('and what differs is left with every row that names it', async () => {
    const { sums, orderNos, hisIds } = await cleared();
    expect(sums).toMatchObject({ orders: 80, refunds: 0 });
    expect(orderNos).toEqual(
      Array.from({ length: 100 }, (_, index) => index)
        .filter((index) => index % 10 === 0 || index % 10 === 7)
        .map((index) => `O${index}`)
        .sort(),
    );
    expect(hisIds).toHaveLength(30);
  });

  test.each([1, 7, 50])('whether its numbers are looked at together or %i orders at once', async (atOnce) => {
    expect(await cleared({ ordersAtOnce: atOnce })).toEqual(await cleared());
  });
});
