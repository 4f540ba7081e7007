import { type Bill, BillError, type BillLine } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openZmBill } from './bill';

const widths = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
const merId = '898111472980125';
const guard = { date: '2024-01-02', merId };
/** 示范医院 in GBK: two bytes a character, which is why positions are counted in bytes. */
const hospital = Buffer.from('cabeb7b6d2bdd4ba', 'hex');

interface Row {
  orderNo: string;
  amountFen: number;
  feeFen: number;
  type: string;
  origOrderNo?: string;
  /** MMDDhhmmss */
  time?: string;
}

const cell = (text: string | Buffer, width: number): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes, Buffer.alloc(width - bytes.length, 0x20)]);
};

function zmLine(row: Row, tail: readonly number[] = widths): Buffer {
  const given: Record<number, string | Buffer> = {
    1: row.type === '01' ? 'S22' : 'S30',
    5: row.time ?? '0102030409',
    7: String(row.amountFen).padStart(12, '0'),
    10: '842401020304051234568',
    12: row.orderNo,
    16: `${row.feeFen < 0 ? 'C' : 'D'}${String(Math.abs(row.feeFen)).padStart(12, '0')}`,
    20: row.type,
    27: row.origOrderNo ? '842401010304051234567' : '',
    28: merId,
    31: hospital,
    41: row.origOrderNo ?? '',
  };
  const cells = tail.map((width, at) => cell(given[at + 1] ?? '', width));
  return Buffer.concat(cells.flatMap((bytes, at) => (at === 0 ? [bytes] : [Buffer.from(' '), bytes])));
}

const file = (...lines: Buffer[]) => Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\r\n')]));

async function collect(bill: Bill): Promise<BillLine[]> {
  if (bill.kind !== 'ready') throw new Error(`bill is ${bill.kind}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

const payment: Row = { orderNo: '202401020304050000000001', amountFen: 1234, feeFen: 7, type: '01' };

describe('the ZM file', () => {
  test('is read by bytes, Chinese names included', async () => {
    const refund = {
      orderNo: `${payment.orderNo}R01`,
      amountFen: 500,
      feeFen: -3,
      type: '04',
      origOrderNo: payment.orderNo,
    };
    const lines = await collect(openZmBill(file(zmLine(payment), zmLine(refund)), guard));
    expect(zmLine(payment)).toHaveLength(607);
    expect(lines[0]?.raw).toContain('示范医院');
    expect(lines).toMatchObject([
      {
        lineNo: 1,
        kind: 'payment',
        orderNo: payment.orderNo,
        channelNo: '842401020304051234568',
        amountFen: 1234,
        feeFen: 7,
        occurredAt: new Date('2024-01-02T03:04:09+08:00'),
        settledOn: '2024-01-02',
      },
      {
        lineNo: 2,
        kind: 'refund',
        orderNo: payment.orderNo,
        refundNo: `${payment.orderNo}R01`,
        channelNo: '842401010304051234567',
        amountFen: 500,
        feeFen: -3,
      },
    ]);
  });

  test('is read in its newest edition, too', async () => {
    const newest = [...widths.slice(0, 41), 13, 2, 1, 12, 67];
    expect(await collect(openZmBill(file(zmLine(payment, newest)), guard))).toHaveLength(1);
  });

  test('gives every order, amount and fee back, whatever they are', async () => {
    const row = fc.record({
      orderNo: fc.stringMatching(/^[0-9A-Za-z]{8,32}$/),
      amountFen: fc.integer({ min: 1, max: 999_999_999_999 }),
      feeFen: fc.integer({ min: -99_999, max: 99_999 }),
      type: fc.constantFrom('01', '04', '31'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        const lines = await collect(openZmBill(file(...rows.map((each) => zmLine(each))), guard));
        expect(
          lines.map((line) => [line.refundNo ?? line.orderNo, line.amountFen, line.feeFen, line.kind]),
        ).toEqual(
          rows.map((each) => [
            each.orderNo,
            each.amountFen,
            each.feeFen,
            each.type === '01' ? 'payment' : 'refund',
          ]),
        );
      }),
    );
  });

  test('is refused as a bill error, never misread, when a byte is lost or added', async () => {
    const whole = file(zmLine(payment), zmLine({ ...payment, orderNo: `${payment.orderNo}X` }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 3 }), fc.boolean(), async (at, isLost) => {
        const damaged = isLost
          ? Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)])
          : Buffer.concat([whole.subarray(0, at), Buffer.from('7'), whole.subarray(at)]);
        const read = await collect(openZmBill(damaged, guard)).catch((error: unknown) => error);
        if (read instanceof BillError) return;
        // One byte more than 607 is the newest edition's length: then nothing before the tail may have moved.
        expect(read).toMatchObject([{ amountFen: 1234 }, { amountFen: 1234 }]);
      }),
    );
  });

  test('of arbitrary bytes is a bill error and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
        const read = await collect(openZmBill(Buffer.from(bytes), guard)).catch((error: unknown) => error);
        expect(read instanceof BillError || Array.isArray(read)).toBe(true);
      }),
    );
  });

  test.each([
    ['0101200000', 'payment'],
    ['0103040000', 'payment'],
    ['0101195959', 'DAY'],
    ['0103040001', 'DAY'],
  ])('with a payment of %s is that of the 2nd of January: %s', async (time, told) => {
    const lines = file(zmLine(payment), zmLine({ ...payment, time }));
    const read = await collect(openZmBill(lines, guard)).catch((error: unknown) => [error, error]);
    expect(read[1]).toMatchObject(told === 'DAY' ? { code: 'DAY', lineNo: 2 } : { kind: told });
  });

  test('keeps a refund that was sent on an older day', async () => {
    const refund: Row = { ...payment, type: '04', origOrderNo: payment.orderNo, time: '0101101010' };
    expect(await collect(openZmBill(file(zmLine(refund)), guard))).toHaveLength(1);
  });

  test('of another merchant, or with a type nobody knows, is not booked', async () => {
    await expect(
      collect(openZmBill(file(zmLine(payment)), { ...guard, merId: '898111472980126' })),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(collect(openZmBill(file(zmLine({ ...payment, type: '02' })), guard))).rejects.toMatchObject({
      code: 'LINE',
      lineNo: 1,
    });
  });
});
