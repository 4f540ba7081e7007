import path from 'node:path';
import { z } from 'zod';
import { pieces } from '../rows';
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

/** What is asked of the database beside the day's rows at hand. */
export interface LookUp {
  /** Writes `alias.csv`: what HIS may call the day's orders by. */
  readAliases(): Promise<void>;
  /** Every number by which these HIS records may mean an order. */
  numbersOf(hisIds: number[]): Promise<{ id: number; number: string }[]>;
  /** The orders of those numbers, of whatever day and by whatever number that is not their own. */
  ordersNamed(numbers: string[]): Promise<{ orderNo: string; number: string }[]>;
  /** The HIS bills that these orders, or these HIS records, belong to. */
  billsOf(asked: { orderNos: string[] } | { hisIds: number[] }): Promise<OrderBill[]>;
  /** The HIS bills under which HIS booked something for these orders, on whatever day. */
  billsBookedFor(orderNos: string[]): Promise<OrderBill[]>;
  /** Those of these HIS bills that more orders belong to than `known`, of whatever day. */
  sharedBills(bills: { bill: string; known: number }[]): Promise<string[]>;
  /** The orders of these HIS bills. */
  ordersOf(bills: string[]): Promise<OrderBill[]>;
  /** The numbers by which HIS records of these HIS bills may mean an order. */
  recordsOf(bills: string[]): Promise<OrderBill[]>;
}

/** `number`: of the order or the record. */
export interface OrderBill {
  number: string;
  bill: string;
}

export interface Portions {
  /** The rows of so many orders are brought together at once: more of them would go to the disk and back. */
  ordersAtOnce?: number;
  /** So many orders are looked at together: what differs in a day of millions does not lie in memory at once. */
  ordersPerPiece?: number;
}
/** The database is asked about so many numbers at once. */
const numbersAtOnce = 2000;

const clearedRow = z.object({ orders: whole, refunds: whole, platformFen: whole, feeFen: whole });
const countRow = z.object({ count: whole });
const numberRow = z.object({ number: z.string() });
const billRow = z.object({ bill: z.string() });
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
  await linkStrays(duck, lookUp);
  await addTouched(duck);
  await keepBillsTogether(duck, lookUp);
  await cutIntoPieces(duck, ordersPerPiece);
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

/** What a row is looked at with: the rows of the same number; one without a number stands for itself. */
const nodeOf = (key: string, row: 'record' | 'line', id: string): string =>
  `CASE ${key} WHEN '' THEN '#${row} ' || ${id} ELSE ${key} END`;
const nodeOfLine = nodeOf('order_no', 'line', 'line_no');

/** Rows that come as a parameter: columns with their types. */
const given = (columns: Record<string, string>): string =>
  `(SELECT unnest(from_json($1, '${JSON.stringify([columns])}'), recursive := true)) AS given`;
const givenBills = given({ number: 'VARCHAR', bill: 'VARCHAR' });
const givenBillsOfRecords = `${givenBills} JOIN rest_his ON rest_his.id = given.number::BIGINT`;

/**
 * Rows under a number of nobody may mean an order all the same, by another of its numbers or by HIS's bill. `link` holds
 * their numbers and whose they are, `his_bill` their bills and what else belongs to these.
 */
async function linkStrays(duck: Duck, lookUp: LookUp): Promise<void> {
  await duck.run('CREATE TABLE link (node VARCHAR, number VARCHAR)');
  await duck.run('CREATE TABLE his_bill (node VARCHAR, bill VARCHAR)');
  await duck.run(
    `INSERT INTO link FROM (
       SELECT ${nodeOfLine} AS node, unnest([order_no, channel_no, refund_no]) AS number
       FROM bill SEMI JOIN (FROM rest WHERE NOT known) AS lone ON lone.key = bill.order_no) WHERE number <> ''`,
  );
  const strays = await duck.rows(idRow, 'SELECT id FROM rest_his WHERE NOT known');
  for (const page of pieces(strays, numbersAtOnce)) {
    const hisIds = page.map(({ id }) => id);
    await duck.run(
      `INSERT INTO link SELECT node, number FROM ${given({ id: 'BIGINT', number: 'VARCHAR' })} JOIN rest_his USING (id)`,
      [JSON.stringify(await lookUp.numbersOf(hisIds))],
    );
    const bills = await lookUp.billsOf({ hisIds });
    await duck.run(`INSERT INTO his_bill SELECT node, bill FROM ${givenBillsOfRecords}`, [
      JSON.stringify(bills),
    ]);
    await noteOrdersOf(duck, lookUp, billsIn(bills));
  }
  const numbers = await duck.rows(numberRow, 'SELECT DISTINCT number FROM link');
  for (const page of pieces(numbers, numbersAtOnce)) {
    const named = await lookUp.ordersNamed(page.map(({ number }) => number));
    await duck.run(
      `INSERT INTO link SELECT "orderNo", number FROM ${given({ orderNo: 'VARCHAR', number: 'VARCHAR' })}`,
      [JSON.stringify(named)],
    );
  }
}

const billsIn = (found: OrderBill[]): Set<string> => new Set(found.map(({ bill }) => bill));

async function noteOrdersOf(duck: Duck, lookUp: LookUp, bills: Iterable<string>): Promise<void> {
  for (const page of pieces(bills, numbersAtOnce)) {
    const orders = JSON.stringify(await lookUp.ordersOf(page));
    await duck.run(`INSERT INTO his_bill SELECT number, bill FROM ${givenBills}`, [orders]);
  }
}

/** An order of the day that is meant like this joins the rest; every other number concerns itself alone. */
async function addTouched(duck: Duck): Promise<void> {
  await duck.run(
    `CREATE TABLE touched AS SELECT key FROM platform WHERE is_own = 1
       AND key IN (SELECT node FROM link UNION ALL SELECT number FROM link UNION ALL SELECT node FROM his_bill)`,
  );
  await duck.run(`UPDATE rest SET is_simple = false WHERE NOT known OR key IN (FROM touched)`);
  await duck.run(
    `INSERT INTO rest_his SELECT id, key, true, key FROM his WHERE key IN (FROM touched) AND key NOT IN (SELECT key FROM rest)`,
  );
  await duck.run(
    `INSERT INTO rest SELECT key, true, false, false FROM touched WHERE key NOT IN (SELECT key FROM rest)`,
  );
}

/** Rows that HIS calls one bill are looked at together, whatever orders they name. */
async function keepBillsTogether(duck: Duck, lookUp: LookUp): Promise<void> {
  const note = (bills: OrderBill[]): Promise<void> =>
    duck.run(`INSERT INTO his_bill SELECT number, bill FROM ${givenBills}`, [JSON.stringify(bills)]);
  const nextOrders = (after: string) =>
    duck.rows(
      numberRow,
      `SELECT key AS number FROM rest WHERE known AND key > $1 ORDER BY key LIMIT ${numbersAtOnce}`,
      [after],
    );
  for (let orders = await nextOrders(''); orders.length > 0; ) {
    const orderNos = orders.map(({ number }) => number);
    const own = await lookUp.billsOf({ orderNos });
    const booked = await lookUp.billsBookedFor(orderNos);
    await note(own);
    await note(booked);
    // Orders of other days belong to it too, and those that agree.
    const known = new Map(booked.map(({ bill }) => [bill, 0]));
    for (const { bill } of own) known.set(bill, (known.get(bill) ?? 0) + 1);
    const shared = await lookUp.sharedBills([...known].map(([bill, times]) => ({ bill, known: times })));
    await noteOrdersOf(duck, lookUp, shared);
    orders = await nextOrders(orders.at(-1)?.number ?? '');
  }
  // Orders of other days that rows of this day mean may be one bill as well.
  const others = await duck.rows(
    numberRow,
    'SELECT DISTINCT node AS number FROM link WHERE node NOT IN (SELECT key FROM rest WHERE known)',
  );
  for (const page of pieces(others, numbersAtOnce)) {
    const orderNos = page.map(({ number }) => number);
    const found = [...(await lookUp.billsOf({ orderNos })), ...(await lookUp.billsBookedFor(orderNos))];
    await note(found);
    await noteOrdersOf(duck, lookUp, billsIn(found));
  }
  await duck.run(
    `UPDATE rest SET is_simple = false WHERE key IN (
       SELECT node FROM his_bill WHERE bill IN (SELECT bill FROM his_bill GROUP BY bill HAVING count(DISTINCT node) > 1))`,
  );
  const bills = await duck.rows(billRow, 'SELECT DISTINCT bill FROM his_bill');
  for (const page of pieces(bills, numbersAtOnce)) {
    await duck.run(`INSERT INTO link SELECT number, 'bill ' || bill FROM ${givenBills}`, [
      JSON.stringify(await lookUp.recordsOf(page.map(({ bill }) => bill))),
    ]);
  }
}

/**
 * What is linked by numbers or bills, however many steps apart, goes into one piece. Those of simple orders have odd numbers.
 * Names are compared by their hashes: two of one hash would lie in one piece needlessly, and nothing more.
 */
async function cutIntoPieces(duck: Duck, ordersPerPiece: number): Promise<void> {
  await duck.run(
    `CREATE TABLE edge AS WITH pairs AS (
       SELECT hash(node) AS a, hash(number) AS b FROM link
       UNION ALL SELECT hash(node), hash('bill ' || bill) FROM his_bill)
     SELECT a, b FROM pairs WHERE a <> b UNION SELECT b, a FROM pairs WHERE a <> b`,
  );
  // Each takes the least name within a step and what that has taken, until nobody finds a lesser one.
  await duck.run('CREATE TABLE label AS SELECT a AS name, least(a, min(b)) AS least FROM edge GROUP BY a');
  for (let count = 1; count > 0; ) {
    await duck.run(
      `CREATE OR REPLACE TABLE lesser AS
       SELECT a AS name, min(least(beside.least, beyond.least)) AS least
       FROM edge JOIN label AS beside ON beside.name = b JOIN label AS beyond ON beyond.name = beside.least GROUP BY a`,
    );
    ({ count } = await duck.one(
      countRow,
      'SELECT count(*) AS count FROM label JOIN lesser USING (name) WHERE lesser.least < label.least',
    ));
    await duck.run(
      `CREATE OR REPLACE TABLE label AS
       SELECT name, least(label.least, lesser.least) AS least FROM label JOIN lesser USING (name)`,
    );
  }
  await duck.run(
    `CREATE TABLE piece AS WITH nodes AS (
       SELECT key, is_simple FROM rest WHERE key <> ''
       UNION SELECT node, false FROM rest_his WHERE key = ''
       UNION SELECT ${nodeOfLine}, false FROM bill WHERE order_no = ''),
     named AS (SELECT nodes.*, coalesce(least, hash(key)) AS whole FROM nodes LEFT JOIN label ON name = hash(key)),
     wholes AS (
       SELECT whole, bool_and(is_simple) AND count(DISTINCT key) = 1 AS is_simple, min(key) AS first, count(*) AS size
       FROM named GROUP BY whole),
     placed AS (
       SELECT whole, is_simple,
         2 * ((sum(size) OVER (PARTITION BY is_simple ORDER BY first, whole) - 1)::BIGINT // ${ordersPerPiece}) + is_simple::BIGINT AS piece
       FROM wholes)
     SELECT DISTINCT key, placed.is_simple, piece FROM named JOIN placed USING (whole)`,
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
