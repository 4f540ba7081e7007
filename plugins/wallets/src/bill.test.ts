import { type BillLine, formatAmount } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type NamedBill, openNamedBill } from './bill';

const headings = {
  orderNo: '注文',
  channelNo: '決済',
  amount: '金額',
  time: '日時',
  refundNo: '返金',
  fee: '手数料',
};
const about: NamedBill = {
  channel: 'wallet',
  date: '2026-03-01',
  config: {},
  currency: 'JPY',
  zone: 'Asia/Tokyo',
  defaults: headings,
  encoding: 'utf-8',
};
const header = '注文,決済,金額,日時,返金,手数料';

async function read(text: string | Buffer, changes: Partial<NamedBill> = {}): Promise<BillLine[]> {
  const bill = openNamedBill(Buffer.from(text), { ...about, ...changes });
  if (bill.kind !== 'ready') throw new Error(bill.kind);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

describe('a bill whose columns the account names', () => {
  test('is read by its headings, in whatever order, below whatever stands before them', async () => {
    const lines = await read(
      `"病院, 東京",2026\r\n日時,金額,決済,注文,余り\r\n"2026/03/01 23:59:59","1,980",P1,O1,x\r\n2026-03-01 10:00:00,-980,P1,O1,x\r\n`,
    );
    expect(lines).toMatchObject([
      {
        lineNo: 3,
        kind: 'payment',
        orderNo: 'O1',
        channelNo: 'P1',
        amountFen: 1980,
        settledOn: '2026-03-01',
      },
      { lineNo: 4, kind: 'refund', orderNo: 'O1', refundNo: 'O1', amountFen: 980 },
    ]);
    expect(lines[0]?.occurredAt.toISOString()).toBe('2026-03-01T14:59:59.000Z');
  });

  test('every amount of yen and of baht comes through exactly, quoted or not', async () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 ** 12 }), fc.boolean()), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom('JPY' as const, 'THB' as const), async (amounts, currency) => {
        const text = amounts.map(([amount, refund], place) => {
          const cell = `${refund ? '-' : ''}${formatAmount(amount, currency)}`;
          return `"O${place}",P${place},"${cell}",2026-03-01 08:00:00,R${place},`;
        });
        const lines = await read([header, ...text].join('\n'), { currency });
        expect(lines.map((line) => [line.amountFen, line.kind === 'refund'])).toEqual(amounts);
      }),
    );
  });

  test.each([
    ['a decimal of yen', 'O1,P1,19.80,2026-03-01 08:00:00,,', 'LINE'],
    ['a word for an amount', 'O1,P1,many,2026-03-01 08:00:00,,', 'LINE'],
    ['no number of the payment', 'O1,,100,2026-03-01 08:00:00,,', 'LINE'],
    ['no time', 'O1,P1,100,soon,,', 'LINE'],
    ['too few cells', 'O1,P1,100', 'LINE'],
    ['a payment of another day', 'O1,P1,100,2026-03-02 08:00:00,,', 'UNAVAILABLE'],
    ['an open quote', '"O1,P1,100', 'TRUNCATED'],
  ])('%s names the line', async (_what, row, code) => {
    await expect(read(`${header}\n${row}`)).rejects.toMatchObject({ code, lineNo: 2 });
  });

  test('a file without the headings, or in another encoding, is not read', async () => {
    await expect(read('a,b,c\n1,2,3')).rejects.toMatchObject({ code: 'COLUMNS' });
    await expect(read(Buffer.from([0x82, 0xa0, 0xff]))).rejects.toMatchObject({ code: 'ENCODING' });
  });

  test('the account’s own headings and words win, and Shift_JIS is read', async () => {
    const config = {
      billEncoding: 'shift_jis',
      billKind: '種',
      billPaymentWord: '\u58f2',
      billRefundWord: '\u8fd4',
    };
    const sjis = Buffer.concat([
      Buffer.from([0x92, 0x8d, 0x95, 0xb6]), // 注文
      Buffer.from(','),
      Buffer.from([0x8c, 0x88, 0x8d, 0xcf]), // 決済
      Buffer.from(','),
      Buffer.from([0x8b, 0xe0, 0x8a, 0x7a]), // 金額
      Buffer.from(','),
      Buffer.from([0x93, 0xfa, 0x8e, 0x9e]), // 日時
      Buffer.from(','),
      Buffer.from([0x8e, 0xed]), // 種
      Buffer.from('\nO1,P1,100,20260301080000,'),
      Buffer.from([0x95, 0xd4]), // 返
      Buffer.from('\n'),
    ]);
    expect(await read(sjis, { config })).toMatchObject([{ kind: 'refund', amountFen: 100 }]);
    await expect(read(sjis, { config: { ...config, billRefundWord: 'x' } })).rejects.toMatchObject({
      code: 'LINE',
    });
  });
});
