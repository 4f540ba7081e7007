import path from 'node:path';
import { z } from 'zod';
import { type ArchivedLine, lineColumns, lineRow, toLine } from './bill-lines';
import { type Duck, literal, whole } from './duck';
import { type Source, sources } from './extract';

/** What agreed on every leg at first sight: one payment, one charge, one bill line, at most one refund of each. */
export interface Cleared {
  orders: number;
  refunds: number;
  /** Taken − refunded; HIS and the channel say the same. */
  platformFen: number;
  feeFen: number;
}

/** Rows that want a closer look, by their numbers. */
export interface Leftover {
  orderNos: string[];
  refundNos: string[];
  hisSerialNos: string[];
  lines: ArchivedLine[];
}

export interface ClearQuestion {
  accountCode: string;
  currency: string;
  /** Parquet of the day's bill; `empty`: the day had none to report; `none`: the channel gives no bills. */
  bill: { kind: 'file'; path: string } | { kind: 'empty' } | { kind: 'none' };
  /** Agreed fee in millionths of the amount. */
  feePpm?: number | undefined;
}

/** What is asked of the database beside the day's own rows. */
export interface LookUp {
  /** The orders of those numbers that are an attempt's or a refund's, of whatever day. */
  ordersNamed(numbers: string[]): Promise<string[]>;
  /** The HIS bills that these orders, or these HIS records, belong to. */
  billsOf(of: 'orders' | 'records', numbers: string[]): Promise<{ number: string; bill: string }[]>;
  /** The orders of these HIS bills. */
  ordersOf(bills: string[]): Promise<{ number: string; bill: string }[]>;
}

/** So many orders are looked at together: what differs in a day of millions does not lie in memory at once. */
const ordersPerPiece = 5000;

const clearedRow = z.object({ orders: whole, refunds: whole, platformFen: whole, feeFen: whole });
const countRow = z.object({ count: whole });
const numberRow = z.object({ number: z.string() });

/**
 * Takes out the orders whose day agrees entirely, and leaves everything else to the match. An order is taken out only
 * when no other row names it under any number, so what the match says of the rest does not change.
 * `folder` holds the CSV files of the day's rows.
 */
export async function clear(
  duck: Duck,
  question: ClearQuestion,
  folder: string,
  lookUp: LookUp,
): Promise<{ cleared: Cleared; leftovers(): AsyncGenerator<Leftover> }> {
  await nameSources(duck, question, folder);
  await findRest(duck, question, 'order_no');
  const { count: strays } = await duck.one(
    countRow,
    'SELECT count(*) AS count FROM rest_his WHERE NOT known',
  );
  const { count: agreed } = await duck.one(
    countRow,
    'SELECT (SELECT count(*) FROM platform WHERE is_own) - (SELECT count(*) FROM rest WHERE known) AS count',
  );
  if (strays > agreed) {
    // This HIS calls orders by its own numbers.
    await findRest(
      duck,
      question,
      `coalesce((SELECT order_no FROM platform WHERE order_no = his.order_no),
         (SELECT order_no FROM platform WHERE merchant_order_no = his.order_no), his.order_no)`,
    );
  }
  await addTouched(duck, lookUp.ordersNamed);
  await keepBillsTogether(duck, lookUp);
  await duck.run(
    `CREATE TABLE piece AS SELECT key,
       CASE WHEN is_simple THEN 1 + (row_number() OVER (PARTITION BY is_simple ORDER BY key) - 1) // ${ordersPerPiece} ELSE 0 END AS piece
     FROM rest`,
  );
  return { cleared: await sumCleared(duck), leftovers: () => pieces(duck) };
}

/** Columns of a source's CSV with their types, as `read_csv` wants them. */
const csvColumns = (source: Source): string =>
  `{${[
    ...sources[source].texts.map((column) => `'${column}': 'VARCHAR'`),
    ...sources[source].numbers.map((column) => `'${column}': 'BIGINT'`),
  ].join(', ')}}`;

async function nameSources(duck: Duck, { accountCode, bill }: ClearQuestion, folder: string): Promise<void> {
  const csv = (source: Source): string =>
    `read_csv(${literal(path.join(folder, `${source}.csv`))}, header = false, auto_detect = false, delim = ',',
       quote = '"', escape = '"', columns = ${csvColumns(source)},
       force_not_null = [${sources[source].texts.map(literal).join(', ')}])`;
  await duck.run(
    `CREATE VIEW platform AS SELECT * EXCLUDE account_code, account_code = ${literal(accountCode)} AS is_own
     FROM ${csv('platform')}`,
  );
  await duck.run(`CREATE VIEW refund AS SELECT * FROM ${csv('refund')}`);
  await duck.run(`CREATE VIEW his AS SELECT * FROM ${csv('his')}`);
  await duck.run(
    bill.kind === 'file'
      ? `CREATE VIEW bill AS SELECT ${lineColumns} FROM read_parquet(${literal(bill.path)})`
      : `CREATE TABLE bill (${lineRow.columns})`,
  );
}

/**
 * `rest`: numbers whose rows do not all agree. Sides are laid on top of each other and added up before they meet:
 * joining first would multiply duplicates. How many rows of each sort a number has is one sum with a place for each;
 * together with the count of all rows it cannot be mistaken.
 */
async function findRest(
  duck: Duck,
  { bill, currency, feePpm }: ClearQuestion,
  keyOfHis: string,
): Promise<void> {
  const hasBill = bill.kind !== 'none';
  const expectedFee = `(amount_fen * ${feePpm ?? 0} + 500000) // 1000000`;
  const feeDiffers =
    feePpm === undefined
      ? 'false'
      : `fee_fen <> CASE kind WHEN 'payment' THEN ${expectedFee} ELSE -(${expectedFee}) END`;
  const foreign = `currency <> ${literal(currency)}`;
  await duck.run(`CREATE OR REPLACE VIEW his_keyed AS SELECT *, ${keyOfHis} AS key FROM his`);
  const { order, refund, charge, hisRefund, payment, billRefund, sibling } = place;
  await duck.run(
    `CREATE OR REPLACE TABLE rest AS
     WITH rows AS (
       SELECT order_no AS key, CASE WHEN is_own THEN ${order} ELSE ${sibling} END::BIGINT AS place,
         paid_fen AS paid, NULL::BIGINT AS back, ${foreign} AS misfit FROM platform
       UNION ALL SELECT order_no, ${refund}, NULL, amount_fen, ${foreign} FROM refund
       UNION ALL SELECT key, CASE kind WHEN 'charge' THEN ${charge} ELSE ${hisRefund} END,
         CASE kind WHEN 'charge' THEN amount_fen END, CASE kind WHEN 'refund' THEN amount_fen END, ${foreign}
         FROM his_keyed
       UNION ALL SELECT order_no, CASE kind WHEN 'payment' THEN ${payment} ELSE ${billRefund} END,
         CASE kind WHEN 'payment' THEN amount_fen END, CASE kind WHEN 'refund' THEN amount_fen END, ${feeDiffers}
         FROM bill),
     sums AS (
       SELECT key, sum(place) AS places, count(*) AS rows, bool_or(misfit) AS misfit,
         bool_or(place = ${order}) AS is_own, bool_or(place = ${sibling}) AS is_sibling,
         min(paid) AS least_paid, max(paid) AS most_paid, min(back) AS least_back, max(back) AS most_back
       FROM rows GROUP BY key)
     SELECT key, is_own AS known, is_sibling AND NOT is_own AS is_sibling, true AS is_simple
     FROM sums
     WHERE key = '' OR misfit OR least_paid <> most_paid OR least_back <> most_back
       OR NOT ((rows = ${hasBill ? 3 : 2} AND places = ${agreeing(false, hasBill)})
         OR (rows = ${hasBill ? 6 : 4} AND places = ${agreeing(true, hasBill)}))`,
  );
  await duck.run(
    `CREATE OR REPLACE TABLE rest_his AS
     SELECT his_serial_no, key, order_no, channel_trade_no, refund_no, known
     FROM his_keyed JOIN rest USING (key) WHERE NOT is_sibling`,
  );
}

/** Where each sort of row counts, in one sum. */
const place = {
  order: 1,
  refund: 2 ** 10,
  charge: 2 ** 20,
  hisRefund: 2 ** 30,
  payment: 2 ** 40,
  billRefund: 2 ** 45,
  sibling: 2 ** 50,
};

/** The sum of one payment on every side, with or without one refund. */
function agreeing(withRefund: boolean, hasBill: boolean): number {
  const paid = place.order + place.charge + (hasBill ? place.payment : 0);
  const back = place.refund + place.hisRefund + (hasBill ? place.billRefund : 0);
  return withRefund ? paid + back : paid;
}

/**
 * Rows under a number of nobody may mean an order all the same, by another of its numbers: that order joins the rest.
 * Such rows and orders are looked at together; every other number concerns itself alone.
 */
async function addTouched(duck: Duck, ordersNamed: LookUp['ordersNamed']): Promise<void> {
  await duck.run(
    `CREATE TABLE stray AS
     SELECT DISTINCT number FROM (
       SELECT unnest([order_no, channel_trade_no, refund_no]) AS number FROM rest_his WHERE NOT known
       UNION ALL SELECT unnest([bill.order_no, channel_no, bill.refund_no]) FROM bill
         SEMI JOIN (FROM rest WHERE NOT known) AS lone ON lone.key = bill.order_no)
     WHERE number <> ''`,
  );
  await duck.run(
    `CREATE TABLE touched AS
     SELECT order_no AS key FROM platform
       WHERE is_own AND (merchant_order_no IN (FROM stray) OR channel_trade_no IN (FROM stray))
     UNION SELECT order_no FROM refund WHERE refund_no IN (FROM stray) OR merchant_refund_no IN (FROM stray)`,
  );
  const strays = await duck.rows(numberRow, 'SELECT number FROM stray');
  const named = await ordersNamed(strays.map(({ number }) => number));
  await duck.run(
    `INSERT INTO touched SELECT order_no FROM platform
     WHERE is_own AND order_no IN (SELECT unnest(from_json($1, '["VARCHAR"]'))) AND order_no NOT IN (FROM touched)`,
    [JSON.stringify(named)],
  );
  await duck.run(`UPDATE rest SET is_simple = false WHERE NOT known OR key IN (FROM touched)`);
  await duck.run(
    `INSERT INTO rest SELECT key, true, false, false FROM touched WHERE key NOT IN (SELECT key FROM rest)`,
  );
  await duck.run(
    `INSERT INTO rest_his
     SELECT his_serial_no, key, order_no, channel_trade_no, refund_no, true FROM his_keyed
     WHERE key IN (FROM touched) AND his_serial_no NOT IN (SELECT his_serial_no FROM rest_his)`,
  );
}

/** Rows that HIS calls one bill are looked at together, whatever orders they name. */
async function keepBillsTogether(duck: Duck, lookUp: LookUp): Promise<void> {
  await duck.run('CREATE TABLE his_bill (key VARCHAR, bill VARCHAR)');
  const named = `(SELECT unnest(from_json($1, '[{"number": "VARCHAR", "bill": "VARCHAR"}]'), recursive := true)) AS named`;
  const sides = [
    ['orders', 'SELECT key, key AS number FROM rest WHERE known'],
    ['records', 'SELECT key, his_serial_no AS number FROM rest_his'],
  ] as const;
  for (const [side, rows] of sides) {
    const numbers = (await duck.rows(numberRow, `SELECT number FROM (${rows})`)).map(({ number }) => number);
    for (let start = 0; start < numbers.length; start += ordersPerPiece) {
      const found = await lookUp.billsOf(side, numbers.slice(start, start + ordersPerPiece));
      if (found.length === 0) continue;
      await duck.run(
        `INSERT INTO his_bill SELECT rows.key, named.bill FROM ${named} JOIN (${rows}) AS rows USING (number)`,
        [JSON.stringify(found)],
      );
      // Orders of other days belong to it too.
      const orders = await lookUp.ordersOf([...new Set(found.map(({ bill }) => bill))]);
      await duck.run(`INSERT INTO his_bill SELECT number, bill FROM ${named}`, [JSON.stringify(orders)]);
    }
  }
  await duck.run(
    `UPDATE rest SET is_simple = false WHERE key IN (
       SELECT key FROM his_bill WHERE bill IN (SELECT bill FROM his_bill GROUP BY bill HAVING count(DISTINCT key) > 1))`,
  );
}

/** What the sources hold without the rest. */
async function sumCleared(duck: Duck): Promise<Cleared> {
  await duck.run(
    `CREATE TABLE rest_order AS SELECT order_no, paid_fen, piece FROM platform JOIN piece ON key = order_no WHERE is_own`,
  );
  await duck.run(
    `CREATE TABLE rest_refund AS SELECT refund_no, amount_fen, piece FROM refund JOIN piece ON key = order_no`,
  );
  await duck.run(`CREATE TABLE rest_line AS SELECT bill.*, piece FROM bill JOIN piece ON key = order_no`);
  return duck.one(
    clearedRow,
    `SELECT own.count - rest_own.count AS orders, back.count - rest_back.count AS refunds,
       (own.fen - rest_own.fen - back.fen + rest_back.fen)::BIGINT AS "platformFen", (fee.fen - rest_fee.fen)::BIGINT AS "feeFen"
     FROM (SELECT count(*) AS count, coalesce(sum(paid_fen), 0) AS fen FROM platform WHERE is_own) AS own,
       (SELECT count(*) AS count, coalesce(sum(paid_fen), 0) AS fen FROM rest_order) AS rest_own,
       (SELECT count(*) AS count, coalesce(sum(amount_fen), 0) AS fen FROM refund) AS back,
       (SELECT count(*) AS count, coalesce(sum(amount_fen), 0) AS fen FROM rest_refund) AS rest_back,
       (SELECT coalesce(sum(fee_fen), 0) AS fen FROM bill) AS fee,
       (SELECT coalesce(sum(fee_fen), 0) AS fen FROM rest_line) AS rest_fee`,
  );
}

async function* pieces(duck: Duck): AsyncGenerator<Leftover> {
  const { count } = await duck.one(countRow, 'SELECT coalesce(max(piece), -1) + 1 AS count FROM piece');
  const numbers = async (sql: string, piece: number) =>
    (await duck.rows(numberRow, sql, [piece])).map((row) => row.number);
  for (let piece = 0; piece < count; piece++) {
    yield {
      orderNos: await numbers('SELECT order_no AS number FROM rest_order WHERE piece = $1', piece),
      refundNos: await numbers('SELECT refund_no AS number FROM rest_refund WHERE piece = $1', piece),
      hisSerialNos: await numbers(
        'SELECT his_serial_no AS number FROM rest_his JOIN piece USING (key) WHERE piece = $1',
        piece,
      ),
      lines: (
        await duck.rows(lineRow.schema, `SELECT ${lineColumns} FROM rest_line WHERE piece = $1`, [piece])
      ).map(toLine),
    };
  }
}
