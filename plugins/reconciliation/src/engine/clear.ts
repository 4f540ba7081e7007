import path from 'node:path';
import { z } from 'zod';
import { type ArchivedLine, lineColumns, lineRow, toLine } from './bill-lines';
import { type Duck, literal, smallBuffers, whole } from './duck';
import { csvColumns, type Source } from './extract';
import { cutRest, nodeOf, nodeOfLine } from './links';
import type { LookUp } from './look-up';

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
  /** None of these orders shares a number or a bill with another one. Otherwise whatever shares one is here as well. */
  isSimple: boolean;
  orderNos: string[];
  refundNos: string[];
  hisIds: number[];
  lines: ArchivedLine[];
}

export interface ClearQuestion {
  /** Parquet of the day's bill; `empty`: the day had none to report; `none`: the channel gives no bills. */
  bill: { kind: 'file'; path: string } | { kind: 'empty' } | { kind: 'none' };
  /** Agreed fee in millionths of the amount. */
  feePpm?: number | undefined;
}

export interface Portions {
  /** The rows of so many orders are brought together at once: more of them would go to the disk and back. */
  ordersAtOnce?: number;
  /** So many orders are looked at together: what differs in a day of millions does not lie in memory at once. */
  ordersPerPiece?: number;
}

const clearedRow = z.object({ orders: whole, refunds: whole, platformFen: whole, feeFen: whole });
const numberRow = z.object({ number: z.string() });
const idRow = z.object({ id: whole });

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
  { ordersAtOnce = 1_500_000, ordersPerPiece = 2000 }: Portions = {},
): Promise<{ cleared: Cleared; leftovers(): AsyncGenerator<Leftover> }> {
  await nameSources(duck, question, folder);
  const { most } = await duck.one(
    z.object({ most: whole }),
    'SELECT greatest((SELECT count(*) FROM platform), (SELECT count(*) FROM his)) AS most',
  );
  const shares = Math.floor(most / ordersAtOnce) + 1;
  await findRest(duck, question, shares);
  const { strays, agreed } = await duck.one(
    z.object({ strays: whole, agreed: whole }),
    `SELECT (SELECT count(*) FROM rest_his WHERE NOT known) AS strays,
       (SELECT count(*) FROM platform WHERE is_own = 1) - (SELECT count(*) FROM rest WHERE known) AS agreed`,
  );
  if (strays > agreed) {
    await lookUp.readAliases();
    await keyByAlias(duck, folder);
    await findRest(duck, question, shares);
  }
  await cutRest(duck, lookUp, ordersPerPiece);
  return { cleared: await sumCleared(duck), leftovers: () => piecesOf(duck) };
}

function csvOf(source: Source, folder: string): string {
  const columns = Object.entries(csvColumns(source));
  const texts = columns.flatMap(([name, type]) => (type === 'VARCHAR' ? [literal(name)] : []));
  return `read_csv(${literal(path.join(folder, `${source}.csv`))}, header = false, auto_detect = false, delim = ',',
    quote = '"', escape = '"', columns = {${columns.map(([name, type]) => `'${name}': '${type}'`).join(', ')}},
    force_not_null = [${texts.join(', ')}], ${smallBuffers})`;
}

async function nameSources(duck: Duck, { bill }: ClearQuestion, folder: string): Promise<void> {
  for (const source of ['platform', 'refund', 'his'] as const) {
    const parquet = literal(path.join(folder, `${source}.parquet`));
    await duck.run(`COPY (FROM ${csvOf(source, folder)}) TO ${parquet} (FORMAT parquet)`);
    await duck.run(`CREATE VIEW ${source} AS SELECT * FROM read_parquet(${parquet})`);
  }
  await duck.run(
    bill.kind === 'file'
      ? `CREATE VIEW bill AS SELECT ${lineColumns} FROM read_parquet(${literal(bill.path)})`
      : `CREATE TABLE bill (${lineRow.columns})`,
  );
}

/** This HIS calls orders by its own numbers; a number of ours wins over one of HIS. */
async function keyByAlias(duck: Duck, folder: string): Promise<void> {
  await duck.run(
    `CREATE TABLE his_by_alias AS
     SELECT his.* REPLACE (CASE WHEN platform.key IS NULL THEN coalesce(alias.key, his.key) ELSE his.key END AS key)
     FROM his LEFT JOIN platform ON platform.key = his.key LEFT JOIN ${csvOf('alias', folder)} AS alias ON alias.number = his.key`,
  );
  await duck.run('CREATE OR REPLACE VIEW his AS SELECT * FROM his_by_alias');
}

/** Which rows a number has, a bit for each sort. */
const bit = {
  order: 1,
  charge: 2,
  payment: 4,
  refund: 8,
  hisRefund: 16,
  billRefund: 32,
  /** An order of another account. */
  sibling: 64,
  /** Another currency, another fee than agreed. */
  misfit: 128,
};

/**
 * `rest`: numbers whose rows do not all agree. Sides are laid on top of each other and brought together before they
 * meet: joining first would multiply duplicates. As many rows as there are sorts of them: one of each. Done in shares of
 * the numbers, each for itself.
 */
async function findRest(duck: Duck, { bill, feePpm }: ClearQuestion, shares: number): Promise<void> {
  const hasBill = bill.kind !== 'none';
  const paid = bit.order | bit.charge | (hasBill ? bit.payment : 0);
  const back = bit.refund | bit.hisRefund | (hasBill ? bit.billRefund : 0);
  const rowsPerKind = hasBill ? 3 : 2;
  const expectedFee = `(amount_fen * ${feePpm ?? 0} + 500000) // 1000000`;
  const feeDiffers =
    feePpm === undefined
      ? 'false'
      : `fee_fen <> CASE kind WHEN 'payment' THEN ${expectedFee} ELSE -(${expectedFee}) END`;
  const bits = (sort: string, isMisfit: string) =>
    `((${sort}) | CASE WHEN ${isMisfit} THEN ${bit.misfit} ELSE 0 END)::UTINYINT`;
  const isForeign = 'is_foreign = 1';
  await duck.run(
    'CREATE OR REPLACE TABLE rest (key VARCHAR, known BOOLEAN, is_sibling BOOLEAN, is_simple BOOLEAN)',
  );
  for (let share = 0; share < shares; share++) {
    await duck.run(
      `INSERT INTO rest
     WITH rows AS (
       SELECT key, ${bits(`CASE is_own WHEN 1 THEN ${bit.order} ELSE ${bit.sibling} END`, isForeign)} AS bits,
         fen AS paid, NULL::BIGINT AS back FROM platform
       UNION ALL SELECT key, ${bits(String(bit.refund), isForeign)}, NULL, fen FROM refund
       UNION ALL SELECT key, ${bits(`CASE is_refund WHEN 1 THEN ${bit.hisRefund} ELSE ${bit.charge} END`, isForeign)},
         CASE is_refund WHEN 0 THEN fen END, CASE is_refund WHEN 1 THEN fen END FROM his
       UNION ALL SELECT order_no, ${bits(`CASE kind WHEN 'payment' THEN ${bit.payment} ELSE ${bit.billRefund} END`, feeDiffers)},
         CASE kind WHEN 'payment' THEN amount_fen END, CASE kind WHEN 'refund' THEN amount_fen END FROM bill),
     shared AS (FROM rows WHERE hash(key) % ${shares} = ${share}),
     sums AS (
       SELECT key, bit_or(bits) AS bits, count(*) AS rows,
         min(paid) AS least_paid, max(paid) AS most_paid, min(back) AS least_back, max(back) AS most_back
       FROM shared GROUP BY key)
     SELECT key, bits & ${bit.order} > 0 AS known, bits & ${bit.order | bit.sibling} = ${bit.sibling} AS is_sibling, true AS is_simple
     FROM sums
     WHERE key = '' OR least_paid <> most_paid OR least_back <> most_back
       OR NOT ((rows = ${rowsPerKind} AND bits = ${paid}) OR (rows = ${2 * rowsPerKind} AND bits = ${paid | back}))`,
    );
  }
  await duck.run(
    `CREATE OR REPLACE TABLE rest_his AS SELECT id, key, known, ${nodeOf('key', 'record', 'id')} AS node
     FROM his JOIN rest USING (key) WHERE NOT is_sibling`,
  );
}

/** What the sources hold without the rest. The rest lies in the order of its pieces, so that each is found at once. */
async function sumCleared(duck: Duck): Promise<Cleared> {
  await duck.run(
    `CREATE TABLE rest_order AS SELECT key AS order_no, fen, piece FROM platform JOIN piece USING (key) WHERE is_own = 1 ORDER BY piece`,
  );
  await duck.run(
    `CREATE TABLE rest_refund AS SELECT refund_no, fen, piece FROM refund JOIN piece USING (key) ORDER BY piece`,
  );
  await duck.run(
    `CREATE TABLE rest_line AS SELECT bill.*, piece FROM bill JOIN piece ON key = ${nodeOfLine} ORDER BY piece`,
  );
  await duck.run(
    `CREATE TABLE rest_record AS SELECT id, piece FROM rest_his JOIN piece ON piece.key = node ORDER BY piece`,
  );
  return duck.one(
    clearedRow,
    `SELECT own.count - rest_own.count AS orders, back.count - rest_back.count AS refunds,
       (own.fen - rest_own.fen - back.fen + rest_back.fen)::BIGINT AS "platformFen", (fee.fen - rest_fee.fen)::BIGINT AS "feeFen"
     FROM (SELECT count(*) AS count, coalesce(sum(fen), 0) AS fen FROM platform WHERE is_own = 1) AS own,
       (SELECT count(*) AS count, coalesce(sum(fen), 0) AS fen FROM rest_order) AS rest_own,
       (SELECT count(*) AS count, coalesce(sum(fen), 0) AS fen FROM refund) AS back,
       (SELECT count(*) AS count, coalesce(sum(fen), 0) AS fen FROM rest_refund) AS rest_back,
       (SELECT coalesce(sum(fee_fen), 0) AS fen FROM bill) AS fee,
       (SELECT coalesce(sum(fee_fen), 0) AS fen FROM rest_line) AS rest_fee`,
  );
}

const pieceRow = z.object({ piece: whole, isSimple: z.boolean() });

async function* piecesOf(duck: Duck): AsyncGenerator<Leftover> {
  const all = await duck.rows(
    pieceRow,
    'SELECT piece, bool_and(is_simple) AS "isSimple" FROM piece GROUP BY piece ORDER BY piece',
  );
  const numbers = async (sql: string, piece: number) =>
    (await duck.rows(numberRow, sql, [piece])).map((row) => row.number);
  for (const { piece, isSimple } of all) {
    yield {
      isSimple,
      orderNos: await numbers('SELECT order_no AS number FROM rest_order WHERE piece = $1', piece),
      refundNos: await numbers('SELECT refund_no AS number FROM rest_refund WHERE piece = $1', piece),
      hisIds: (await duck.rows(idRow, 'SELECT id FROM rest_record WHERE piece = $1', [piece])).map(
        ({ id }) => id,
      ),
      lines: (
        await duck.rows(lineRow.schema, `SELECT ${lineColumns} FROM rest_line WHERE piece = $1`, [piece])
      ).map(toLine),
    };
  }
}
