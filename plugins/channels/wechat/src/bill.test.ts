import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { BillError, type BillLine, formatAmount } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readTradeBill } from './bill';
import { checkHash } from './bill-text';

const header =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,' +
  '代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const summaryHeader =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const sample =
  '`2021-01-28 17:07:11,`wx81be3101902f7cb2,`1601959334,`0,`,`4200000925202101284997714292,`S20210128170702357723,`ofyak5,' +
  '`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,`0.00,`0.00,`,`,`for testing,`cipher code,`0.00000,`1.00%,`0.01,`0.00,`';

interface Row {
  status: 'SUCCESS' | 'REFUND' | 'REVOKED';
  orderNo: string;
  refundNo?: string;
  orderAmount: string;
  refundAmount: string;
  fee: string;
  name?: string;
}

const row = ({ status, orderNo, refundNo = '0', orderAmount, refundAmount, fee, name = '门诊缴费' }: Row) =>
  `\`2026-11-21 23:59:59,\`wx1,\`1900000001,\`0,\`,\`42000${orderNo},\`${orderNo},\`o1,\`MICROPAY,\`${status},\`CMB_DEBIT,\`CNY,` +
  `\`${orderAmount},\`0.00,\`${refundNo},\`${refundNo},\`${refundAmount},\`0.00,\`ORIGINAL,\`SUCCESS,\`${name},\`,\`${fee},\`0.60%,` +
  `\`${orderAmount},\`${refundAmount},\``;

const summary = (count: number, orders: string, refunds: string, fee: string) =>
  `\`${count},\`${orders},\`${refunds},\`0.00,\`${fee},\`${orders},\`${refunds}`;

const file = (rows: string[], closing: string, end = '\r\n', bom = '') =>
  Buffer.from(bom + [header, ...rows, summaryHeader, closing, ''].join(end), 'utf8');

async function linesOf(text: Buffer): Promise<BillLine[]> {
  const lines: BillLine[] = [];
  for await (const line of (await readTradeBill(text)).lines()) lines.push(line);
  return lines;
}

const codeOf = async (text: Buffer) => {
  try {
    await linesOf(text);
  } catch (error) {
    return error instanceof BillError ? error.code : String(error);
  }
  return 'accepted';
};

const day = [
  row({ status: 'SUCCESS', orderNo: 'A1', orderAmount: '19.99', refundAmount: '0.00', fee: '0.12000' }),
  row({
    status: 'REFUND',
    orderNo: 'A1',
    refundNo: 'R1',
    orderAmount: '0.00',
    refundAmount: '5.00',
    fee: '-0.03000',
  }),
  row({
    status: 'REVOKED',
    orderNo: 'A2',
    refundNo: '0',
    orderAmount: '0.00',
    refundAmount: '12.34',
    fee: '0.00000',
  }),
];
const daySummary = summary(3, '19.99', '17.34', '0.09000');

describe('the trade bill', () => {
  test('the published sample row is read to the fen', async () => {
    const [line] = await linesOf(file([sample], summary(1, '0.01', '0.00', '0.00000')));
    expect(line).toMatchObject({
      kind: 'payment',
      orderNo: 'S20210128170702357723',
      channelNo: '4200000925202101284997714292',
      amountFen: 1,
      feeFen: 0,
      settledOn: '2021-01-28',
      occurredAt: new Date('2021-01-28T09:07:11Z'),
      lineNo: 2,
      raw: sample,
    });
  });

  test('payments, refunds and reversals keep their direction, amount and fee sign', async () => {
    const lines = await linesOf(file(day, daySummary));
    expect(
      lines.map(({ kind, orderNo, refundNo, amountFen, feeFen }) => [
        kind,
        orderNo,
        refundNo,
        amountFen,
        feeFen,
      ]),
    ).toEqual([
      ['payment', 'A1', undefined, 1999, 12],
      ['refund', 'A1', 'R1', 500, -3],
      ['refund', 'A2', undefined, 1234, 0],
    ]);
  });

  test('the totals are known before the lines are read', async () => {
    const { totals } = await readTradeBill(file(day, daySummary));
    expect(totals).toEqual({ payments: 1, refunds: 2, paymentFen: 1999, refundFen: 1734, feeFen: 9 });
  });

  test('LF, CRLF and a BOM make no difference', async () => {
    const expected = await linesOf(file(day, daySummary));
    expect(await linesOf(file(day, daySummary, '\n'))).toEqual(expected);
    expect(await linesOf(file(day, daySummary, '\r\n', '\ufeff'))).toEqual(expected);
  });

  test('commas written as backslash-space and stray quotes do not move columns', async () => {
    const named = row({
      status: 'SUCCESS',
      orderNo: 'A1',
      orderAmount: '1.00',
      refundAmount: '0.00',
      fee: '0.01000',
      name: '挂号\\ 内科\\ "张\\"',
    });
    const [line] = await linesOf(file([named], summary(1, '1.00', '0.00', '0.01000')));
    expect(line).toMatchObject({ amountFen: 100, feeFen: 1 });
  });

  test('lines() may be read twice', async () => {
    const bill = await readTradeBill(file(day, daySummary));
    for (const _round of [1, 2]) {
      let count = 0;
      for await (const _line of bill.lines()) count += 1;
      expect(count).toBe(3);
    }
  });

  test('a day without trades is a summary of zeros', async () => {
    expect(await linesOf(file([], summary(0, '0.00', '0.00', '0.00000')))).toEqual([]);
  });

  test('a reversal row that also repeats what was taken nets to zero', async () => {
    const both = row({
      status: 'REVOKED',
      orderNo: 'A2',
      orderAmount: '1.00',
      refundAmount: '1.00',
      fee: '0.00000',
    });
    const lines = await linesOf(file([both], summary(1, '1.00', '1.00', '0.00000')));
    expect(lines.map((line) => line.kind)).toEqual(['payment', 'refund']);
  });

  test('the older 24 columns are mapped by their names', async () => {
    const old = Buffer.from(
      [
        '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,' +
          '微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率',
        '`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,`o,`MICROPAY,' +
          '`SUCCESS,`CFT,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫支付测试,`订单额外描述,`0,`0.60%',
        '`2014-11-10 16:46:14,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1002780740201411100005729794,`1415635270,`o,`MICROPAY,' +
          '`REFUND,`CFT,`CNY,`0.00,`0.0,`2002,`R7,`0.01,`0,`ORIGINAL,`SUCCESS,`被扫支付测试,`,`0,`0.60%',
        '总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额',
        '`2,`0.01,`0.01,`0.0,`0',
      ].join('\r\n'),
    );
    expect((await linesOf(old)).map(({ kind, amountFen, refundNo }) => [kind, amountFen, refundNo])).toEqual([
      ['payment', 1, undefined],
      ['refund', 1, 'R7'],
    ]);
  });

  test('a SUCCESS bill without refund columns and a REFUND bill with more are mapped by their names', async () => {
    const success = Buffer.from(
      '交易时间,微信订单号,商户订单号,交易状态,手续费,订单金额\n`2026-11-21 10:00:00,`42,`A1,`SUCCESS,`0.00000,`2.00\n' +
        '总交易单数,手续费总金额,订单总金额\n`1,`0.00000,`2.00\n',
    );
    expect(await linesOf(success)).toHaveLength(1);
    const refund = Buffer.from(
      '交易时间,微信订单号,商户订单号,交易状态,退款申请时间,退款成功时间,商户退款单号,申请退款金额,手续费,订单金额\n' +
        '`2026-11-21 10:00:00,`42,`A1,`REFUND,`2026-11-21 10:00:00,`,`R1,`2.00,`0.00000,`0.00\n' +
        '总交易单数,手续费总金额,订单总金额,申请退款总金额\n`1,`0.00000,`0.00,`2.00\n',
    );
    expect(await linesOf(refund)).toMatchObject([{ kind: 'refund', refundNo: 'R1', amountFen: 200 }]);
  });

  const broken: [string, string, Buffer][] = [
    ['without its summary', 'TRUNCATED', Buffer.from([header, ...day].join('\r\n'))],
    [
      'cut within its summary',
      'TRUNCATED',
      Buffer.from([header, ...day, summaryHeader, '`3,`19.99'].join('\r\n')),
    ],
    ['that is empty', 'TRUNCATED', Buffer.alloc(0)],
    ['with a row lost', 'TOTALS', file(day.slice(0, 2), daySummary)],
    ['with another sum', 'TOTALS', file(day, summary(3, '20.00', '17.34', '0.09000'))],
    ['with another refund sum', 'TOTALS', file(day, summary(3, '19.99', '17.35', '0.09000'))],
    ['with another fee sum', 'TOTALS', file(day, summary(3, '19.99', '17.34', '0.09001'))],
    ['with a short row', 'LINE', file([day[0]?.replace(',`0.60%', '') ?? '', ...day.slice(1)], daySummary)],
    ['with an amount that is none', 'LINE', file([day[0]?.replaceAll('19.99', '19.9x') ?? ''], daySummary)],
    [
      'with an unknown state',
      'LINE',
      file([day[0]?.replace('SUCCESS,`CMB', 'MAYBE,`CMB') ?? ''], daySummary),
    ],
    ['that is no bill', 'COLUMNS', Buffer.from('<xml><return_code>FAIL</return_code></xml>')],
    [
      'in GBK',
      'ENCODING',
      Buffer.concat([Buffer.from(`${header}\r\n`), Buffer.from([0xc3, 0xc5, 0xd5, 0xef, 0x0a])]),
    ],
  ];
  test.each(broken)('a file %s is refused', async (_name, code, text) => {
    expect(await codeOf(text)).toBe(code);
  });

  test('an unreadable line is named by its number', async () => {
    await expect(linesOf(file([day[0] ?? '', 'nonsense'], daySummary))).rejects.toMatchObject({
      code: 'LINE',
      lineNo: 3,
    });
  });

  test('any day of payments and refunds is read back to the fen', async () => {
    const amount = fc.integer({ min: 1, max: 100_000_000 });
    const entry = fc.record({ amount, refund: fc.boolean(), fee: fc.integer({ min: 0, max: 99_999 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 30 }), async (entries) => {
        const rows = entries.map(({ amount: fen, refund, fee }, index) =>
          row({
            status: refund ? 'REFUND' : 'SUCCESS',
            orderNo: `A${index}`,
            orderAmount: refund ? '0.00' : formatAmount(fen),
            refundAmount: refund ? formatAmount(fen) : '0.00',
            fee: `${refund && fee > 0 ? '-' : ''}0.${String(fee).padStart(5, '0')}`,
          }),
        );
        const sum = (wanted: boolean) =>
          entries
            .filter(({ refund }) => refund === wanted)
            .reduce((total, { amount: fen }) => total + fen, 0);
        const feeUnits = entries.reduce((total, { fee, refund }) => total + (refund ? -fee : fee), 0);
        const feeText = `${feeUnits < 0 ? '-' : ''}${Math.floor(Math.abs(feeUnits) / 100_000)}.${String(Math.abs(feeUnits) % 100_000).padStart(5, '0')}`;
        const text = file(
          rows,
          summary(entries.length, formatAmount(sum(false)), formatAmount(sum(true)), feeText),
        );
        const lines = await linesOf(text);
        expect(lines.map(({ kind, amountFen }) => [kind, amountFen])).toEqual(
          entries.map(({ amount: fen, refund }) => [refund ? 'refund' : 'payment', fen]),
        );
      }),
    );
  });
});

describe('the file of a bill', () => {
  const text = file(day, daySummary);
  const value = createHash('sha1').update(text).digest('hex');

  test('the hash is checked over the text that was compressed', async () => {
    await checkHash(gzipSync(text), { type: 'SHA1', value: value.toUpperCase() });
    await checkHash(text, { type: 'SHA1', value });
  });

  test('another hash, an unknown one or a file cut off are refused', async () => {
    await expect(checkHash(text.subarray(1), { type: 'SHA1', value })).rejects.toMatchObject({
      code: 'HASH',
    });
    await expect(checkHash(text, { type: 'MD5', value })).rejects.toMatchObject({ code: 'HASH' });
    const cut = gzipSync(text).subarray(0, 60);
    await expect(checkHash(cut, { type: 'SHA1', value })).rejects.toMatchObject({ code: 'TRUNCATED' });
    expect(await codeOf(cut)).toBe('TRUNCATED');
  });

  test('one that unpacks to more than a bill can be is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    await expect(checkHash(bomb, { type: 'SHA1', value }, 999_999)).rejects.toMatchObject({ code: 'SIZE' });
  });

  test('is read the same in one piece or in many, compressed or not', async () => {
    const long = Array.from({ length: 4000 }, (_, index) =>
      row({
        status: 'SUCCESS',
        orderNo: `L${index}`,
        orderAmount: '1.00',
        refundAmount: '0.00',
        fee: '0.00600',
        name: '门诊缴费（含药费、检查费）',
      }),
    );
    const whole = file(long, summary(4000, '4000.00', '0.00', '24.00000'));
    const lines = await linesOf(whole);
    expect(lines.map(({ lineNo, orderNo }) => [lineNo, orderNo])).toEqual(
      long.map((_, index) => [index + 2, `L${index}`]),
    );
    expect(await linesOf(gzipSync(whole))).toEqual(lines);
  });
});
