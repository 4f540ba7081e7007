import { type Bill, BillError, type FundFlowLine } from '@hospital-pay/payments/contract';
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

const title = '账务明细';
const required = [
  '账务流水号',
  '业务流水号',
  '商户订单号',
  '发生时间',
  '收入金额(+元)',
  '支出金额(-元)',
] as const;

interface Side {
  count: number;
  amountFen: number;
}
type Sides = Record<'in' | 'out', Side>;

/** `#支出合计：1笔，共-0.01元`. */
function readTotals(text: string): { side: keyof Sides; stated: Side } | undefined {
  const match = /^#(收入|支出)合计[：:]\s*(\d+)笔[，,]共(-?[\d.]+)元/.exec(text);
  const amount = amountOf(match?.[3]);
  if (!match || amount === undefined) return undefined;
  return {
    side: match[1] === '收入' ? 'in' : 'out',
    stated: { count: Number(match[2]), amountFen: Math.abs(amount) },
  };
}

/** The merchant's account day by day (`signcustomer`). In the totals, payments are what came in, refunds what went out. */
export async function openFundFlowBill(bytes: Buffer, guard: BillGuard): Promise<Bill<FundFlowLine>> {
  let stated: Sides | undefined;
  let rows = 0;
  try {
    const found: Partial<Sides> = {};
    for await (const line of textLines(detailEntry(bytes, title))) {
      if (line.text.startsWith('#')) {
        const totals = readTotals(line.text);
        if (totals) found[totals.side] = totals.stated;
      } else if (line.text.trim() !== '') rows++;
    }
    if (found.in && found.out) stated = { in: found.in, out: found.out };
  } catch (error) {
    // `lines()` tells what is wrong with it, once the file is safely archived.
    if (!(error instanceof BillError)) throw error;
  }
  // One row: the header.
  if (rows === 1 && stated?.in.count === 0 && stated.out.count === 0) return { kind: 'empty' };
  return {
    kind: 'ready',
    file: { name: `alipay-fund-flow-${guard.date}.zip`, bytes },
    totals: stated && {
      payments: stated.in.count,
      paymentFen: stated.in.amountFen,
      refunds: stated.out.count,
      refundFen: stated.out.amountFen,
    },
    lines: () => fundFlowLines(bytes, guard),
  };
}

async function* fundFlowLines(bytes: Buffer, guard: BillGuard): AsyncGenerator<FundFlowLine> {
  const summed: Sides = { in: { count: 0, amountFen: 0 }, out: { count: 0, amountFen: 0 } };
  const stated: Partial<Sides> = {};
  let columns: Columns | undefined;
  let ended = false;
  for await (const line of textLines(detailEntry(bytes, title))) {
    if (line.text.startsWith('#')) {
      checkComment(line, guard);
      ended ||= isTableEnd(line.text);
      const totals = readTotals(line.text);
      if (totals) stated[totals.side] = totals.stated;
    } else if (line.text.trim() === '') {
      // Some editions end with an empty line.
    } else if (ended) {
      throw new BillError('LINE', 'a row after the end of the table', line.lineNo);
    } else if (columns === undefined) {
      columns = new Columns(line, required, '商品名称');
    } else {
      const read = readRow(columns.row(line), line);
      const side = summed[read.amountFen < 0 ? 'out' : 'in'];
      side.count++;
      side.amountFen += Math.abs(read.amountFen);
      yield read;
    }
  }
  if (!ended) throw new BillError('TRUNCATED', 'the table has no end');
  if (columns === undefined) throw new BillError('COLUMNS', 'the table has no header');
  for (const side of ['in', 'out'] as const) {
    const says = stated[side];
    if (says === undefined) throw new BillError('TRUNCATED', `the total of money ${side} is missing`);
    const gives = summed[side];
    if (says.count !== gives.count) throw differs(`movements ${side}`, says.count, gives.count);
    if (says.amountFen !== gives.amountFen) throw differs(`fen ${side}`, says.amountFen, gives.amountFen);
  }
}

function readRow(cell: (name: string) => string, line: TextLine): FundFlowLine {
  const bad = (message: string) => new BillError('LINE', message, line.lineNo);
  const flowNo = cell('账务流水号');
  if (flowNo === '') throw bad('no flow number');
  const income = money(cell('收入金额(+元)'), line);
  const expense = Math.abs(money(cell('支出金额(-元)'), line));
  if (income < 0 || (income !== 0 && expense !== 0)) throw bad('money in and out in one row');
  const occurredAt = readWireTime(cell('发生时间'));
  if (occurredAt === undefined) throw bad('no time');
  const orderNo = cell('商户订单号');
  const balance = cell('账户余额(元)');
  return {
    lineNo: line.lineNo,
    flowNo,
    businessNo: cell('业务流水号'),
    ...(orderNo === '' ? {} : { orderNo }),
    kind: cell('业务类型'),
    amountFen: expense === 0 ? income : -expense,
    ...(balance === '' ? {} : { balanceFen: money(balance, line) }),
    occurredAt,
    raw: line.text,
  };
}
