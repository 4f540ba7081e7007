import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AmountCell, BillTable, TableLayout, TableLine, TableSide } from '@hospital-pay/payments';
import { z } from 'zod';
import { type BillSums, copyToParquet, fromCsv, lineCells, lineTypes } from './bill-lines';
import { type Duck, literal, openDuck, smallBuffers, whole } from './duck';

/** The file is to be read line by line: it may be wrong, or only unusual. */
export class InDoubt extends Error {
  override readonly name = 'InDoubt';
}

/** So many rows are worth reading apart; of more, the whole file is better read line by line. */
const mostOddRows = 50_000;

/**
 * Writes a trade bill's rows as the Parquet that `writeLines` would write of its lines. The archive also keeps what each
 * line adds to the file's own totals, as `stated_0`, `stated_1`. Rows that are not quite as declared are read by the
 * channel one by one.
 * @throws InDoubt, or whatever else makes the file no plain table; nothing is left behind then.
 */
export async function writeTable(
  table: BillTable,
  target: string,
  folder: string,
  onProgress: (lines: number) => void = () => undefined,
): Promise<BillSums> {
  const text = path.join(folder, 'bill.txt');
  const odd = path.join(folder, 'odd.csv');
  const lines = selectLines(table, text);
  try {
    const rows = await keepRows(table, text, onProgress);
    const copy = (select: string): Promise<BillSums> =>
      copyToParquet(select, target, folder, (duck, parquet) => checkedSums(duck, parquet, table, rows));
    try {
      return await copy(
        `SELECT * EXCLUDE (is_certain) REPLACE (CASE WHEN is_certain THEN line_no ELSE error('row in doubt') END AS line_no)
         FROM (${lines})`,
      );
    } catch (doubt) {
      if (!(await readOddRows(table, text, lines, odd, folder))) throw doubt;
    }
    const stated = table.layout.summed.map((_, place) => [`stated_${place}`, 'BIGINT'] as const);
    return await copy(
      `WITH odd AS (FROM ${fromCsv(odd, { ...lineTypes, ...Object.fromEntries(stated) })})
       SELECT * EXCLUDE (is_certain) FROM (${lines}) WHERE line_no NOT IN (SELECT line_no FROM odd)
       UNION ALL BY NAME FROM odd`,
    );
  } finally {
    await rm(text, { force: true });
    await rm(odd, { force: true });
  }
}

async function checkedSums(duck: Duck, parquet: string, table: BillTable, rows: number): Promise<BillSums> {
  const { payment, refund, rowCount } = await sumsOf(duck, parquet, table.layout);
  if (rowCount !== rows || rows === 0) throw new InDoubt(`${rows} rows became ${rowCount}`);
  if (!table.agrees({ rows, payment, refund })) throw new InDoubt('the totals differ');
  return {
    payments: payment.count,
    paymentFen: payment.fen,
    refunds: refund.count,
    refundFen: refund.fen,
    feeFen: payment.feeFen + refund.feeFen,
  };
}

const oddRow = z.object({ line_no: whole, raw: z.string() });

/** Writes the lines of the rows in doubt as CSV. False: there are none, or too many. @throws BillError */
async function readOddRows(
  table: BillTable,
  text: string,
  lines: string,
  target: string,
  folder: string,
): Promise<boolean> {
  const { paymentDay } = table.layout;
  const duck = await openDuck(folder, []);
  const file = await open(target, 'w');
  let count = 0;
  try {
    const odd = duck.batches(
      oddRow,
      `SELECT line_no, raw FROM (${numberedRows(text)})
       WHERE line_no NOT IN (SELECT line_no FROM (${lines}) GROUP BY line_no HAVING bool_and(is_certain))`,
    );
    for await (const batch of odd) {
      count += batch.length;
      if (count > mostOddRows) return false;
      for (const { line_no, raw } of batch) {
        const read = table.row(raw, line_no);
        for (const [place, line] of read.lines.entries()) {
          if (line.kind === 'payment' && paymentDay !== undefined && line.settledOn !== paymentDay) {
            throw new InDoubt('a payment of another day');
          }
          const isLast = place === read.lines.length - 1;
          const stated = read.summed.map((units) => (isLast ? units : 0));
          await file.write(`${[lineCells(line), ...stated].join(',')}\n`);
        }
      }
    }
    return count > 0;
  } finally {
    await file.close();
    duck.close();
  }
}

/** Writes the rows, each behind its number in the file, so that they may be read in any order. Says how many there are. */
async function keepRows(
  table: BillTable,
  target: string,
  onProgress: (rows: number) => void,
): Promise<number> {
  const file = await open(target, 'w');
  let rows = 0;
  try {
    for await (const piece of table.rows()) {
      if (piece.includes(unseparated)) throw new InDoubt('a character that no bill holds');
      let numbered = '';
      for (
        let start = 0, end = piece.indexOf('\n');
        end >= 0;
        start = end + 1, end = piece.indexOf('\n', start)
      ) {
        numbered += `${table.firstLineNo + rows}${unseparated}${piece.slice(start, end + 1)}`;
        rows += 1;
      }
      await file.write(numbered);
      onProgress(rows);
    }
  } finally {
    await file.close();
  }
  return rows;
}

/** A character that no bill holds: behind its number each row is one cell, so that nothing but the layout takes it apart. */
const unseparated = '\u0001';

/** Money as whole numbers of its last decimal, by its digits; NULL unless it is written in just this way. */
const units = (text: string, { decimals }: Pick<AmountCell, 'decimals'>): string =>
  `CASE WHEN ${text} = '' THEN 0
     WHEN TRY_CAST(${text} AS DECIMAL(15, ${decimals}))::VARCHAR = ${text} THEN TRY_CAST(replace(${text}, '.', '') AS BIGINT) END`;

const notInNumbers = [' ', '\t', '\v', '\f', '`'];

interface Form {
  word: string;
  line: TableLine;
  later: TableLine[];
}

const numberedRows = (file: string): string =>
  `FROM read_csv(${literal(file)}, header = false, auto_detect = false, delim = ${literal(unseparated)}, quote = '',
     escape = '', columns = {'line_no': 'INTEGER', 'raw': 'VARCHAR'}, ${smallBuffers})`;

/** The lines that follow from the rows, and of each whether it `is_certain`. */
function selectLines(table: BillTable, file: string): string {
  const { layout } = table;
  const { opening, separator, isTabbed, orderNo, channelNo, refundNo, fee, summed } = layout;
  const written = (place: number) => `cells[${place + 1}]`;
  const cell = (place: number) =>
    isTabbed
      ? `CASE WHEN suffix(${written(place)}, '\t') THEN left(${written(place)}, -1) ELSE ${written(place)} END`
      : written(place);
  const row = opening === '' ? 'raw' : `substr(raw, ${opening.length + 1})`;
  const forms: Form[] = Object.entries(layout.lines).flatMap(([word, lines]) =>
    lines.map((line, place) => ({ word, line, later: lines.slice(place + 1) })),
  );
  const amounts = [...new Set(forms.map(({ line }) => line.amount))];
  const byForm = (value: (form: Form) => string) =>
    `CASE form ${forms.map((form, place) => `WHEN ${place} THEN ${value(form)}`).join(' ')} END`;
  const amountOf = ({ amount, isNegative }: TableLine) => `${isNegative ? '-' : ''}amount_${amount}`;
  const isLast = ({ later }: Form) =>
    later.length === 0 ? 'true' : `NOT (${later.map((line) => `${amountOf(line)} > 0`).join(' OR ')})`;
  const feeFen = fee.decimals === 2 ? 'fee' : 'sign(fee) * ((abs(fee) + 500) // 1000)';
  const feeOf = ({ line: { kind, fee: sign } }: Form) =>
    sign === 'as written' ? feeFen : `${kind === 'refund' ? '-' : ''}abs(${feeFen})`;
  const refundNoOf = ({ line: { kind } }: Form) =>
    kind === 'payment'
      ? `''`
      : `CASE WHEN refund_cell IN (${refundNo.none.map(literal).join(', ')})
           THEN ${refundNo.otherwise === 'order number' ? 'order_no' : `''`} ELSE refund_cell END`;
  // Of a number with blanks or the like the channel may take more away.
  const isClean = (name: string) =>
    isTabbed
      ? [
          `strlen(${name}) = length(${name})`,
          ...notInNumbers.map((text) => `NOT contains(${name}, ${literal(text)})`),
        ].join(' AND ')
      : 'true';
  const certain = [
    `width = ${layout.width}`,
    `starts_with(raw, ${literal(opening)})`,
    `moment::VARCHAR = time`,
    `(order_no <> '' OR ${!isTabbed})`,
    isClean('order_no'),
    isClean('channel_no'),
    layout.channelNoIsDigits ? `regexp_full_match(channel_no, '[0-9]{10,64}')` : 'true',
    `(refund_no = '' OR (${isClean('refund_no')}))`,
    'is_fixed',
    ...summed.map((_, place) => `sum_${place} IS NOT NULL`),
    'amount_fen >= 0',
    'fee_fen IS NOT NULL',
    layout.paymentDay === undefined
      ? 'true'
      : `(kind <> 'payment' OR left(time, 10) = ${literal(layout.paymentDay)})`,
  ];
  return `
    WITH numbered AS (${numberedRows(file)}),
    split AS (
      SELECT line_no, raw, string_split(${row}, ${literal(separator)}) AS cells FROM numbered),
    named AS (
      SELECT line_no, raw, len(cells) AS width,
        ${layout.fixed.map(({ cell: place, text }) => `${cell(place)} = ${literal(text)}`).join(' AND ') || 'true'} AS is_fixed,
        coalesce(${layout.time.map((place) => `nullif(${cell(place)}, '')`).join(', ')}) AS time,
        ${cell(layout.kind)} AS word, ${cell(orderNo)} AS order_no, ${cell(channelNo)} AS channel_no,
        ${refundNo.cell === undefined ? `''` : cell(refundNo.cell)} AS refund_cell, ${cell(fee.cell)} AS fee_cell,
        ${[
          ...amounts.map((place) => `${cell(place)} AS amount_cell_${place}`),
          ...summed.map((each, place) => `${cell(each.cell)} AS sum_cell_${place}`),
        ].join(', ')}
      FROM split),
    typed AS (
      SELECT *, TRY_CAST(time AS TIMESTAMP) AS moment, ${units('fee_cell', fee)} AS fee,
        ${[
          ...amounts.map((place) => `${units(`amount_cell_${place}`, { decimals: 2 })} AS amount_${place}`),
          ...summed.map((each, place) => `${units(`sum_cell_${place}`, each)} AS sum_${place}`),
        ].join(', ')}
      FROM named),
    lines AS (
      SELECT * EXCLUDE (fee), ${byForm(({ line }) => literal(line.kind))} AS kind,
        ${byForm(({ line }) => amountOf(line))} AS amount_fen, ${byForm(refundNoOf)} AS refund_no,
        ${byForm(isLast)} AS is_last, CASE WHEN ${byForm(isLast)} THEN ${byForm(feeOf)} ELSE 0 END AS fee_fen
      FROM (SELECT *, ${formOf(forms)} AS form FROM typed)
      WHERE ${byForm(({ line }) => (line.mayBeAbsent ? `coalesce(${amountOf(line)} <> 0, true)` : 'true'))})
    SELECT line_no, coalesce(${certain.join('\n AND ')}, false) AS is_certain, kind, order_no, refund_no, channel_no, amount_fen, fee_fen::BIGINT AS fee_fen,
      epoch_ms(moment) - ${layout.utcOffsetMinutes * 60_000} AS occurred_at, left(time, 10) AS settled_on, raw
      ${summed.map((_, place) => `, CASE WHEN is_last THEN sum_${place} ELSE 0 END AS stated_${place}`).join('')}
    FROM lines`;
}

/** The forms of a row by its word: none of an unknown one. Most layouts have one for each, which needs no multiplying. */
function formOf(forms: Form[]): string {
  const places = new Map<string, number[]>();
  for (const [place, { word }] of forms.entries()) places.set(word, [...(places.get(word) ?? []), place]);
  const isOne = places.size === forms.length;
  const cases = [...places].map(
    ([word, all]) => `WHEN ${literal(word)} THEN ${isOne ? all[0] : `[${all.join(', ')}]`}`,
  );
  const choice = `CASE word ${cases.join(' ')} END`;
  return isOne ? choice : `unnest(${choice})`;
}

const sideRow = z.object({
  kind: z.enum(['payment', 'refund']),
  count: whole,
  fen: whole,
  feeFen: whole,
  summed: z.array(whole),
});

async function sumsOf(
  duck: Duck,
  parquet: string,
  { summed }: TableLayout,
): Promise<Record<'payment' | 'refund', TableSide & { feeFen: number }> & { rowCount: number }> {
  const from = `FROM read_parquet(${literal(parquet)})`;
  const sides = await duck.rows(
    sideRow,
    `SELECT kind, count(*) AS count, sum(amount_fen)::BIGINT AS fen, sum(fee_fen)::BIGINT AS "feeFen",
       [${summed.map((_, place) => `sum(stated_${place})::BIGINT`).join(', ')}] AS summed ${from} GROUP BY kind`,
  );
  const none = { count: 0, fen: 0, feeFen: 0, summed: [] };
  const side = (kind: 'payment' | 'refund') => sides.find((each) => each.kind === kind) ?? none;
  const { count } = await duck.one(
    z.object({ count: whole }),
    `SELECT count(DISTINCT line_no) AS count ${from}`,
  );
  return { payment: side('payment'), refund: side('refund'), rowCount: count };
}
