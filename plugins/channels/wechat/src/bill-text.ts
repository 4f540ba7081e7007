import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { BillError, parseAmount } from '@hospital-pay/payments/contract';

/** What a file may unpack to; no more than a piece of it is in memory at once. */
const longestText = 4 * 1024 ** 3;
const pieceBytes = 256 * 1024;

export const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** @throws BillError HASH. The hash WeChat states is over the text, not over the compressed file. */
export async function checkHash(
  bytes: Buffer,
  { type, value }: { type: string; value: string },
  longest = longestText,
): Promise<void> {
  if (type !== 'SHA1') throw new BillError('HASH', `unknown hash ${type}`);
  const hash = createHash('sha1');
  for await (const chunk of textBytes(bytes, longest)) hash.update(chunk);
  if (hash.digest('hex') !== value.toLowerCase())
    throw new BillError('HASH', 'the file is not the one WeChat Pay hashed');
}

/** @throws BillError TRUNCATED, SIZE */
async function* textBytes(bytes: Buffer, longest = longestText): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of isGzip(bytes) ? gunzipped(bytes) : sliced(bytes)) {
    length += chunk.length;
    if (length > longest) throw new BillError('SIZE', `the file unpacks to more than ${longest} bytes`);
    yield chunk;
  }
}

async function* gunzipped(bytes: Buffer): AsyncGenerator<Buffer> {
  const stream = createGunzip({ chunkSize: pieceBytes });
  stream.end(bytes);
  try {
    for await (const chunk of stream) yield chunk;
  } catch (cause) {
    throw new BillError('TRUNCATED', 'the compressed file does not open', undefined, { cause });
  }
}

async function* sliced(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
    // A long bill must not hold up everything else.
    await setImmediate();
  }
}

/** The text piece by piece. @throws when it does not unpack, is too long, or no UTF-8 */
export async function* textPieces(bytes: Buffer): AsyncGenerator<string> {
  const pieces = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of textBytes(bytes)) yield pieces.decode(chunk, { stream: true });
  yield pieces.decode();
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const newline = 0x0a;

/** The text line by line. The BOM is dropped by the decoder. @throws BillError */
export async function* textLines(bytes: Buffer): AsyncGenerator<{ lineNo: number; line: string }> {
  let lineNo = 0;
  const decoded = (line: Buffer): string => {
    lineNo += 1;
    try {
      return decoder.decode(line).replace(/\r$/, '');
    } catch (cause) {
      throw new BillError('ENCODING', 'not UTF-8', lineNo, { cause });
    }
  };
  let begun = Buffer.alloc(0);
  for await (const chunk of textBytes(bytes)) {
    const text = begun.length > 0 ? Buffer.concat([begun, chunk]) : chunk;
    let start = 0;
    for (let end = text.indexOf(newline); end >= 0; end = text.indexOf(newline, start)) {
      const line = decoded(text.subarray(start, end));
      start = end + 1;
      if (line !== '') yield { lineNo, line };
    }
    begun = Buffer.from(text.subarray(start));
  }
  if (begun.length === 0) return;
  const line = decoded(begun);
  if (line !== '') yield { lineNo, line };
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
  bytes: Buffer,
  opening: string,
  closing: string,
  seen: (line: string) => void,
) {
  let header: BillSections['header'] | undefined;
  let summary: { header: string; lineNo: number } | undefined;
  let row: string | undefined;
  for await (const { lineNo, line } of textLines(bytes)) {
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
  }
  if (!header) throw new BillError('TRUNCATED', 'the file is empty');
  if (!summary || row === undefined) throw new BillError('TRUNCATED', 'the file ends without its summary');
  const sections: BillSections = {
    header,
    summary: { header: summary.header, row, lineNo: summary.lineNo + 1 },
  };
  return sections;
}
