import { type Bill, BillError, type BillLine } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openBill, packed } from './bill';

const guard = { date: '2024-01-02', posId: '000000001' };
/** The titles in GBK: there is no encoder in Node. */
const titles = {
  payment: Buffer.from(
    'bdbbd2d7cab1bce409b6a8b5a5bac509b8b6bfeeb7bdd5cbbac509d6a7b8b6bdf0b6ee09cdcbbfeebdf0b6ee09b9f1cca8bac509b1b8d7a23109b1b8d7a23209b8b6bfeeb7bdcabd09b6a9b5a5d7b4ccac09bcc7d5cbc8d5c6da',
    'hex',
  ),
  refund: Buffer.from(
    'bdbbd2d7cab1bce409b6a8b5a5bac509d6a7b8b6bdf0b6ee09cdcbbfeebdf0b6ee09b9f1cca8bac509b8b6bfeeb7bdcabd09b6a9b5a5d7b4ccac09bcc7d5cbc8d5c6da09cdcbbfeec1f7cbaebac5',
    'hex',
  ),
};
const file = (title: Buffer, ...rows: string[]) =>
  Buffer.concat([Buffer.from('CCB\r\n\r\n'), title, Buffer.from(['', ...rows, ''].join('\r\n'))]);

const yuan = (fen: number) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
const payment = (orderNo: string, fen: number, counter = '000000001') =>
  [
    '2024-01-02 03:04:09',
    orderNo,
    '6217****1234',
    yuan(fen),
    '0.00',
    counter,
    '',
    '',
    'WX',
    '1',
    '20240102',
  ].join('\t');
const refund = (orderNo: string, fen: number, code = 'R01') =>
  ['2024-01-02 03:14:09', orderNo, '12.34', yuan(fen), '000000001', 'WX', '1', '20240102', code].join('\t');

async function collect(bill: Bill): Promise<BillLine[]> {
  if (bill.kind !== 'ready') throw new Error(`bill is ${bill.kind}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

const orderNo = '202401020304050000000001';

describe('the bill', () => {
  test('is two packed files, one after the other: payments and refunds', async () => {
    const whole = Buffer.concat([
      packed(file(titles.payment, payment(orderNo, 1234))),
      packed(file(titles.refund, refund(orderNo, 500))),
    ]);
    expect(await collect(openBill(whole, guard))).toMatchObject([
      {
        kind: 'payment',
        orderNo,
        amountFen: 1234,
        occurredAt: new Date('2024-01-02T03:04:09+08:00'),
        settledOn: '2024-01-02',
      },
      { kind: 'refund', orderNo, refundNo: `${orderNo}R01`, amountFen: 500 },
    ]);
  });

  test('gives every amount back, whatever it is', async () => {
    const row = fc.record({
      orderNo: fc.stringMatching(/^\d{24}$/),
      fen: fc.integer({ min: 1, max: 10 ** 11 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        const text = file(titles.payment, ...rows.map((each) => payment(each.orderNo, each.fen)));
        const lines = await collect(openBill(text, guard));
        expect(lines.map((line) => [line.orderNo, line.amountFen])).toEqual(
          rows.map((each) => [each.orderNo, each.fen]),
        );
      }),
    );
  });

  test.each([
    ['a row with a damaged time', payment(orderNo, 1234).replace('2024-01-02', '2024-13-02')],
    ['a row with a lost cell', payment(orderNo, 1234).replace('\t0.00', '')],
    ['a row without an amount', payment(orderNo, 1234).replace('12.34', '')],
    ['another counter’s row', payment(orderNo, 1234, '000000002')],
  ])('with %s is refused, not shortened', async (_what, row) => {
    const read = collect(openBill(file(titles.payment, payment(orderNo, 1), row), guard));
    await expect(read).rejects.toBeInstanceOf(BillError);
  });

  test.each([
    ['payment', titles.payment, payment(orderNo, 1234)],
    ['refund', titles.refund, refund(orderNo, 500)],
  ])(
    'with a %s booked on another day is refused by its line, without a day of booking it is read',
    async (_kind, title, row) => {
      const read = (day: string) =>
        collect(openBill(file(title, row, row.replace(/\t20240102(?=\t|$)/, `\t${day}`)), guard));
      await expect(read('20240101')).rejects.toMatchObject({ code: 'DAY', lineNo: 5 });
      for (const day of ['2024-01-02', '']) expect(await read(day)).toHaveLength(2);
    },
  );

  test('without titles, cut off or of arbitrary bytes is a bill error and nothing else', async () => {
    await expect(collect(openBill(Buffer.from('hello'), guard))).rejects.toMatchObject({ code: 'COLUMNS' });
    const whole = packed(file(titles.payment, payment(orderNo, 1234)));
    await expect(collect(openBill(whole.subarray(0, whole.length - 9), guard))).rejects.toMatchObject({
      code: 'TRUNCATED',
    });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
        const read = await collect(openBill(Buffer.from(bytes), guard)).catch((error: unknown) => error);
        expect(read).toBeInstanceOf(BillError);
      }),
    );
  });
});
