import {
  type Bill,
  BillError,
  type BillLine,
  type BillReader,
  type BillTotals,
} from '@hospital-pay/payments/contract';

/**
 * The day's file (UTF-8, LF), amounts in fen:
 *   merchant,<number>,<day>
 *   payment|refund,<our number>,<refund number>,<channel's number>,<amount>,<fee>,<ISO time>
 *   total,<payments>,<their sum>,<refunds>,<their sum>,<fees>
 */
export const openBill: BillReader = async (bytes, { date, config }) => {
  const [head = '', ...rows] = bytes.toString('utf8').split('\n');
  const foot = rows.at(-2)?.split(',') ?? [];
  if (rows.at(-1) !== '' || foot[0] !== 'total' || foot.length !== 6)
    throw new BillError('TRUNCATED', 'the file does not end with its totals');
  const [word, merchant, day] = head.split(',');
  if (word !== 'merchant') throw new BillError('COLUMNS', 'the first line does not name the merchant', 1);
  if (merchant !== config.merchantId) throw new BillError('MERCHANT', `the bill of merchant ${merchant}`, 1);
  if (day !== date) throw new BillError('DAY', `the bill of ${day}`, 1);
  const [payments = 0, paymentFen = 0, refunds = 0, refundFen = 0, feeFen = 0] = foot
    .slice(1)
    .map((text) => whole(text, rows.length));
  const stated = { payments, paymentFen, refunds, refundFen, feeFen };
  if (payments + refunds === 0) return { kind: 'empty' };
  return {
    kind: 'ready',
    file: { name: `demo-trade-${date}.csv`, bytes },
    totals: stated,
    lines: () => lines(rows.slice(0, -2), date, stated),
  } satisfies Bill;
};

async function* lines(rows: string[], date: string, stated: Required<BillTotals>): AsyncGenerator<BillLine> {
  const found = { payments: 0, paymentFen: 0, refunds: 0, refundFen: 0, feeFen: 0 };
  for (const [index, raw] of rows.entries()) {
    const line = lineOf(raw, index + 2, date);
    found[line.kind === 'payment' ? 'payments' : 'refunds'] += 1;
    found[line.kind === 'payment' ? 'paymentFen' : 'refundFen'] += line.amountFen;
    found.feeFen += line.feeFen;
    yield line;
  }
  if (JSON.stringify(found) !== JSON.stringify(stated))
    throw new BillError('TOTALS', 'the lines do not add up to the totals of the file');
}

function lineOf(raw: string, lineNo: number, settledOn: string): BillLine {
  const cells = raw.split(',');
  const [kind, orderNo = '', refundNo = '', channelNo = '', amount = '', fee = '', time = ''] = cells;
  if (cells.length !== 7) throw new BillError('COLUMNS', `${cells.length} cells, not 7`, lineNo);
  if (kind !== 'payment' && kind !== 'refund')
    throw new BillError('LINE', `neither payment nor refund: ${kind}`, lineNo);
  const occurredAt = new Date(time);
  if (Number.isNaN(occurredAt.getTime())) throw new BillError('LINE', `not a time: ${time}`, lineNo);
  return {
    lineNo,
    kind,
    orderNo,
    ...(kind === 'refund' ? { refundNo } : {}),
    channelNo,
    amountFen: whole(amount, lineNo),
    feeFen: whole(fee, lineNo),
    occurredAt,
    settledOn,
    raw,
  };
}

function whole(text: string, lineNo: number): number {
  if (!/^\d{1,15}$/.test(text)) throw new BillError('LINE', `not an amount of fen: ${text}`, lineNo);
  return Number(text);
}
