import {
  type Bill,
  BillError,
  type BillLine,
  type BillTotals,
  chinaDay,
  parseAmount,
} from '@hospital-pay/payments/contract';
import { momentOf } from './outcomes';

/**
 * The day's settlements as HIS writes them for the check of details (3202), one a line, as tab-separated UTF-8. The
 * amounts bear the names of the core interface (2207); the layout is this platform's own, see the README.
 */
const columns = [
  'fixmedins_code',
  'kind',
  'medins_setl_id',
  'refd_sn',
  'setl_id',
  'setl_time',
  'medfee_sumamt',
  'fund_pay_sumamt',
  'acct_pay',
  'psn_cash_pay',
] as const;

type Column = (typeof columns)[number];

export interface SettlementsGuard {
  date: string;
  orgCodg: string;
}

interface Row {
  lineNo: number;
  raw: string;
  cells: string[];
}

/** `total`, kind, how many, and the sum of what insurance bore. */
const totalMark = 'total';

/** Nothing is thrown for the file's content before `lines()`: it is archived first. */
export function openSettlements(bytes: Buffer, guard: SettlementsGuard): Bill {
  const rows = rowsOf(bytes.toString('utf8'));
  return {
    kind: 'ready',
    file: { name: `insurance-${guard.orgCodg}-${guard.date}.txt`, bytes },
    totals: totalsOf(rows),
    async *lines() {
      yield* settlements(bytes, guard);
    },
  };
}

const rowsOf = (text: string): Row[] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((raw, index) => ({ lineNo: index + 1, raw, cells: raw.split('\t') }))
    .filter(({ raw }) => raw !== '');

function totalsOf(rows: Row[]): BillTotals | undefined {
  const stated = (kind: string) => {
    const cells = rows.find(({ cells: [mark, of] }) => mark === totalMark && of === kind)?.cells;
    return cells && /^\d+$/.test(cells[2] ?? '') && isAmount(cells[3])
      ? { count: Number(cells[2]), fen: parseAmount(cells[3] ?? '') }
      : undefined;
  };
  const payments = stated('payment');
  const refunds = stated('refund');
  return (
    payments &&
    refunds && {
      payments: payments.count,
      paymentFen: payments.fen,
      refunds: refunds.count,
      refundFen: refunds.fen,
    }
  );
}

const isAmount = (text: string | undefined): boolean => /^\d{1,12}\.\d{2}$/.test(text ?? '');

function* settlements(bytes: Buffer, guard: SettlementsGuard): Generator<BillLine> {
  const [header, ...rows] = rowsOf(decoded(bytes));
  if (header?.raw !== columns.join('\t')) {
    throw new BillError('COLUMNS', `the first line is not ${columns.join(', ')}`, 1);
  }
  const totals = totalsOf(rows);
  if (totals === undefined) throw new BillError('TRUNCATED', 'the totals at the end are missing');
  const seen = new Set<string>();
  const sums: BillTotals = { payments: 0, paymentFen: 0, refunds: 0, refundFen: 0 };
  for (const row of rows) {
    if (row.cells[0] === totalMark) continue;
    const line = settlement(row, guard);
    const key = `${line.kind} ${line.orderNo} ${line.refundNo ?? ''}`;
    if (seen.has(key)) throw new BillError('DUPLICATE', `a second line about ${line.orderNo}`, row.lineNo);
    seen.add(key);
    if (line.kind === 'payment') {
      sums.payments += 1;
      sums.paymentFen += line.amountFen;
    } else {
      sums.refunds += 1;
      sums.refundFen += line.amountFen;
    }
    yield line;
  }
  if (JSON.stringify(sums) !== JSON.stringify(totals)) {
    throw new BillError('TOTALS', `the lines make ${JSON.stringify(sums)}, stated ${JSON.stringify(totals)}`);
  }
}

function settlement({ lineNo, raw, cells }: Row, guard: SettlementsGuard): BillLine {
  const bad = (message: string) => new BillError('LINE', message, lineNo);
  if (cells.length !== columns.length) {
    throw new BillError('COLUMNS', `${cells.length} cells where a line has ${columns.length}`, lineNo);
  }
  const cell = (name: Column) => cells[columns.indexOf(name)] ?? '';
  const fen = (name: Column) => {
    if (!isAmount(cell(name))) throw bad(`${name} is no amount: ${cell(name)}`);
    return parseAmount(cell(name));
  };
  if (cell('fixmedins_code') !== guard.orgCodg) {
    throw new BillError('MERCHANT', `a settlement of ${cell('fixmedins_code')}`, lineNo);
  }
  const kind = cell('kind');
  if (kind !== 'payment' && kind !== 'refund') throw bad(`unknown kind: ${kind}`);
  const orderNo = cell('medins_setl_id');
  const channelNo = cell('setl_id');
  const refundNo = cell('refd_sn');
  if (orderNo === '' || channelNo === '' || (refundNo === '') !== (kind === 'payment')) {
    throw bad('a number is missing, or a payment has a refund number');
  }
  const occurredAt = momentOf(cell('setl_time'));
  if (occurredAt === undefined) throw bad(`not a time: ${cell('setl_time')}`);
  const settledOn = chinaDay(occurredAt);
  if (settledOn !== guard.date) throw new BillError('DAY', `a settlement of ${settledOn}`, lineNo);
  const split = {
    fundFen: fen('fund_pay_sumamt'),
    accountFen: fen('acct_pay'),
    otherFen: 0,
    cashFen: fen('psn_cash_pay'),
  };
  const amountFen = split.fundFen + split.accountFen;
  if (amountFen + split.cashFen !== fen('medfee_sumamt')) throw bad('the parts do not make medfee_sumamt');
  return {
    lineNo,
    kind,
    orderNo,
    ...(kind === 'refund' ? { refundNo } : {}),
    channelNo,
    amountFen,
    split,
    feeFen: 0,
    occurredAt,
    settledOn,
    raw,
  };
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BillError('ENCODING', 'not UTF-8', undefined, { cause });
  }
}
