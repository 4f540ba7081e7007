import { gunzipSync, gzipSync } from 'node:zlib';
import { type Bill, BillError, type BillLine, readChinaCompact } from '@hospital-pay/payments/contract';
import { amountOf } from './outcomes';

export interface BillGuard {
  /** The booking day that was asked for, yyyy-MM-dd. */
  date: string;
  posId: string | undefined;
}

const maxBytes = 1024 ** 3;
const isPacked = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** A file as the bank packs it. Packed files one after the other are again a packed file: the day's whole bill. */
export const packed = (bytes: Buffer): Buffer => (isPacked(bytes) ? bytes : gzipSync(bytes));

/**
 * The day's bill: the table of payments and the table of refunds, in the older edition (`BILL_FLAG` 0), as a public
 * reader of it takes them apart: GBK, cells divided by tabs, a row of titles after some lines of heading. Unverified:
 * the bank publishes no sample. Nothing is thrown for its content before `lines()`: the file is archived first.
 */
export function openBill(bytes: Buffer, guard: BillGuard): Bill {
  return {
    kind: 'ready',
    file: { name: `ccb-${guard.posId ?? 'counter'}-${guard.date}.txt.gz`, bytes },
    totals: undefined,
    async *lines() {
      yield* billLines(unpacked(bytes), guard);
    },
  };
}

function unpacked(bytes: Buffer): string {
  let plain = bytes;
  if (isPacked(bytes)) {
    try {
      plain = gunzipSync(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      throw new BillError('TRUNCATED', 'the file does not unpack', undefined, { cause });
    }
  }
  try {
    return new TextDecoder('gb18030', { fatal: true }).decode(plain);
  } catch (cause) {
    throw new BillError('ENCODING', 'not GBK', undefined, { cause });
  }
}

type Table = { kind: BillLine['kind']; titles: string[] };

function* billLines(text: string, guard: BillGuard): Generator<BillLine> {
  let table: Table | undefined;
  let tables = 0;
  let lineNo = 0;
  for (const raw of text.split('\n')) {
    lineNo++;
    const cells = raw
      .replace(/\r$/, '')
      .split('\t')
      .map((cell) => cell.trim());
    const titled = tableOf(cells);
    if (titled) {
      table = titled;
      tables++;
      continue;
    }
    const isRow = readTime(cells[0] ?? '') !== undefined;
    if (!isRow) {
      // Headings, a summary, "无对账记录": the rows above are over.
      if (table && cells.join('') !== '' && looksLikeRow(cells)) {
        throw new BillError('LINE', `not a time: ${cells[0]}`, lineNo);
      }
      if (cells.join('') !== '') table = undefined;
      continue;
    }
    if (table === undefined) throw new BillError('LINE', 'a row outside of a table', lineNo);
    yield readRow(cells, table, lineNo, raw.replace(/\r$/, ''), guard);
  }
  if (tables === 0 && !text.includes('无对账记录')) throw new BillError('COLUMNS', 'no row of titles');
}

/** A damaged row must not end the table as a summary would. */
const looksLikeRow = (cells: string[]): boolean =>
  cells.length >= 8 && /^[0-9A-Za-z]{8,30}$/.test(cells[1] ?? '');

function tableOf(titles: string[]): Table | undefined {
  const has = (title: string) => titles.includes(title);
  if (!has('交易时间') || !has('支付金额') || !(has('定单号') || has('订单号'))) return undefined;
  return { kind: has('退款流水号') ? 'refund' : 'payment', titles };
}

function readTime(text: string): Date | undefined {
  return /^[\d\-: /]{14,19}$/.test(text) ? readChinaCompact(text.replace(/\D/g, '')) : undefined;
}

function readRow(cells: string[], table: Table, lineNo: number, raw: string, guard: BillGuard): BillLine {
  const bad = (message: string) => new BillError('LINE', message, lineNo);
  // The number of the refund, the last column, may be missing with its tab.
  const least = table.titles.length - (table.kind === 'refund' ? 1 : 0);
  if (cells.length < least || cells.length > table.titles.length) {
    throw bad(`${cells.length} cells where the titles are ${table.titles.length}`);
  }
  const cell = (...titles: string[]): string => {
    const place = table.titles.findIndex((title) => titles.includes(title));
    return place < 0 ? '' : (cells[place] ?? '');
  };
  const counter = cell('柜台号');
  if (guard.posId !== undefined && counter !== '' && counter !== guard.posId) {
    throw new BillError('UNAVAILABLE', `the bill of another counter (${counter})`, lineNo);
  }
  const bookedOn = cell('记账日期').replace(/\D/g, '').slice(0, 8);
  if (bookedOn !== '' && bookedOn !== guard.date.replaceAll('-', '')) {
    throw new BillError('DAY', `booked on another day (${bookedOn})`, lineNo);
  }
  const orderNo = cell('定单号', '订单号');
  const occurredAt = readTime(cell('交易时间'));
  const amountFen = amountOf(cell(table.kind === 'payment' ? '支付金额' : '退款金额'));
  if (orderNo === '' || occurredAt === undefined) throw bad('no order number or no time');
  if (amountFen === undefined || amountFen < 0) throw bad('no amount');
  if (/失败|待/.test(cell('订单状态'))) throw bad(`a movement that did not succeed: ${cell('订单状态')}`);
  const shared = {
    lineNo,
    orderNo,
    channelNo: orderNo,
    amountFen,
    // This edition states no fee.
    feeFen: 0,
    occurredAt,
    settledOn: guard.date,
    raw,
  };
  if (table.kind === 'payment') return { ...shared, kind: 'payment' };
  const code = cell('退款流水号');
  return { ...shared, kind: 'refund', ...(code === '' ? {} : { refundNo: refundNoOf(orderNo, code) }) };
}

/** What was sent as REFUND_CODE is what our number adds to the order's. */
const refundNoOf = (orderNo: string, code: string): string =>
  /^R\d+$/.test(code) ? `${orderNo}${code}` : code;
