import type { BillLine } from '@hospital-pay/payments/contract';
import { expect, test } from '@jest/globals';
import { openBill } from './bill';

const file = [
  'merchant,M1,2026-03-01',
  'payment,A1,,C1,1999,12,2026-03-01T02:00:00.000Z',
  'refund,A1,R1,C2,500,0,2026-03-01T03:00:00.000Z',
  'total,1,1999,1,500,12',
  '',
].join('\n');
const guard = { date: '2026-03-01', config: { merchantId: 'M1' } };

async function read(text: string): Promise<BillLine[]> {
  const bill = await openBill(Buffer.from(text), guard);
  const lines: BillLine[] = [];
  if (bill.kind === 'ready') for await (const line of bill.lines()) lines.push(line);
  return lines;
}

test('payments and refunds are read to the fen', async () => {
  expect(await read(file)).toMatchObject([
    { lineNo: 2, kind: 'payment', orderNo: 'A1', channelNo: 'C1', amountFen: 1999, feeFen: 12 },
    { lineNo: 3, kind: 'refund', orderNo: 'A1', refundNo: 'R1', amountFen: 500, feeFen: 0 },
  ]);
});

test.each([
  ['cut short', file.slice(0, 100), 'TRUNCATED'],
  ['of another merchant', file.replace('M1', 'M2'), 'MERCHANT'],
  ['of another day', file.replace('M1,2026-03-01', 'M1,2026-03-02'), 'DAY'],
  ['with another amount', file.replace('1999,12', '1998,12'), 'TOTALS'],
  ['with another kind of line', file.replace('payment,', 'present,'), 'LINE'],
])('a bill %s is refused', async (_, text, code) => {
  await expect(read(text)).rejects.toMatchObject({ code });
});
