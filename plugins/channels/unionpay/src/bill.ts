import {
  type Bill,
  BillError,
  type BillLine,
  chinaHourAfter,
  chinaTime,
  toMinor,
} from '@hospital-pay/payments/contract';
import { withYear } from './outcomes';
import { readZip } from './zip';

export interface ZmGuard {
  /** The settlement day that was asked for, yyyy-MM-dd. */
  date: string;
  merId: string | undefined;
}

/**
 * Widths of the ZM file's fields in bytes of GBK, one space between two (UnionPay's own sample reader). The fields
 * after the 40th differ between editions of the file; all of them put the original order number first.
 */
const widths = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32,
] as const;
const starts = widths.map((_, field) => widths.slice(0, field).reduce((sum, width) => sum + width + 1, 0));
/** 42 fields make 607 bytes; the newest edition has one more. */
const lineLengths = new Set([607, 608]);

/** Numbers of the fields that are read, 1-based as in UnionPay's table. */
const field = {
  traceTime: 5,
  amount: 7,
  queryId: 10,
  orderId: 12,
  fee: 16,
  type: 20,
  origQueryId: 27,
  merId: 28,
  origOrderId: 41,
} as const;

/**
 * A settlement day's file as it came: the archive with the ZM file inside, or the ZM file itself. Nothing is thrown for
 * its content before `lines()`: the file is archived first.
 */
export function openZmBill(bytes: Buffer, guard: ZmGuard): Bill {
  const isZip = bytes.toString('latin1', 0, 2) === 'PK';
  const name = `unionpay-${guard.merId ?? 'merchant'}-${guard.date}.${isZip ? 'zip' : 'txt'}`;
  return {
    kind: 'ready',
    file: { name, bytes },
    // The file states none: it has neither header nor footer.
    totals: undefined,
    async *lines() {
      yield* zmLines(isZip ? zmEntry(bytes, guard) : bytes, guard);
    },
  };
}

/** The normal details; the differences (ZME) and the totals lie beside them under other names. */
function zmEntry(bytes: Buffer, guard: ZmGuard): Buffer {
  const names: string[] = [];
  for (const { name, unpack } of readZip(bytes)) {
    names.push(name);
    const match = /(?:^|\/)INN(\d{2})(\d{2})(\d{2})\d{2}ZM_(\w+)$/.exec(name);
    if (!match) continue;
    const day = `20${match[1]}-${match[2]}-${match[3]}`;
    if (day !== guard.date) throw new BillError('UNAVAILABLE', `the bill of another day (${day})`);
    return unpack();
  }
  throw new BillError('UNAVAILABLE', `no ZM file in the archive, but ${names.join(', ') || 'nothing'}`);
}

function* zmLines(bytes: Buffer, guard: ZmGuard): Generator<BillLine> {
  let lineNo = 0;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed;
    const line = bytes.subarray(start, bytes[end - 1] === 0x0d && end > start ? end - 1 : end);
    start = end + 1;
    lineNo++;
    if (line.length === 0 && start >= bytes.length) return;
    yield zmLine(line, lineNo, guard);
  }
}

const noon = (date: string) => chinaHourAfter(date, 0, 12);

/**
 * A settlement day is cut at about 23:00 (unverified), so it holds the payments from 23:00 of the day before. Some hours
 * are allowed on either side: from 20:00 of the day before to 04:00 of the day after.
 */
const hoursFromNoon = 16;
const isOfDay = (paidAt: Date, date: string): boolean =>
  Math.abs(paidAt.getTime() - noon(date).getTime()) <= hoursFromNoon * 3_600_000;

function zmLine(line: Buffer, lineNo: number, guard: ZmGuard): BillLine {
  const bad = (message: string) => new BillError('LINE', message, lineNo);
  if (!lineLengths.has(line.length)) {
    throw new BillError('TRUNCATED', `${line.length} bytes where a line has 607`, lineNo);
  }
  for (const start of starts.slice(1)) {
    if (line[start - 1] !== 0x20) throw new BillError('COLUMNS', `no space before byte ${start + 1}`, lineNo);
  }
  const text = (number: number): string => {
    const start = starts[number - 1] ?? 0;
    return line.toString('latin1', start, start + (widths[number - 1] ?? 0)).trim();
  };
  const merId = text(field.merId);
  if (guard.merId !== undefined && merId !== guard.merId) {
    throw new BillError('UNAVAILABLE', `the bill of another merchant (${merId})`, lineNo);
  }
  const amountText = text(field.amount);
  if (!/^\d{12}$/.test(amountText)) throw bad(`not an amount: ${amountText}`);
  const occurredAt = withYear(text(field.traceTime), noon(guard.date));
  if (occurredAt === undefined) throw bad(`not a time: ${text(field.traceTime)}`);
  const orderNo = text(field.orderId);
  const channelNo = text(field.queryId);
  if (orderNo === '' || channelNo === '') throw bad('no order number or no query number');
  const shared = {
    lineNo,
    amountFen: toMinor(amountText),
    feeFen: fee(text(field.fee), bad),
    occurredAt,
    settledOn: guard.date,
    raw: decoded(line, lineNo),
  };
  const type = text(field.type);
  switch (type) {
    case '01':
      // A refund may be settled later than it was sent, and is not held against the day.
      if (!isOfDay(occurredAt, guard.date)) {
        throw new BillError('DAY', `a payment of another day (${chinaTime(occurredAt)})`, lineNo);
      }
      return { ...shared, kind: 'payment', orderNo, channelNo };
    case '04':
    // A void gives a payment back on its own day, under a number of its own.
    case '31':
      return {
        ...shared,
        kind: 'refund',
        // Older editions leave the original order out; then only the query number names the payment.
        orderNo: text(field.origOrderId) || orderNo,
        refundNo: orderNo,
        channelNo: text(field.origQueryId) || channelNo,
      };
    default:
      throw bad(`unknown type of transaction: ${type}`);
  }
}

/** `D` is taken from the merchant, `C` is given back. */
function fee(text: string, bad: (message: string) => BillError): number {
  if (text === '') return 0;
  const match = /^([CD])(\d{12})$/.exec(text);
  if (!match) throw bad(`not a fee: ${text}`);
  const fen = toMinor(match[2]);
  return match[1] === 'C' && fen !== 0 ? -fen : fen;
}

function decoded(line: Buffer, lineNo: number): string {
  try {
    return new TextDecoder('gb18030', { fatal: true }).decode(line);
  } catch (cause) {
    throw new BillError('ENCODING', 'not GBK', lineNo, { cause });
  }
}
