import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BillLine } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writeLines } from '../engine/bill-lines';
import { type Duck, openDuck } from '../engine/duck';
import { differenceOf, repeatedLine } from './difference';

const line = (orderNo: string, amountFen: number, more: Partial<BillLine> = {}): BillLine => ({
  lineNo: 1,
  kind: 'payment',
  orderNo,
  channelNo: `C${orderNo}`,
  amountFen,
  feeFen: 0,
  occurredAt: new Date('2026-10-18T12:00:00Z'),
  settledOn: '2026-10-18',
  raw: orderNo,
  ...more,
});

describe('two versions of a bill', () => {
  let folder: string;
  let duck: Duck;
  let count = 0;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-difference-'));
    duck = await openDuck(folder, []);
  });
  afterAll(() => {
    duck.close();
    rmSync(folder, { recursive: true });
  });

  async function parquet(lines: BillLine[]): Promise<string> {
    count += 1;
    const target = path.join(folder, `${count}.parquet`);
    const numbered = lines.map((each, place) => ({ ...each, lineNo: place + 1 }));
    await writeLines(
      (async function* () {
        yield* numbered;
      })(),
      target,
      folder,
    );
    return target;
  }
  const compare = async (before: BillLine[], after: BillLine[]) =>
    differenceOf(duck, await parquet(before), await parquet(after), 100);

  test('lines added, removed and changed are told with their sums; order does not matter', async () => {
    const refund = line('1', 300, { kind: 'refund', refundNo: 'R1', feeFen: -2 });
    const told = await compare(
      [line('1', 1000, { feeFen: 6 }), line('2', 500), refund, line('gone', 70, { feeFen: 1 })],
      [refund, line('new', 40), line('2', 450), line('1', 1000, { feeFen: 6 })],
    );
    expect(told).toMatchObject({
      added: { lines: 1, netFen: 40, feeFen: 0 },
      removed: { lines: 1, netFen: 70, feeFen: 1 },
      changed: { lines: 1, netFen: -50, feeFen: 0 },
      same: 2,
    });
    expect(told.changes.map(({ change, orderNo }) => [change, orderNo])).toEqual([
      ['added', 'new'],
      ['changed', '2'],
      ['removed', 'gone'],
    ]);
    expect(told.changes[1]).toMatchObject({ before: { amountFen: 500 }, after: { amountFen: 450 } });
  });

  test('a line that stands twice is one more line, not a multiple', async () => {
    const twice = await compare([line('1', 100)], [line('1', 100), line('1', 100)]);
    expect(twice).toMatchObject({ same: 1, added: { lines: 1, netFen: 100 }, removed: { lines: 0 } });
    expect(await repeatedLine(duck, await parquet([line('1', 5), line('2', 5), line('1', 5)]))).toEqual({
      lineNo: 3,
      firstLineNo: 1,
    });
    expect(await repeatedLine(duck, await parquet([line('1', 5), line('1', 6)]))).toBeUndefined();
  });

  test('what changed explains the difference of the sums to the fen, whatever the lines', async () => {
    const lines = fc.array(
      fc
        .record({
          number: fc.integer({ min: 1, max: 4 }),
          amountFen: fc.nat(200),
          isRefund: fc.boolean(),
          feeFen: fc.nat(3),
        })
        .map(({ number, amountFen, isRefund, feeFen }) =>
          line(String(number), amountFen, { feeFen, kind: isRefund ? 'refund' : 'payment' }),
        ),
      { maxLength: 12 },
    );
    const net = (of: BillLine[]) =>
      of.reduce((sum, { kind, amountFen }) => sum + (kind === 'payment' ? amountFen : -amountFen), 0);
    await fc.assert(
      fc.asyncProperty(lines, lines, async (before, after) => {
        const told = await compare(before, after);
        expect(told.added.netFen - told.removed.netFen + told.changed.netFen).toBe(net(after) - net(before));
        expect(told.same + told.changed.lines + told.removed.lines).toBe(before.length);
        expect(told.same + told.changed.lines + told.added.lines).toBe(after.length);
      }),
      { numRuns: 15 },
    );
  }, 30_000);
});
