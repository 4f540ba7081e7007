import { z } from 'zod';
import { pieces } from '../rows';
import { type Duck, whole } from './duck';
import type { LookUp, OrderBill } from './look-up';

/**
 * What of a day's rest belongs together. The day's tables are those of `clear`: `rest` of numbers, `rest_his` of HIS records,
 * the sources as views.
 */

/** The database is asked about so many numbers at once. */
const numbersAtOnce = 2000;

const countRow = z.object({ count: whole });
const numberRow = z.object({ number: z.string() });
const billRow = z.object({ bill: z.string() });
const idRow = z.object({ id: whole });

/**
 * Adds to the rest what it is linked to, and gives each of its numbers, or rows without a number, its `piece`: numbers that
 * are linked have the same one.
 */
export async function cutRest(duck: Duck, lookUp: LookUp, ordersPerPiece: number): Promise<void> {
  await linkStrays(duck, lookUp);
  await addTouched(duck);
  await keepBillsTogether(duck, lookUp);
  await cutIntoPieces(duck, ordersPerPiece);
}

/** What a query gives, in its order, as many rows at a time as the database is asked about: it may be the whole day. */
async function* pagesOf<Row extends z.ZodType>(
  duck: Duck,
  row: Row,
  select: string,
): AsyncGenerator<z.output<Row>[]> {
  await duck.run(
    `CREATE OR REPLACE TABLE asked AS
     SELECT *, (row_number() OVER () - 1) // ${numbersAtOnce} AS page FROM (${select})`,
  );
  for (let page = 0; ; page++) {
    const rows = await duck.rows(row, 'SELECT * EXCLUDE (page) FROM asked WHERE page = $1', [page]);
    if (rows.length === 0) return;
    yield rows;
  }
}

/** What a row is looked at with: the rows of the same number; one without a number stands for itself. */
export const nodeOf = (key: string, row: 'record' | 'line', id: string): string =>
  `CASE ${key} WHEN '' THEN '#${row} ' || ${id} ELSE ${key} END`;
export const nodeOfLine = nodeOf('order_no', 'line', 'line_no');

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
  for await (const page of pagesOf(duck, idRow, 'SELECT id FROM rest_his WHERE NOT known ORDER BY id')) {
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
  for await (const page of pagesOf(duck, numberRow, 'SELECT DISTINCT number FROM link ORDER BY number')) {
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
  const known = `SELECT key AS number FROM rest WHERE known AND key <> '' ORDER BY key`;
  for await (const page of pagesOf(duck, numberRow, known)) {
    const orderNos = page.map(({ number }) => number);
    const own = await lookUp.billsOf({ orderNos });
    const booked = await lookUp.billsBookedFor(orderNos);
    await note(own);
    await note(booked);
    // Orders of other days belong to it too, and those that agree.
    const times = new Map(booked.map(({ bill }) => [bill, 0]));
    for (const { bill } of own) times.set(bill, (times.get(bill) ?? 0) + 1);
    const shared = await lookUp.sharedBills([...times].map(([bill, count]) => ({ bill, known: count })));
    await noteOrdersOf(duck, lookUp, shared);
  }
  // Orders of other days that rows of this day mean may be one bill as well.
  const others =
    'SELECT DISTINCT node AS number FROM link WHERE node NOT IN (SELECT key FROM rest WHERE known) ORDER BY number';
  for await (const page of pagesOf(duck, numberRow, others)) {
    const orderNos = page.map(({ number }) => number);
    const found = [...(await lookUp.billsOf({ orderNos })), ...(await lookUp.billsBookedFor(orderNos))];
    await note(found);
    await noteOrdersOf(duck, lookUp, billsIn(found));
  }
  await duck.run(
    `UPDATE rest SET is_simple = false WHERE key IN (
       SELECT node FROM his_bill WHERE bill IN (SELECT bill FROM his_bill GROUP BY bill HAVING count(DISTINCT node) > 1))`,
  );
  for await (const page of pagesOf(duck, billRow, 'SELECT DISTINCT bill FROM his_bill ORDER BY bill')) {
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
    `CREATE TABLE named AS WITH nodes AS (
       SELECT key, is_simple FROM rest WHERE key <> ''
       UNION SELECT node, false FROM rest_his WHERE key = ''
       UNION SELECT ${nodeOfLine}, false FROM bill WHERE order_no = '')
     SELECT nodes.*, coalesce(least, hash(key)) AS whole FROM nodes LEFT JOIN label ON name = hash(key)`,
  );
  for (const table of ['link', 'his_bill', 'edge', 'label', 'lesser']) await duck.run(`DROP TABLE ${table}`);
  // Added up row by row as they are sorted, which takes no memory however many there are.
  await duck.run(
    `CREATE TABLE placed AS
     SELECT whole, is_simple, 2 * ((sum(size) OVER (ROWS UNBOUNDED PRECEDING) - 1)::BIGINT // ${ordersPerPiece}) + is_simple::BIGINT AS piece
     FROM (
       SELECT whole, bool_and(is_simple) AND min(key) = max(key) AS is_simple, min(key) AS first, count(*) AS size
       FROM named GROUP BY whole ORDER BY is_simple, first, whole)`,
  );
  await duck.run(
    `CREATE TABLE piece AS SELECT DISTINCT key, placed.is_simple, piece FROM named JOIN placed USING (whole)`,
  );
  for (const table of ['named', 'placed']) await duck.run(`DROP TABLE ${table}`);
}
