import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BillLine } from '@hospital-pay/payments';
import { z } from 'zod';
import { type Duck, literal, openDuck, smallBuffers, whole } from './duck';

/** A line of an archived bill, with what the match and the order's own page need. */
export interface ArchivedLine {
  lineNo: number;
  kind: 'payment' | 'refund';
  orderNo: string;
  refundNo?: string;
  channelNo: string;
  amountFen: number;
  feeFen: number;
  /** Epoch ms. */
  occurredAt: number;
  /** Day in the channel's zone. */
  settledOn: string;
}

/** A line as somebody looks at it: with its text as received. */
export interface RawLine extends ArchivedLine {
  raw: string;
}

export const lineColumns =
  'line_no, kind, order_no, refund_no, channel_no, amount_fen, fee_fen, occurred_at, settled_on';
export const lineTypes = {
  line_no: 'INTEGER',
  kind: 'VARCHAR',
  order_no: 'VARCHAR',
  refund_no: 'VARCHAR',
  channel_no: 'VARCHAR',
  amount_fen: 'BIGINT',
  fee_fen: 'BIGINT',
  occurred_at: 'BIGINT',
  settled_on: 'VARCHAR',
  raw: 'VARCHAR',
};
const types = {
  ...lineTypes,
  // Of an insurance payment; a bill of another channel has none.
  fund_fen: 'BIGINT',
  account_fen: 'BIGINT',
  other_fen: 'BIGINT',
};

export const lineRow = {
  columns: Object.entries(types)
    .map(([name, type]) => `${name} ${type}`)
    .join(', '),
  schema: z.object({
    line_no: whole,
    kind: z.enum(['payment', 'refund']),
    order_no: z.string(),
    refund_no: z.string().nullable(),
    channel_no: z.string(),
    amount_fen: whole,
    fee_fen: whole,
    occurred_at: whole,
    settled_on: z.string(),
  }),
};

export const toLine = (row: z.output<typeof lineRow.schema>): ArchivedLine => ({
  lineNo: row.line_no,
  kind: row.kind,
  orderNo: row.order_no,
  ...(row.refund_no ? { refundNo: row.refund_no } : {}),
  channelNo: row.channel_no,
  amountFen: row.amount_fen,
  feeFen: row.fee_fen,
  occurredAt: row.occurred_at,
  settledOn: row.settled_on,
});

/** Sums of a bill's lines; amounts in fen, refunds positive. */
export interface BillSums {
  payments: number;
  paymentFen: number;
  refunds: number;
  refundFen: number;
  feeFen: number;
}

/** Lines as received are long: whole groups of them lie in memory while they are written, one for each thread. */
const linesPerGroup = 20_480;

export const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The cells of `lineColumns` and `raw`, as CSV. */
export const lineCells = (line: BillLine): string =>
  `${line.lineNo},${line.kind},${quoted(line.orderNo)},${quoted(line.refundNo ?? '')},${quoted(line.channelNo)},${line.amountFen},${line.feeFen},${line.occurredAt.getTime()},${line.settledOn},${quoted(line.raw)}`;

/**
 * Writes a trade bill's lines as Parquet.
 * @throws BillError from the lines; nothing is left behind then.
 */
export async function writeLines(
  lines: AsyncIterable<BillLine>,
  target: string,
  folder: string,
  onProgress: (lines: number) => void = () => undefined,
): Promise<BillSums> {
  const sums: BillSums = { payments: 0, paymentFen: 0, refunds: 0, refundFen: 0, feeFen: 0 };
  await writeParquet(
    lines,
    (line) => {
      if (line.kind === 'payment') {
        sums.payments += 1;
        sums.paymentFen += line.amountFen;
      } else {
        sums.refunds += 1;
        sums.refundFen += line.amountFen;
      }
      sums.feeFen += line.feeFen;
      const { split } = line;
      const shares = split ? `${split.fundFen},${split.accountFen},${split.otherFen}` : ',,';
      return `${lineCells(line)},${shares}\n`;
    },
    types,
    target,
    folder,
    onProgress,
  );
  return sums;
}

/**
 * Writes rows as Parquet: under a temporary name, on disk, then renamed. `toCsv` gives the
 * cells of one row in the order of `columns`, which map names to DuckDB's types.
 */
export async function writeParquet<Line>(
  lines: AsyncIterable<Line>,
  toCsv: (line: Line) => string,
  columns: Record<string, string>,
  target: string,
  folder: string,
  onProgress: (lines: number) => void = () => undefined,
): Promise<void> {
  const csv = path.join(folder, 'bill.csv');
  const file = await open(csv, 'w');
  try {
    let piece = '';
    let count = 0;
    for await (const line of lines) {
      piece += toCsv(line);
      count += 1;
      if (piece.length > 1 << 20) {
        await file.write(piece);
        piece = '';
        onProgress(count);
      }
    }
    await file.write(piece);
  } finally {
    await file.close();
  }
  try {
    await copyToParquet(`FROM ${fromCsv(csv, columns)}`, target, folder, async () => undefined);
  } finally {
    await rm(csv, { force: true });
  }
}

/** Our own CSV as a table; an empty text in it is no NULL, but for `kind` and `settled_on`, which are never empty. */
export function fromCsv(file: string, columns: Record<string, string>): string {
  const typed = Object.entries(columns).map(([name, type]) => `'${name}': '${type}'`);
  const texts = Object.entries(columns).flatMap(([name, type]) =>
    type === 'VARCHAR' && name !== 'kind' && name !== 'settled_on' ? [`'${name}'`] : [],
  );
  return `read_csv(${literal(file)}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
    columns = {${typed.join(', ')}}, force_not_null = [${texts.join(', ')}], ${smallBuffers})`;
}

/**
 * Writes what a query gives as Parquet: under a temporary name, on disk, then renamed, if `check` throws nothing. The
 * rows lie about as in the bill, by time, and so about by order number: sorting a long bill would not fit into memory.
 */
export async function copyToParquet<Value>(
  select: string,
  target: string,
  folder: string,
  check: (duck: Duck, parquet: string) => Promise<Value>,
): Promise<Value> {
  await mkdir(path.dirname(target), { recursive: true });
  const temporary = `${target}.${randomBytes(4).toString('hex')}.part`;
  const duck = await openDuck(folder, [path.dirname(target)]);
  try {
    await duck.run(
      `COPY (${select})
       TO ${literal(temporary)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${linesPerGroup})`,
    );
    const value = await check(duck, temporary);
    const written = await open(temporary, 'r');
    try {
      await written.sync();
    } finally {
      await written.close();
    }
    await rename(temporary, target);
    return value;
  } finally {
    duck.close();
    await rm(temporary, { force: true });
  }
}

/** The lines of one Parquet under these numbers of ours, as orders or as refunds. */
export async function linesUnder(duck: Duck, parquet: string, numbers: string[]): Promise<ArchivedLine[]> {
  const under = (column: string): string =>
    `SELECT ${lineColumns} FROM read_parquet($1) WHERE ${column} IN (SELECT unnest(from_json($2, '["VARCHAR"]')))`;
  const rows = await duck.rows(
    lineRow.schema,
    `${under('order_no')} UNION ${under('refund_no')} ORDER BY line_no, kind`,
    [parquet, JSON.stringify(numbers)],
  );
  return rows.map(toLine);
}

/** The same with their text: looked for among all lines, it would be unpacked of each. */
export async function findLines(duck: Duck, parquet: string, numbers: string[]): Promise<RawLine[]> {
  const lines = await linesUnder(duck, parquet, numbers);
  const texts = await duck.rows(
    z.object({ line_no: whole, raw: z.string() }),
    `SELECT line_no, raw FROM read_parquet($1) WHERE line_no IN (SELECT unnest(from_json($2, '["INTEGER"]')))`,
    [parquet, JSON.stringify(lines.map(({ lineNo }) => lineNo))],
  );
  const textOf = new Map(texts.map(({ line_no, raw }) => [line_no, raw]));
  return lines.map((line) => ({ ...line, raw: textOf.get(line.lineNo) ?? '' }));
}
