import { BillError } from '@hospital-pay/payments/contract';
import { amountOf } from './outcomes';
import { readZip, type ZipEntry } from './zip';

/** What both kinds of bill share: an archive with a GBK text, `#` lines around a table without quotes. */

export interface BillGuard {
  /** The day that was asked for, yyyy-MM-dd. */
  date: string;
  sellerId: string | undefined;
}

/** The detail file of the archive; the other one is a summary of the same. */
export function detailEntry(bytes: Buffer, title: string): ZipEntry {
  const entries = readZip(bytes).filter((entry) => !entry.name.endsWith('/'));
  const details = entries.filter((entry) => entry.name.includes(title) && !entry.name.includes('汇总'));
  const [entry, another] = details.length > 0 || entries.length > 1 ? details : entries;
  if (entry === undefined) {
    throw new BillError(
      'UNAVAILABLE',
      `no ${title} in the archive, but ${entries.map(({ name }) => name).join(', ')}`,
    );
  }
  if (another !== undefined) throw new BillError('UNAVAILABLE', `more than one ${title} in the archive`);
  return entry;
}

export interface TextLine {
  /** 1-based. */
  lineNo: number;
  text: string;
}

/** The text of a bill, piece by piece. A byte that is no GBK ends it: a name read wrongly could hide an order number read wrongly. */
export async function* textPieces(entry: ZipEntry): AsyncGenerator<string> {
  const decoder = new TextDecoder('gb18030', { fatal: true });
  for await (const chunk of entry.chunks()) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** The lines of a bill. @throws BillError */
export async function* textLines(entry: ZipEntry): AsyncGenerator<TextLine> {
  let lineNo = 0;
  let rest = '';
  try {
    for await (const piece of textPieces(entry)) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield { lineNo: ++lineNo, text: line.replace(/\r$/, '') };
    }
  } catch (cause) {
    if (cause instanceof BillError) throw cause;
    throw new BillError('ENCODING', 'not GBK', lineNo + 1, { cause });
  }
  if (rest !== '') yield { lineNo: ++lineNo, text: rest };
}

/** Headers differ in brackets and blanks between editions of the file. */
const columnName = (text: string): string =>
  text
    .replace(/[\s\uFEFF]/g, '')
    .replaceAll('（', '(')
    .replaceAll('）', ')');

const isBare = (code: number): boolean => code > 0x20 && code !== 0x60;
const cellText = (text: string): string =>
  text === '' || (isBare(text.charCodeAt(0)) && isBare(text.charCodeAt(text.length - 1)))
    ? text
    : text.replace(/^[\s\t`]+|[\s\t]+$/g, '');

/** A table whose columns are found by name: editions add some and order them differently. */
export class Columns {
  private readonly places: Map<string, number>;
  readonly width: number;
  private readonly titlePlace: number | undefined;

  constructor(header: TextLine, required: readonly string[], title: string) {
    const names = header.text.split(',').map(columnName);
    this.width = names.length;
    this.places = new Map(names.map((name, place) => [name, place]));
    this.titlePlace = this.places.get(title);
    const missing = required.filter((name) => !this.places.has(name));
    if (missing.length > 0)
      throw new BillError('COLUMNS', `columns missing: ${missing.join(', ')}`, header.lineNo);
  }

  /** Where a column stands; undefined where it is missing, or its name or another's occurs twice. */
  place(name: string): number | undefined {
    return this.places.size === this.width ? this.places.get(name) : undefined;
  }

  /** Reads a row. @throws BillError when its cells cannot be told apart. */
  row(line: TextLine): (name: string) => string {
    const cells = line.text.split(',');
    const extra = cells.length - this.width;
    if (extra > 0 && this.titlePlace !== undefined) {
      // Other tills put commas into titles; the file has no quotes, and every other column has a strict form.
      cells.splice(
        this.titlePlace,
        extra + 1,
        cells.slice(this.titlePlace, this.titlePlace + extra + 1).join(','),
      );
    }
    if (cells.length !== this.width) {
      throw new BillError('LINE', `${cells.length} cells where the header has ${this.width}`, line.lineNo);
    }
    return (name) => {
      const place = this.places.get(name);
      return place === undefined ? '' : cellText(cells[place] ?? '');
    };
  }
}

/** A cell of money; an empty one is none. */
export function money(text: string, line: TextLine): number {
  const amount = amountOf(text === '' ? '0' : text);
  if (amount === undefined) throw new BillError('LINE', `not an amount: ${text}`, line.lineNo);
  return amount;
}

/** A bill of another day, or of another account, must not be booked. */
export function checkComment(line: TextLine, guard: BillGuard): void {
  const account = /^#账号[：:]\s*\[([^\]]*)\]/.exec(line.text)?.[1];
  if (account !== undefined && guard.sellerId !== undefined && !account.startsWith(guard.sellerId)) {
    throw new BillError('MERCHANT', `the bill of another account (${account})`, line.lineNo);
  }
  const from = /^#起始日期[：:]\s*\[(\d{4})年(\d{2})月(\d{2})日/.exec(line.text);
  if (from && `${from[1]}-${from[2]}-${from[3]}` !== guard.date) {
    throw new BillError('DAY', `the bill of another day (${from[1]}-${from[2]}-${from[3]})`, line.lineNo);
  }
}

export const isTableEnd = (text: string): boolean => /^#.*列表结束/.test(text);

export const differs = (what: string, stated: number, summed: number): BillError =>
  new BillError('TOTALS', `${what}: the bill states ${stated}, its lines give ${summed}`);
