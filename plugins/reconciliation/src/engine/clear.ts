import path from 'node:path';
import { z } from 'zod';
import { type ArchivedLine, lineColumns, lineRow, toLine } from './bill-lines';
import { type Duck, literal, smallBuffers, whole } from './duck';
import { csvColumns, type Source } from './extract';

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
  /** None of these orders shares a number or a bill with another one. */
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

/** What is asked of the database beside the day's rows at hand. */
export interface LookUp {
  /** Writes `alias.csv`: what HIS may call the day's orders by. */
  readAliases(): Promise<void>;
  /** Every number by which these HIS records may mean an order. */
  numbersOf(hisIds: number[]): Promise<string[]>;
  /** The orders of those numbers, of whatever day and by whatever number. */
  ordersNamed(numbers: string[]): Promise<string[]>;
  /** The HIS bills that these orders, or these HIS records, belong to. */
  billsOf(asked: { orderNos: string[] } | { hisIds: number[] }): Promise<{ number: string; bill: string }[]>;
  /** Those of these HIS bills that more orders belong to than `known`, of whatever day. */
  sharedBills(bills: { bill: string; known: number }[]): Promise<string[]>;
  /** The orders of these HIS bills. */
  ordersOf(bills: string[]): Promise<{ number: string; bill: string }[]>;
}

/** So many orders are looked at together: what differs in a day of millions does not lie in memory at once. */
const ordersPerPiece = 2000;
/** The rows of so many orders are brought together at once: more of them would go to the disk and back. */
const mostAtOnce = 1_500_000;

const clearedRow = z.object({ orders: whole, refunds: whole, platformFen: whole, feeFen: whole });
const countRow = z.object({ count: whole });
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
  ordersAtOnce = mostAtOnce,
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
  await addTouched(duck, lookUp);
  await keepBillsTogether(duck, lookUp);
  await duck.run(
    `CREATE TABLE piece AS SELECT key,
       CASE WHEN is_simple THEN 1 + (row_number() OVER (PARTITION BY is_simple ORDER BY key) - 1) // ${ordersPerPiece} ELSE 0 END AS piece
     FROM rest`,
  );
  return { cleared: await sumCleared(duck), leftovers: () => pieces(duck) };
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
    await duck.run(`CREATE VIEW ${source} AS SELECT * FROM ${csvOf(source, folder)}`);
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
    `CREATE OR REPLACE TABLE rest_his AS SELECT id, key, known FROM his JOIN rest USING (key) WHERE NOT is_sibling`,
  );
}

/**
 * Rows under a number of nobody may mean an order all the same, by another of its numbers or by HIS's bill: that order
 * joins the rest.
 * Such rows and orders are looked at together; every other number concerns itself alone.
 */
async function addTouched(duck: Duck, lookUp: LookUp): Promise<void> {
  const numbers = new Set<string>();
  const bills = new Set<string>();
  const learn = (number: string): void => {
    if (number !== '') numbers.add(number);
  };
  for await (const ids of duck.batches(idRow, 'SELECT id FROM rest_his WHERE NOT known')) {
    const hisIds = ids.map(({ id }) => id);
    for (const number of await lookUp.numbersOf(hisIds)) learn(number);
    for (const { bill } of await lookUp.billsOf({ hisIds })) bills.add(bill);
  }
  const lines = `SELECT unnest([order_no, channel_no, refund_no]) AS number
    FROM bill SEMI JOIN (FROM rest WHERE NOT known) AS lone ON lone.key = bill.order_no`;
  for (const { number } of await duck.rows(numberRow, `FROM (${lines}) WHERE number <> ''`)) learn(number);
  const ofBills = await lookUp.ordersOf([...bills]);
  const named = [...(await lookUp.ordersNamed([...numbers])), ...ofBills.map(({ number }) => number)];
  await duck.run(
    `CREATE TABLE touched AS SELECT key FROM platform
     WHERE is_own = 1 AND key IN (SELECT unnest(from_json($1, '["VARCHAR"]')))`,
    [JSON.stringify(named)],
  );
  await duck.run(`UPDATE rest SET is_simple = false WHERE NOT known OR key IN (FROM touched)`);
  await duck.run(
    `INSERT INTO rest_his SELECT id, key, true FROM his WHERE key IN (FROM touched) AND key NOT IN (SELECT key FROM rest)`,
  );
  await duck.run(
    `INSERT INTO rest SELECT key, true, false, false FROM touched WHERE key NOT IN (SELECT key FROM rest)`,
  );
}

/** Rows that HIS calls one bill are looked at together, whatever orders they name. */
async function keepBillsTogether(duck: Duck, lookUp: LookUp): Promise<void> {
  await duck.run('CREATE TABLE his_bill (key VARCHAR, bill VARCHAR)');
  const named = `(SELECT unnest(from_json($1, '[{"number": "VARCHAR", "bill": "VARCHAR"}]'), recursive := true)) AS named`;
  /** `known`: how many orders of each bill are at hand. */
  const learn = async (
    found: { number: string; bill: string }[],
    insert: string,
    known: Map<string, number>,
  ): Promise<void> => {
    if (found.length === 0) return;
    await duck.run(`INSERT INTO his_bill ${insert}`, [JSON.stringify(found)]);
    // Orders of other days belong to it too, and those that agree.
    const shared = await lookUp.sharedBills([...known].map(([bill, times]) => ({ bill, known: times })));
    if (shared.length === 0) return;
    const orders = await lookUp.ordersOf(shared);
    await duck.run(`INSERT INTO his_bill SELECT number, bill FROM ${named}`, [JSON.stringify(orders)]);
  };
  const ofOrders = new Set<string>();
  const nextOrders = (after: string) =>
    duck.rows(
      numberRow,
      `SELECT key AS number FROM rest WHERE known AND key > $1 ORDER BY key LIMIT ${ordersPerPiece}`,
      [after],
    );
  let orders = await nextOrders('');
  while (orders.length > 0) {
    const found = await lookUp.billsOf({ orderNos: orders.map(({ number }) => number) });
    const known = new Map<string, number>();
    for (const { bill } of found) {
      known.set(bill, (known.get(bill) ?? 0) + 1);
      ofOrders.add(bill);
    }
    await learn(found, `SELECT number, bill FROM ${named}`, known);
    orders = await nextOrders(orders.at(-1)?.number ?? '');
  }
  const nextRecords = (after: number) =>
    duck.rows(idRow, `SELECT id FROM rest_his WHERE id > $1 ORDER BY id LIMIT ${ordersPerPiece}`, [after]);
  let records = await nextRecords(0);
  while (records.length > 0) {
    const found = await lookUp.billsOf({ hisIds: records.map(({ id }) => id) });
    const others = found.filter(({ bill }) => !ofOrders.has(bill));
    await learn(
      found,
      `SELECT rest_his.key, named.bill FROM ${named} JOIN rest_his ON rest_his.id = named.number::BIGINT`,
      new Map(others.map(({ bill }) => [bill, 0])),
    );
    records = await nextRecords(records.at(-1)?.id ?? 0);
  }
  await duck.run(
    `UPDATE rest SET is_simple = false WHERE key IN (
       SELECT key FROM his_bill WHERE bill IN (SELECT bill FROM his_bill GROUP BY bill HAVING count(DISTINCT key) > 1))`,
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
    `CREATE TABLE rest_line AS SELECT bill.*, piece FROM bill JOIN piece ON key = order_no ORDER BY piece`,
  );
  await duck.run(
    `CREATE TABLE rest_record AS SELECT id, piece FROM rest_his JOIN piece USING (key) ORDER BY piece`,
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

async function* pieces(duck: Duck): AsyncGenerator<Leftover> {
  const { count } = await duck.one(countRow, 'SELECT coalesce(max(piece), -1) + 1 AS count FROM piece');
  const numbers = async (sql: string, piece: number) =>
    (await duck.rows(numberRow, sql, [piece])).map((row) => row.number);
  for (let piece = 0; piece < count; piece++) {
    yield {
      isSimple: piece > 0,
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
