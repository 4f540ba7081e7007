import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { BillError, parseAmount } from '@hospital-pay/payments/contract';

const unzip = promisify(gunzip);
/** Of a text in memory, and of one that goes to a disk piece by piece. */
const longestText = 1024 ** 3;
const longestPieces = 4 * 1024 ** 3;

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The hash WeChat states is over the text, not over the compressed file. */
export async function openBill(
  bytes: Buffer,
  hash: { type: string; value: string } | undefined,
): Promise<Buffer> {
  let text = bytes;
  if (isGzip(bytes)) {
    try {
      text = await unzip(bytes, { maxOutputLength: longestText });
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new BillError('SIZE', `the file unpacks to more than ${longestText} bytes`, undefined, {
          cause,
        });
      }
      throw new BillError('TRUNCATED', 'the compressed file does not open', undefined, { cause });
    }
  }
  if (hash) {
    if (hash.type !== 'SHA1') throw new BillError('HASH', `unknown hash ${hash.type}`);
    const actual = createHash('sha1').update(text).digest('hex');
    if (actual !== hash.value.toLowerCase())
      throw new BillError('HASH', 'the file is not the one WeChat Pay hashed');
  }
  return text;
}

/** The text piece by piece, never in memory as a whole. @throws when it does not unpack, is too long, or no UTF-8 */
export async function* textPieces(bytes: Buffer): AsyncGenerator<string> {
  const pieces = new TextDecoder('utf-8', { fatal: true });
  let length = 0;
  for await (const chunk of isGzip(bytes) ? gunzipped(bytes) : sliced(bytes)) {
    length += chunk.length;
    if (length > longestPieces)
      throw new BillError('SIZE', `the file unpacks to more than ${longestPieces} bytes`);
    yield pieces.decode(chunk, { stream: true });
  }
  yield pieces.decode();
}

const pieceBytes = 256 * 1024;

function gunzipped(bytes: Buffer): AsyncIterable<Buffer> {
  const stream = createGunzip({ chunkSize: pieceBytes });
  stream.end(bytes);
  return stream;
}

function* sliced(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const newline = 0x0a;

/** Lines one by one, so that a day of a million trades is never one string. The BOM is dropped by the decoder. */
export function* textLines(text: Buffer): Generator<{ lineNo: number; line: string }> {
  let lineNo = 0;
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf(newline, start);
    const end = found === -1 ? text.length : found;
    lineNo += 1;
    let line: string;
    try {
      line = decoder.decode(text.subarray(start, end));
    } catch (cause) {
      throw new BillError('ENCODING', 'not UTF-8', lineNo, { cause });
    }
    start = end + 1;
    if (line.endsWith('\r')) line = line.slice(0, -1);
    if (line !== '') yield { lineNo, line };
  }
}

/**
 * Every data cell begins with a back-tick, and commas inside a text are written `\ `, so comma + back-tick is the
 * one separator; quotes mean nothing.
 */
export function dataCells(line: string, lineNo: number): string[] {
  if (!line.startsWith('`')) throw new BillError('LINE', 'does not begin with a back-tick', lineNo);
  return line.slice(1).split(',`');
}

export const unescapeCell = (cell: string) => cell.replaceAll('\\ ', ',').replaceAll('\\"', '"');

export function amountCell(cell: string, name: string, lineNo: number): number {
  try {
    return parseAmount(cell === '' ? '0' : cell);
  } catch (cause) {
    throw new BillError('LINE', `${name} is no amount: ${cell}`, lineNo, { cause });
  }
}

export function countCell(cell: string, name: string, lineNo: number): number {
  if (!/^\d{1,12}$/.test(cell)) throw new BillError('LINE', `${name} is no count: ${cell}`, lineNo);
  return Number(cell);
}

/** `yyyy-MM-dd HH:mm:ss`, China time; China has had no summer time since 1991, before WeChat Pay. */
export function timeCell(cell: string, name: string, lineNo: number): Date {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(cell);
  const time = match ? new Date(`${match[1]}T${match[2]}+08:00`) : undefined;
  if (!time || Number.isNaN(time.getTime()))
    throw new BillError('LINE', `${name} is no time: ${cell}`, lineNo);
  return time;
}

/** Finds columns by their names: WeChat has added columns before, and the kinds of bill differ. */
export class Columns {
  private readonly places: Map<string, number>;

  constructor(
    header: string,
    private readonly lineNo: number,
  ) {
    const names = header.split(',').map((name) => name.trim());
    this.places = new Map(names.map((name, place) => [name, place]));
    if (this.places.size !== names.length)
      throw new BillError('COLUMNS', 'a column name occurs twice', lineNo);
  }

  get width(): number {
    return this.places.size;
  }

  find(...names: string[]): number | undefined {
    for (const name of names) {
      const place = this.places.get(name);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  need(...names: string[]): number {
    const place = this.find(...names);
    if (place === undefined) throw new BillError('COLUMNS', `no column ${names.join(' / ')}`, this.lineNo);
    return place;
  }
}

export interface BillSections {
  header: { line: string; lineNo: number };
  /** Header and the one row below it. */
  summary: { header: string; row: string; lineNo: number };
}

/** A bill without its closing summary is a bill that was cut off. */
export async function findSections(
  text: Buffer,
  opening: string,
  closing: string,
  seen: (line: string) => void,
) {
  let header: BillSections['header'] | undefined;
  let summary: { header: string; lineNo: number } | undefined;
  let row: string | undefined;
  let lineCount = 0;
  for (const { lineNo, line } of textLines(text)) {
    if (!header) {
      if (!line.startsWith(opening)) throw new BillError('COLUMNS', `does not begin with ${opening}`, lineNo);
      header = { line, lineNo };
    } else if (summary) {
      if (row !== undefined) throw new BillError('LINE', 'text after the summary', lineNo);
      row = line;
    } else if (line.startsWith(closing)) {
      summary = { header: line, lineNo };
    } else {
      seen(line);
    }
    // A long bill must not hold up everything else.
    lineCount += 1;
    if (lineCount % 20_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (!header) throw new BillError('TRUNCATED', 'the file is empty');
  if (!summary || row === undefined) throw new BillError('TRUNCATED', 'the file ends without its summary');
  const sections: BillSections = {
    header,
    summary: { header: summary.header, row, lineNo: summary.lineNo + 1 },
  };
  return sections;
}
