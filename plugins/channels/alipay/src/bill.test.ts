import { type Bill, BillError, type BillLine } from '@hospital-pay/payments/contract';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTradeBill } from './bill';
import { gbk, zip } from './testing/archive';
import { billText, header25, packBill, type Row, rowText } from './testing/trade-bill';
import { readZip } from './zip';

const date = '2026-11-20';
const guard = { date, sellerId: '2088021109625633' };

const rows: Row[] = [
  {
    kind: 'payment',
    orderNo: 'A0001',
    channelNo: '2026112022001400001',
    amountFen: 1999,
    feeFen: 12,
    at: '2026-11-20 08:01:02',
  },
  {
    kind: 'payment',
    orderNo: 'A0002',
    channelNo: '2026112022001400002',
    amountFen: 1234,
    feeFen: 7,
    at: '2026-11-20 23:59:59',
  },
  {
    kind: 'refund',
    orderNo: 'A0001',
    refundNo: 'R0001',
    channelNo: '2026112022001400001',
    amountFen: 500,
    feeFen: 3,
    at: '2026-11-20 09:00:00',
  },
];

async function linesOf(bill: Bill): Promise<BillLine[]> {
  if (bill.kind !== 'ready') throw new Error(`bill is ${bill.kind}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

const read = async (text: string | Buffer, by = guard) => linesOf(await openTradeBill(packBill(text), by));

async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BillError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a trade bill of 25 columns', () => {
  test('gives payments and refunds in fen, with ids freed of their tabs', async () => {
    expect(await read(billText({ date, rows }))).toEqual([
      expect.objectContaining({
        lineNo: 6,
        kind: 'payment',
        orderNo: 'A0001',
        channelNo: '2026112022001400001',
        amountFen: 1999,
        feeFen: 12,
        settledOn: date,
        occurredAt: new Date('2026-11-20T00:01:02Z'),
      }),
      expect.objectContaining({
        lineNo: 7,
        kind: 'payment',
        orderNo: 'A0002',
        amountFen: 1234,
        settledOn: date,
      }),
      expect.objectContaining({
        lineNo: 8,
        kind: 'refund',
        orderNo: 'A0001',
        refundNo: 'R0001',
        amountFen: 500,
        feeFen: -3,
      }),
    ]);
  });

  test('keeps the file, names the totals, and can be read twice', async () => {
    const bytes = packBill(billText({ date, rows }));
    const bill = await openTradeBill(bytes, guard);
    expect(bill).toMatchObject({
      kind: 'ready',
      totals: { payments: 2, paymentFen: 3233, refunds: 1, refundFen: 500 },
    });
    expect(bill.kind === 'ready' && bill.file.bytes.equals(bytes)).toBe(true);
    expect(await linesOf(bill)).toEqual(await linesOf(bill));
  });

  test('keeps the raw line', async () => {
    expect((await read(billText({ date, rows })))[0]?.raw).toContain('2026112022001400001\t,A0001\t,交易');
  });

  test('counts what the merchant gave away into the order', async () => {
    const discounted: Row[] = [{ ...rows[0], discountFen: 199 } as Row];
    const bill = await openTradeBill(packBill(billText({ date, rows: discounted })), guard);
    expect(bill).toMatchObject({ totals: { paymentFen: 1999 } });
    expect((await linesOf(bill))[0]?.amountFen).toBe(1999);
  });

  test('reads a fee without its sign as the same fee', async () => {
    const text = billText({ date, rows }).replace(',-0.12,', ',0.12,').replace(',0.03,', ',-0.03,');
    expect((await read(text)).map((line) => line.feeFen)).toEqual([12, 7, -3]);
  });

  test('gives a refund without a number the number of its order', async () => {
    const { refundNo: _, ...bare } = rows[2] as Row;
    expect((await read(billText({ date, rows: [bare] })))[0]?.refundNo).toBe('A0001');
  });

  test('survives a comma in the title of another till', async () => {
    const foreign = [{ ...rows[0], title: '挂号费,内科,专家' } as Row];
    expect((await read(billText({ date, rows: foreign })))[0]).toMatchObject({
      amountFen: 1999,
      orderNo: 'A0001',
    });
  });
});

test('a trade bill of 29 columns is read by its header', async () => {
  expect(await read(billText({ date, rows, wide: true }))).toHaveLength(3);
});

test('columns in another order and half-width brackets are found all the same', async () => {
  const names = header25.split(',');
  const swap = (cells: string[]) => [...cells].reverse().join(',');
  const text = billText({ date, rows, header: swap(names).replaceAll('（', '(').replaceAll('）', ')') });
  const reversed = rows.reduce((all, row) => all.replace(rowText(row), swap(rowText(row).split(','))), text);
  expect((await read(reversed)).map((line) => line.amountFen)).toEqual([1999, 1234, 500]);
});

describe('a day without business', () => {
  test('is empty', async () => {
    expect(await openTradeBill(packBill(billText({ date, rows: [] })), guard)).toEqual({ kind: 'empty' });
  });

  test('is not believed of a bill of another day', async () => {
    const bill = await openTradeBill(packBill(billText({ date: '2026-11-19', rows: [] })), guard);
    expect(bill.kind).toBe('ready');
    expect(await faultOf(linesOf(bill))).toBe('DAY');
  });

  test('is not believed of totals of nought over rows', async () => {
    const totals: [string, string] = [
      '#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元',
      '#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元',
    ];
    const bill = await openTradeBill(packBill(billText({ date, rows, totals })), guard);
    expect(bill.kind).toBe('ready');
    expect(await faultOf(linesOf(bill))).toBe('TOTALS');
  });
});

describe('a bill that must not be booked', () => {
  const good = billText({ date, rows });

  test.each([
    ['wrong sum', good.replace('商家实收共32.33元', '商家实收共32.34元'), 'TOTALS'],
    ['wrong count', good.replace('#交易合计：2笔', '#交易合计：3笔'), 'TOTALS'],
    ['wrong refund sum', good.replace('-5.00元', '-5.01元'), 'TOTALS'],
    ['wrong discount sum', good.replace('商家优惠共0.00元', '商家优惠共0.01元'), 'TOTALS'],
    ['a row lost', good.replace(`${rowText(rows[1] as Row)}\r\n`, ''), 'TOTALS'],
    ['cut in the middle of a row', good.slice(0, good.indexOf('A0002') + 3), 'LINE'],
    [
      'cut after a row',
      good.slice(0, good.indexOf('#-----------------------------------------业务明细列表结束')),
      'TRUNCATED',
    ],
    ['totals cut off', good.slice(0, good.indexOf('#退款合计')), 'TRUNCATED'],
    ['a column missing', good.replace('服务费（元）', '手续费'), 'COLUMNS'],
    ['no header', good.replace(`${header25}\r\n`, '').replace(/^20.*\r\n/gm, ''), 'COLUMNS'],
    ['a short row', good.replace(',挂号费,', ','), 'LINE'],
    ['an amount that is none', good.replace(',19.99,', ',1九.99,'), 'LINE'],
    ['a third kind of business', good.replace(',交易,', ',转账,'), 'LINE'],
    ['a refund that adds money', good.replace(',-5.00,', ',5.00,'), 'LINE'],
    ['a payment of less than nothing', good.replace(',19.99,', ',-19.99,'), 'LINE'],
    ['no time', good.replaceAll('2026-11-20 08:01:02', ''), 'LINE'],
    ['a row after the end', good.replace('#导出时间', `${rowText(rows[0] as Row)}\r\n#导出时间`), 'LINE'],
    ['another account', good.replace('20880211096256330156', '20880211096256340156'), 'MERCHANT'],
    ['another day', good.replace('2026年11月20日', '2026年11月19日'), 'DAY'],
  ])('%s', async (_, text, code) => {
    expect(text).not.toBe(good);
    expect(await faultOf(read(text))).toBe(code);
  });

  test('names the line it cannot read', async () => {
    await expect(read(good.replace(',12.34,', ',12.345,'))).rejects.toThrow(/line 7/);
  });

  test('bytes that are no GBK', async () => {
    expect(
      await faultOf(
        read(Buffer.concat([gbk(good.slice(0, 200)), Buffer.from([0xff, 0xff]), gbk(good.slice(200))])),
      ),
    ).toBe('ENCODING');
  });

  test('UTF-8 instead of GBK', async () => {
    expect(['ENCODING', 'COLUMNS', 'TRUNCATED']).toContain(await faultOf(read(Buffer.from(good, 'utf8'))));
  });

  test('an archive cut short is still handed over for keeping, and then refused', async () => {
    const whole = packBill(good);
    const bill = await openTradeBill(whole.subarray(0, whole.length - 40), guard);
    expect(bill).toMatchObject({ kind: 'ready', totals: undefined });
    expect(await faultOf(linesOf(bill))).toBe('TRUNCATED');
  });

  test('an archive without the detail file', async () => {
    const bytes = zip([
      { name: '20880211096256330156_20261120_业务明细(汇总).csv', content: gbk(good) },
      { name: '说明.txt', content: gbk('说明') },
    ]);
    expect(await faultOf(openTradeBill(bytes, guard).then(linesOf))).toBe('UNAVAILABLE');
  });
});

describe('an archive', () => {
  const content = gbk(billText({ date, rows }));
  const name = '20880211096256330156_20261120_业务明细.csv';
  const unpack = async (bytes: Buffer, limit?: number) => {
    const chunks: Buffer[] = [];
    for (const entry of readZip(bytes, limit)) for await (const chunk of entry.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  test('names its files in GBK without saying so', () => {
    expect(readZip(zip([{ name, content }])).map((entry) => entry.name)).toEqual([name]);
  });

  test('may store instead of deflate', async () => {
    expect((await unpack(zip([{ name, content }], { stored: true }))).equals(content)).toBe(true);
  });

  test('is refused when its CRC does not match', async () => {
    expect(await faultOf(unpack(zip([{ name, content, claims: { crc: 1 } }])))).toBe('HASH');
  });

  test('is refused when it holds more than it promises', async () => {
    expect(await faultOf(unpack(zip([{ name, content, claims: { size: 10 } }])))).toBe('HASH');
  });

  test('is refused when it holds less than it promises', async () => {
    expect(await faultOf(unpack(zip([{ name, content, claims: { size: content.length + 1 } }])))).toBe(
      'TRUNCATED',
    );
  });

  test('does not unpack without limit', async () => {
    const bomb = zip([{ name, content: Buffer.alloc(5_000_000) }]);
    expect(bomb.length).toBeLessThan(20_000);
    expect(await faultOf(unpack(bomb, 1_000_000))).toBe('SIZE');
  });

  test('with random damage never gives other bytes', async () => {
    const whole = zip([{ name, content }]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        try {
          const unpacked = await unpack(damaged);
          expect(unpacked.length === 0 || unpacked.equals(content)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(BillError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('any bill written is read back to the fen', async () => {
  const id = fc.stringMatching(/^[0-9A-Za-z_]{1,64}$/);
  const time = fc
    .integer({ min: 0, max: 86_399 })
    .map((second) => `${date} ${new Date(second * 1000).toISOString().slice(11, 19)}`);
  const row: fc.Arbitrary<Row> = fc
    .record({
      kind: fc.constantFrom('payment' as const, 'refund' as const),
      orderNo: id,
      refundNo: id,
      channelNo: fc.stringMatching(/^20[0-9]{26}$/),
      title: fc.stringMatching(/^[挂号费缴药品检查住院,]{1,12}$/),
      amountFen: fc.integer({ min: 1, max: 10_000_000_000 }),
      discountFen: fc.constantFrom(0, 1),
      feeFen: fc.integer({ min: 0, max: 99_999 }),
      at: time,
    })
    .map(({ refundNo, ...rest }) => (rest.kind === 'refund' ? { ...rest, refundNo } : rest));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), fc.boolean(), async (written, wide) => {
      const lines = await read(billText({ date, rows: written, wide }));
      expect(
        lines.map((line) => ({
          kind: line.kind,
          orderNo: line.orderNo,
          refundNo: line.refundNo,
          channelNo: line.channelNo,
          amountFen: line.amountFen,
          feeFen: line.feeFen,
        })),
      ).toEqual(
        written.map((line) => ({
          kind: line.kind,
          orderNo: line.orderNo,
          refundNo: line.refundNo,
          channelNo: line.channelNo,
          amountFen: line.amountFen,
          feeFen: line.kind === 'payment' || line.feeFen === 0 ? line.feeFen : -line.feeFen,
        })),
      );
    }),
    { numRuns: 200 },
  );
});

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test.each(['UTC', 'America/New_York', 'Asia/Shanghai'])('a bill says the same under TZ=%s', async (tz) => {
  process.env.TZ = tz;
  expect((await read(billText({ date, rows })))[1]).toMatchObject({
    settledOn: date,
    occurredAt: new Date('2026-11-20T15:59:59Z'),
  });
});
