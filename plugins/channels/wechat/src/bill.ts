import { BillError, type BillLine, type BillTotals } from '@hospital-pay/payments/contract';
import {
  amountCell,
  type BillSections,
  Columns,
  countCell,
  dataCells,
  findSections,
  textLines,
  timeCell,
} from './bill-text';

/** Fees are written with five decimals; summed exactly, each line rounded to the fen. */
const feeUnitsPerFen = 1000;

interface Fee {
  fen: number;
  /** In 1/1000 fen, to check sums without rounding. */
  units: number;
}

function feeCell(cell: string, lineNo: number): Fee {
  const match = /^([+-]?\d+)(?:\.(\d{1,5}))?$/.exec(cell === '' ? '0' : cell);
  if (!match) throw new BillError('LINE', `手续费 is no amount: ${cell}`, lineNo);
  const [, whole = '0', fraction = ''] = match;
  const digits = fraction.padEnd(5, '0');
  const fen = amountCell(`${whole}.${digits.slice(0, 2)}`, '手续费', lineNo);
  const rest = Number(digits.slice(2));
  const sign = whole.startsWith('-') ? -1 : 1;
  return { fen: fen + (rest >= feeUnitsPerFen / 2 ? sign : 0), units: fen * feeUnitsPerFen + sign * rest };
}

interface Places {
  width: number;
  time: number;
  merchant: number | undefined;
  channelNo: number;
  orderNo: number;
  state: number;
  amount: number | undefined;
  refundNo: number | undefined;
  refundAmount: number | undefined;
  fee: number;
}

export function placesOf(header: BillSections['header']): Places {
  const columns = new Columns(header.line, header.lineNo);
  return {
    width: columns.width,
    time: columns.need('交易时间'),
    merchant: columns.find('商户号'),
    channelNo: columns.need('微信订单号'),
    orderNo: columns.need('商户订单号'),
    state: columns.need('交易状态'),
    // 订单金额 is what was asked; 应结订单金额 is without coupons. The older layout has 总金额 only.
    amount: columns.need('订单金额', '总金额', '应结订单金额'),
    refundNo: columns.find('商户退款单号'),
    refundAmount: columns.find('申请退款金额', '退款金额'),
    fee: columns.need('手续费'),
  };
}

interface ReadRow {
  lines: BillLine[];
  feeUnits: number;
}

/** One row: the lines that follow from it, and its fee in thousandths of a fen. @throws BillError */
export function readRow(line: string, lineNo: number, places: Places, mchid: string | undefined): ReadRow {
  const cells = dataCells(line, lineNo);
  if (cells.length !== places.width) {
    throw new BillError('LINE', `${cells.length} cells below ${places.width} columns`, lineNo);
  }
  const cell = (place: number | undefined): string => (place === undefined ? '' : (cells[place] ?? ''));
  const time = cell(places.time);
  if (mchid !== undefined && places.merchant !== undefined && cell(places.merchant) !== mchid) {
    throw new BillError('MERCHANT', `a line of another merchant (${cell(places.merchant)})`, lineNo);
  }
  const fee = feeCell(cell(places.fee), lineNo);
  const shared = {
    lineNo,
    orderNo: cell(places.orderNo),
    channelNo: cell(places.channelNo),
    occurredAt: timeCell(time, '交易时间', lineNo),
    settledOn: time.slice(0, 10),
    raw: line,
  };
  const amount = () => amountCell(cell(places.amount), '订单金额', lineNo);
  const refundAmount = () => amountCell(cell(places.refundAmount), '申请退款金额', lineNo);
  const refundNo = cell(places.refundNo);
  const refund = (amountFen: number, feeFen: number): BillLine => ({
    ...shared,
    kind: 'refund',
    amountFen,
    feeFen,
    ...(refundNo !== '' && refundNo !== '0' ? { refundNo } : {}),
  });
  const payment = (amountFen: number, feeFen: number): BillLine => ({
    ...shared,
    kind: 'payment',
    amountFen,
    feeFen,
  });

  const state = cell(places.state);
  switch (state) {
    case 'SUCCESS':
      return { lines: [payment(amount(), fee.fen)], feeUnits: fee.units };
    case 'REFUND':
      return { lines: [refund(refundAmount(), fee.fen)], feeUnits: fee.units };
    case 'REVOKED': {
      // A reversal gives back like a refund. Where the row repeats what was taken, both directions are lines.
      const taken = amount();
      const given = refundAmount();
      const lines: BillLine[] = [];
      if (taken > 0) lines.push(payment(taken, given > 0 ? 0 : fee.fen));
      if (given > 0) lines.push(refund(given, fee.fen));
      return { lines, feeUnits: fee.units };
    }
    default:
      throw new BillError('LINE', `unknown 交易状态 ${state}`, lineNo);
  }
}

interface Summary {
  count: number;
  paymentFen: number | undefined;
  refundFen: number | undefined;
  fee: Fee | undefined;
  lineNo: number;
}

export function readSummary({ header, row, lineNo }: BillSections['summary']): Summary {
  const columns = new Columns(header, lineNo - 1);
  const cells = dataCells(row, lineNo);
  if (cells.length !== columns.width)
    throw new BillError('TRUNCATED', 'the summary row is incomplete', lineNo);
  const cell = (place: number) => cells[place] ?? '';
  const sum = (name: string, place: number | undefined) =>
    place === undefined ? undefined : amountCell(cell(place), name, lineNo);
  const feePlace = columns.find('手续费总金额');
  return {
    count: countCell(cell(columns.need('总交易单数')), '总交易单数', lineNo),
    paymentFen: sum('订单总金额', columns.find('订单总金额', '总交易额', '应结订单总金额')),
    refundFen: sum('申请退款总金额', columns.find('申请退款总金额', '退款总金额', '总退款金额')),
    fee: feePlace === undefined ? undefined : feeCell(cell(feePlace), lineNo),
    lineNo,
  };
}

export interface ReadBill {
  totals: BillTotals;
  lines(): AsyncIterable<BillLine>;
}

/**
 * Reads a 交易账单: ALL, SUCCESS or REFUND, today's 27 columns or the older 24. `mchid`: whose lines they must be.
 * @throws BillError when the file has no proper beginning or end; `lines()` for everything in between.
 */
export async function readTradeBill(bytes: Buffer, mchid?: string): Promise<ReadBill> {
  let payments = 0;
  let refunds = 0;
  // The summary counts rows without telling payments from refunds, so the split is counted here.
  const sections = await findSections(bytes, '交易时间', '总交易单数', (line) => {
    if (line.includes(',`REFUND,`') || line.includes(',`REVOKED,`')) refunds += 1;
    else payments += 1;
  });
  const places = placesOf(sections.header);
  const summary = readSummary(sections.summary);
  const totals: BillTotals = {
    payments,
    refunds,
    paymentFen: summary.paymentFen ?? 0,
    refundFen: summary.refundFen ?? 0,
    ...(summary.fee ? { feeFen: summary.fee.fen } : {}),
  };
  return { totals, lines: () => tradeLines(bytes, sections, places, summary, mchid) };
}

async function* tradeLines(
  bytes: Buffer,
  sections: BillSections,
  places: Places,
  summary: Summary,
  mchid: string | undefined,
): AsyncGenerator<BillLine> {
  let rows = 0;
  let payments = 0;
  let paymentFen = 0;
  let refundFen = 0;
  let feeUnits = 0;
  for await (const { lineNo, line } of textLines(bytes)) {
    if (lineNo <= sections.header.lineNo) continue;
    if (lineNo >= summary.lineNo - 1) break;
    const row = readRow(line, lineNo, places, mchid);
    rows += 1;
    feeUnits += row.feeUnits;
    for (const found of row.lines) {
      switch (found.kind) {
        case 'payment':
          payments += 1;
          paymentFen += found.amountFen;
          break;
        case 'refund':
          refundFen += found.amountFen;
          break;
        default: {
          const never: never = found.kind;
          return never;
        }
      }
      yield found;
    }
  }
  const differ = (what: string, ours: number, theirs: number) =>
    new BillError('TOTALS', `${what}: lines give ${ours}, the summary states ${theirs}`, summary.lineNo);
  // Sources leave open whether refund rows are counted; the sums below tell a lost row in either case.
  if (summary.count !== rows && summary.count !== payments) throw differ('count', rows, summary.count);
  if (summary.paymentFen !== undefined && summary.paymentFen !== paymentFen) {
    throw differ('payments (fen)', paymentFen, summary.paymentFen);
  }
  if (summary.refundFen !== undefined && summary.refundFen !== refundFen) {
    throw differ('refunds (fen)', refundFen, summary.refundFen);
  }
  if (summary.fee && summary.fee.units !== feeUnits)
    throw differ('fees (1/1000 fen)', feeUnits, summary.fee.units);
}
