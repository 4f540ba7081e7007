import type { BillLine } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import { openSettlements } from './bill';

const guard = { date: '2026-03-01', orgCodg: 'H44030000001' };
const header =
  'fixmedins_code kind medins_setl_id refd_sn setl_id setl_time medfee_sumamt fund_pay_sumamt acct_pay psn_cash_pay';
const payment = 'H44030000001 payment A1  ORD1 20260301093000 120.00 70.00 30.00 20.00';
const refund = 'H44030000001 refund A1 R1 ORD1 20260301103000 100.00 70.00 30.00 0.00';
const totals = ['total payment 1 100.00', 'total refund 1 100.00'];

const file = (lines: string[]) =>
  Buffer.from(lines.map((line) => `${line.replaceAll(' ', '\t')}\r\n`).join(''));

async function read(lines: string[]): Promise<BillLine[]> {
  const bill = openSettlements(file(lines), guard);
  const read: BillLine[] = [];
  if (bill.kind === 'ready') for await (const line of bill.lines()) read.push(line);
  return read;
}

describe('the day’s settlements', () => {
  test('say what insurance bore and gave back, and who bore it', async () => {
    expect(await read([header, payment, refund, ...totals])).toMatchObject([
      {
        lineNo: 2,
        kind: 'payment',
        orderNo: 'A1',
        channelNo: 'ORD1',
        amountFen: 10_000,
        split: { fundFen: 7_000, accountFen: 3_000, otherFen: 0, cashFen: 2_000 },
        occurredAt: new Date('2026-03-01T09:30:00+08:00'),
        settledOn: '2026-03-01',
      },
      { lineNo: 3, kind: 'refund', orderNo: 'A1', refundNo: 'R1', amountFen: 10_000 },
    ]);
  });

  test.each([
    ['another institution', 'MERCHANT', [header, payment.replace('H44030000001', 'H44030000002'), ...totals]],
    ['another day', 'DAY', [header, payment.replace('20260301', '20260302'), ...totals]],
    ['parts that do not make the whole', 'LINE', [header, payment.replace('70.00', '71.00'), ...totals]],
    ['a line twice', 'DUPLICATE', [header, payment, payment, ...totals]],
    ['a line too few', 'TOTALS', [header, payment, ...totals]],
    ['no totals', 'TRUNCATED', [header, payment, refund]],
    ['other columns', 'COLUMNS', [header.replace('acct_pay', 'acct'), payment, refund, ...totals]],
  ])('with %s are refused', async (_, code, lines) => {
    await expect(read(lines)).rejects.toMatchObject({ code });
  });
});
