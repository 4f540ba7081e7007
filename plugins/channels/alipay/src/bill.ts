import { type Bill, BillError, type BillLine, type BillTotals } from '@hospital-pay/payments/contract';
import {
  type BillGuard,
  Columns,
  checkComment,
  detailEntry,
  differs,
  isTableEnd,
  money,
  type TextLine,
  textLines,
} from './bill-text';
import { amountOf } from './outcomes';
import { readWireTime } from './zone';

export const title = '业务明细';

/** Of 25 columns, or 29, those that are read. */
export const required = [
  '支付宝交易号',
  '商户订单号',
  '业务类型',
  '创建时间',
  '订单金额(元)',
  '商家实收(元)',
  '退款批次号/请求号',
  '服务费(元)',
] as const;

/** One of the two totals lines: `#交易合计：6笔，商家实收共0.06元，商家优惠共0.00元`. */
export interface Stated {
  count: number;
  receivedFen: number;
  discountFen: number;
}

const totalsLine =
  /^#(交易|退款)合计[：:]\s*(\d+)笔[，,]商家实收(?:退款)?共(-?[\d.]+)元[，,]商家优惠(?:退款)?共(-?[\d.]+)元/;

export function readTotals(text: string): { direction: BillLine['kind']; stated: Stated } | undefined {
  const match = totalsLine.exec(text);
  if (!match) return undefined;
  const received = amountOf(match[3]);
  const discount = amountOf(match[4]);
  if (received === undefined || discount === undefined) return undefined;
  return {
    direction: match[1] === '交易' ? 'payment' : 'refund',
    // Refunds are stated as negative: the direction already says so.
    stated: { count: Number(match[2]), receivedFen: Math.abs(received), discountFen: Math.abs(discount) },
  };
}

/** The trade bill as downloaded. Nothing is thrown for its content before `lines()`: the file is archived first. */
export async function openTradeBill(bytes: Buffer, guard: BillGuard): Promise<Bill> {
  const stated = await statedTotals(bytes);
  if (stated?.payment.count === 0 && stated.refund.count === 0 && (await isEmptyBill(bytes, guard))) {
    return { kind: 'empty' };
  }
  return {
    kind: 'ready',
    file: { name: `alipay-trade-${guard.date}.zip`, bytes },
    totals:
      stated &&
      ({
        payments: stated.payment.count,
        paymentFen: stated.payment.receivedFen + stated.payment.discountFen,
        refunds: stated.refund.count,
        refundFen: stated.refund.receivedFen + stated.refund.discountFen,
      } satisfies BillTotals | undefined),
    lines: () => tradeLines(bytes, guard),
  };
}

/** `undefined` when the file cannot be read so far; `lines()` then says why. */
async function statedTotals(bytes: Buffer): Promise<Record<BillLine['kind'], Stated> | undefined> {
  const found: Partial<Record<BillLine['kind'], Stated>> = {};
  try {
    for await (const line of textLines(detailEntry(bytes, title))) {
      if (!line.text.startsWith('#')) continue;
      const totals = readTotals(line.text);
      if (totals) found[totals.direction] = totals.stated;
    }
  } catch (error) {
    if (error instanceof BillError) return undefined;
    throw error;
  }
  const { payment, refund } = found;
  return payment && refund && { payment, refund };
}

/** Totals of nought alone do not make an empty day: the whole file must read as one. */
async function isEmptyBill(bytes: Buffer, guard: BillGuard): Promise<boolean> {
  try {
    for await (const _line of tradeLines(bytes, guard)) return false;
    return true;
  } catch (error) {
    if (error instanceof BillError) return false;
    throw error;
  }
}

async function* tradeLines(bytes: Buffer, guard: BillGuard): AsyncGenerator<BillLine> {
  const none = (): Stated => ({ count: 0, receivedFen: 0, discountFen: 0 });
  const summed: Record<BillLine['kind'], Stated> = { payment: none(), refund: none() };
  const stated: Partial<Record<BillLine['kind'], Stated>> = {};
  let columns: Columns | undefined;
  let ended = false;
  for await (const line of textLines(detailEntry(bytes, title))) {
    if (line.text.startsWith('#')) {
      checkComment(line, guard);
      ended ||= isTableEnd(line.text);
      const totals = readTotals(line.text);
      if (totals) stated[totals.direction] = totals.stated;
    } else if (line.text.trim() === '') {
      // Some editions end with an empty line.
    } else if (ended) {
      throw new BillError('LINE', 'a row after the end of the table', line.lineNo);
    } else if (columns === undefined) {
      columns = new Columns(line, required, '商品名称');
    } else {
      const cell = columns.row(line);
      const read = readRow(cell, line);
      const sum = summed[read.kind];
      sum.count++;
      sum.receivedFen += money(cell('商家实收(元)'), line);
      sum.discountFen += money(cell('商家优惠(元)'), line);
      yield read;
    }
  }
  if (!ended) throw new BillError('TRUNCATED', 'the table has no end');
  if (columns === undefined) throw new BillError('COLUMNS', 'the table has no header');
  for (const kind of ['payment', 'refund'] as const) {
    const says = stated[kind];
    if (says === undefined) throw new BillError('TRUNCATED', `the totals of ${kind}s are missing`);
    const gives = summed[kind];
    if (says.count !== gives.count) throw differs(`number of ${kind}s`, says.count, gives.count);
    if (says.receivedFen !== Math.abs(gives.receivedFen)) {
      throw differs(`${kind}s received, in fen`, says.receivedFen, Math.abs(gives.receivedFen));
    }
    if (says.discountFen !== Math.abs(gives.discountFen)) {
      throw differs(`${kind} discounts, in fen`, says.discountFen, Math.abs(gives.discountFen));
    }
  }
}

/** One row of the table. @throws BillError */
export function readRow(cell: (name: string) => string, line: TextLine): BillLine {
  const bad = (message: string) => new BillError('LINE', message, line.lineNo);
  const channelNo = cell('支付宝交易号');
  const orderNo = cell('商户订单号');
  if (!/^\d{10,64}$/.test(channelNo)) throw bad(`not a trade number: ${channelNo}`);
  const amount = money(cell('订单金额(元)'), line);
  const fee = Math.abs(money(cell('服务费(元)'), line));
  const finished = cell('完成时间');
  const wireTime = readWireTime(finished) === undefined ? cell('创建时间') : finished;
  const occurredAt = readWireTime(wireTime);
  if (occurredAt === undefined) throw bad('no time');
  const shared = {
    lineNo: line.lineNo,
    orderNo,
    channelNo,
    occurredAt,
    settledOn: wireTime.slice(0, 10),
    raw: line.text,
  };
  const type = cell('业务类型');
  switch (type) {
    case '交易':
      if (amount < 0) throw bad('a payment of less than nothing');
      // The file shows what Alipay takes as negative; editions without the sign mean the same.
      return { ...shared, kind: 'payment', amountFen: amount, feeFen: fee };
    case '退款': {
      if (amount > 0) throw bad('a refund that adds money');
      // Refunded without a number of its own, a refund goes by the order's.
      const refundNo = cell('退款批次号/请求号') || orderNo;
      return { ...shared, kind: 'refund', refundNo, amountFen: 0 - amount, feeFen: fee === 0 ? 0 : -fee };
    }
    default:
      throw bad(`unknown kind of business: ${type}`);
  }
}
