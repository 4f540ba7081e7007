import { createHash } from 'node:crypto';
import type { Bilingual } from '@hospital-pay/errors';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { z } from 'zod';

/** Any number that no other advisory lock of ours takes: instances that boot together make the views one after another. */
const viewsLock = 7_209_001;

/** What the views must say in the words of one database. */
export interface Dialect {
  /** A table of the platform. */
  from(table: string): string;
  /** The view itself, as other views name it. */
  view(name: string): string;
  /** A column of the platform as a moment of UTC. */
  moment(column: string): string;
  /** The one row of `clock`. */
  clock: string;
  /** When a day of the hospital, written as 2026-03-01, begins. */
  dayBegins(date: string): string;
  /** A moment so many minutes later, or earlier. */
  shifted(moment: string, minutes: number): string;
  /** Seconds from one moment to a later one. */
  seconds(from: string, to: string): string;
  now: string;
}

/** What a dashboard calls the codes in the tables. */
export interface Words {
  channels: Names;
  /** Of an enumeration: content type and attribute. */
  of(type: string, attribute: string): Names;
}
type Names = Readonly<Record<string, Bilingual>>;

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * `zone` is the zone in which this process writes moments: a driver puts a Date down as the process' local time. In UTC the
 * column itself is shown and its index serves the panels; elsewhere it is converted, which an index cannot follow.
 */
export function postgresDialect(schema: string, zone: string): Dialect {
  const from = (table: string) => `"${schema}"."${table}"`;
  const local = (day: string) => `${day} AT TIME ZONE zone AT TIME ZONE 'UTC'`;
  return {
    from,
    view: (name) => `wall.${name}`,
    moment: (column) =>
      zone === 'UTC' ? column : `(${column} AT TIME ZONE ${quoted(zone)} AT TIME ZONE 'UTC')`,
    clock: `
      SELECT zone, at AS now, ${local('today')} AS today, ${local("(today - interval '1 day')")} AS yesterday,
        ${local("(local - interval '1 day')")} AS yesterday_now, to_char(local, 'YYYY-MM-DD') AS date,
        at - interval '15 minutes' AS quarter_ago, at - interval '1 hour' AS hour_ago,
        at - interval '7 days' AS week_ago
      FROM (SELECT zone, at, local, date_trunc('day', local) AS today
        FROM (SELECT zone, at, at AT TIME ZONE 'UTC' AT TIME ZONE zone AS local
          FROM (SELECT now() AT TIME ZONE 'UTC' AS at, coalesce(
            (SELECT zone FROM ${from('merchants')} WHERE enabled ORDER BY code LIMIT 1), 'Asia/Shanghai') AS zone
          ) AS hospital) AS here) AS day`,
    dayBegins: (date) => `(SELECT ${date}::timestamp AT TIME ZONE zone AT TIME ZONE 'UTC' FROM wall.clock)`,
    shifted: (moment, minutes) => `${moment} + interval '${minutes} minutes'`,
    seconds: (start, end) => `extract(epoch FROM ${end} - ${start})`,
    now: "(now() AT TIME ZONE 'UTC')",
  };
}

export const clockColumns = [
  'now',
  'today',
  'yesterday',
  'yesterday_now',
  'date',
  'quarter_ago',
  'hour_ago',
  'week_ago',
] as const;

/** SQLite knows no zones: `hospital_time(zone, name)` and `hospital_day(zone, date)` are given to the connection that reads. */
export const sqliteDialect: Dialect = {
  from: (table) => table,
  view: (name) => `wall_${name}`,
  moment: (column) => column,
  clock: `
    SELECT zone, ${clockColumns.map((name) => `hospital_time(zone, '${name}') AS ${name}`).join(', ')}
    FROM (SELECT coalesce(
      (SELECT zone FROM merchants WHERE enabled ORDER BY code LIMIT 1), 'Asia/Shanghai') AS zone) AS hospital`,
  dayBegins: (date) => `hospital_day((SELECT zone FROM wall_clock), ${date})`,
  shifted: (moment, minutes) => `${moment} + ${minutes * 60_000}`,
  seconds: (start, end) => `(${end} - ${start}) / 1000.0`,
  now: '(SELECT now FROM wall_clock)',
};

/** The newest orders a feed can reach back to. */
const feedLength = 500;
const dayMinutes = 24 * 60;
/** What waits longer than this is late. */
const lateMinutes = 10;
const topics: Names = {
  'his.confirm': { zh: 'HIS 记账', en: 'HIS booking' },
  'his.refund': { zh: 'HIS 退费', en: 'HIS refund' },
  alarm: { zh: '告警', en: 'Alert' },
};
/** Whose newest row is looked at: table and the moment of a row. */
const sources = [
  { zh: '订单', en: 'Orders', table: 'orders', column: 'created_time' },
  { zh: '接口调用', en: 'Calls', table: 'interface_logs', column: 'at' },
  { zh: '异步通知', en: 'Notifications', table: 'notifications', column: 'received_at' },
  { zh: 'HIS 记账', en: 'HIS booking', table: 'his_records', column: 'occurred_at' },
  { zh: '对账', en: 'Reconciliation', table: 'reconciliation_runs', column: 'created_time' },
];

/**
 * The read-only face of the database for a dashboard, one view for each subject. No view shows a patient, a card or what a
 * call said. Moments are UTC (a timestamp without zone on PostgreSQL, as Grafana takes them; milliseconds on SQLite);
 * `_yuan` is fen ÷ 100, for display only, and null where the currency is not CNY, so that sums never mix currencies.
 */
export function wallViews(dialect: Dialect, words: Words): Record<string, string> {
  const { from, view, moment, clock, dayBegins, shifted, seconds, now } = dialect;
  const yuan = (fen: string, currency = 'currency') =>
    `CASE WHEN ${currency} = 'CNY' THEN ${fen} / 100.0 END`;
  const latest = (column: string, table: string) => `SELECT ${moment(`max(${column})`)} FROM ${from(table)}`;
  const named = (column: string, names: Names, unknown = column) => {
    const cases = Object.entries(names).map(([code, { zh }]) => `WHEN ${quoted(code)} THEN ${quoted(zh)}`);
    return cases.length > 0 ? `CASE ${column} ${cases.join(' ')} ELSE ${unknown} END` : unknown;
  };
  const channelName = (column = 'channel') => named(column, words.channels, `coalesce(${column}, 'HIS')`);
  const currencyOf = "coalesce(a.currency, 'CNY')";

  return {
    clock,
    merchants: `SELECT code, name, kind, zone, enabled FROM ${from('merchants')}`,
    accounts: `
      SELECT code, name, channel, ${channelName()} AS channel_name, merchant_code, enabled, coalesce((
        SELECT currency FROM ${from('orders')} o WHERE o.account_code = a.code ORDER BY created_time DESC LIMIT 1
      ), 'CNY') AS currency
      FROM ${from('channel_accounts')} a`,
    orders: `
      SELECT ${moment('at')} AS time, ${shifted(moment('at'), dayMinutes)} AS a_day_later, merchant_code, channel,
        ${channelName()} AS channel_name, scene, ${named('scene', words.of('order', 'scene'))} AS scene_name, currency,
        orders, paid, failed, unknown, closed, open, ${yuan('paid_fen')} AS paid_yuan
      FROM ${from('order_minutes')}`,
    feed: `
      SELECT ${moment('created_time')} AS time, merchant_code, channel, ${channelName()} AS channel_name,
        ${named('scene', words.of('order', 'scene'))} AS scene_name, '…' || substr(order_no, length(order_no) - 5) AS order_tail,
        status, ${named('status', words.of('order', 'status'))} AS status_name, ${yuan('amount_fen')} AS amount_yuan
      FROM (SELECT * FROM ${from('orders')} ORDER BY created_time DESC LIMIT ${feedLength}) AS newest`,
    refunds: `
      SELECT ${moment('at')} AS time, merchant_code, channel, ${channelName()} AS channel_name, currency,
        refunds, succeeded, failed, unknown, open, ${yuan('succeeded_fen')} AS succeeded_yuan
      FROM ${from('refund_minutes')}`,
    // By when they failed, which may be days after they were asked for; nothing touches them after that.
    failed_refunds: `
      SELECT ${moment('updated_at')} AS time, merchant_code, channel, ${channelName()} AS channel_name
      FROM ${from('refunds')} WHERE status = 'failed'`,
    calls: `
      SELECT ${moment('at')} AS time, channel, ${channelName()} AS channel_name, method, direction,
        ${named('direction', words.of('interface-log', 'direction'))} AS direction_name, bound_ms, calls, errors
      FROM ${from('call_minutes')}`,
    errors: `
      SELECT ${moment('m.at')} AS time, m.channel, ${channelName('m.channel')} AS channel_name, m.action, m.error_code,
        m.error_message, m.advice, m.errors, k.meaning_en, k.advice_en
      FROM ${from('error_minutes')} m
      LEFT JOIN ${from('error_knowledges')} k ON k.channel = m.channel AND k.code = m.error_code`,
    discrepancies: `
      SELECT ${moment('d.occurred_at')} AS time, d.merchant_code, d.account_code, a.channel, d.pay_type, d.kind,
        ${named('d.kind', words.of('discrepancy', 'kind'))} AS kind_name, d.leg, d.status, d.source, d.date, d.due_on,
        ${moment('d.resolved_at')} AS resolved_at, d.resolution,
        d.status IN ('open', 'pending_approval', 'refunding', 'in_transit') AS is_open,
        ${yuan('d.difference_fen', currencyOf)} AS difference_yuan
      FROM ${from('discrepancies')} d LEFT JOIN ${view('accounts')} a ON a.code = d.account_code`,
    runs: `
      SELECT ${moment('created_time')} AS time, run_no, merchant_code, channel, ${channelName()} AS channel_name,
        account_code, date, status, ${named('status', words.of('reconciliation-run', 'status'))} AS status_name, stage,
        error_code, error_message, ${moment('started_at')} AS started_at, ${moment('finished_at')} AS finished_at,
        ${seconds('started_at', 'finished_at')} AS seconds
      FROM ${from('reconciliation_runs')}`,
    daily_totals: `
      SELECT t.date, ${dayBegins('t.date')} AS time, t.merchant_code, t.account_code, a.channel, t.pay_type,
        ${channelName('t.pay_type')} AS pay_type_name, t.his_count, t.platform_count, t.channel_count,
        ${yuan('t.his_fen', currencyOf)} AS his_yuan,
        ${yuan('t.platform_fen', currencyOf)} AS platform_yuan,
        ${yuan('t.channel_fen', currencyOf)} AS channel_yuan,
        ${yuan('t.difference_fen', currencyOf)} AS difference_yuan,
        ${yuan('t.fee_fen', currencyOf)} AS fee_yuan
      FROM ${from('daily_totals')} t LEFT JOIN ${view('accounts')} a ON a.code = t.account_code`,
    messages: `
      SELECT ${moment('at')} AS time, kind, level, ${named('level', words.of('message', 'level'))} AS level_name, title,
        read_at IS NOT NULL AS is_read, resolved_at IS NULL AND acknowledged_at IS NULL AS is_open, title_en
      FROM ${from('messages')}`,
    backlog: `
      SELECT topic, ${named('topic', topics)} AS topic_name, status, ${named('status', words.of('outbox', 'status'))} AS status_name, count(*) AS waiting,
        count(*) FILTER (WHERE ${moment('created_time')} < ${shifted(now, -lateMinutes)}) AS late,
        ${moment('min(next_at)')} AS oldest
      FROM ${from('outboxes')} WHERE status IN ('pending', 'dead') GROUP BY topic, status`,
    freshness: `
      SELECT source, place, latest, ${seconds('latest', now)} AS age_seconds
      FROM (
        ${sources.map(({ zh, table, column }, place) => `SELECT ${quoted(zh)} AS source, ${place + 1} AS place, (${latest(column, table)}) AS latest`).join(' UNION ALL ')}
      ) AS sources`,
  };
}

const options = z.object({
  pluginOptions: z.object({
    lowcode: z.object({ options: z.array(z.object({ value: z.string(), zh: z.string(), en: z.string() })) }),
  }),
});

/** What the screens call the codes is what the dashboards call them. */
export const wordsOf = (strapi: Core.Strapi): Words => ({
  channels: Object.fromEntries(
    payments(strapi)
      .channels()
      .map(({ code, title }) => [code, title]),
  ),
  of(type, attribute) {
    const known = options.parse(strapi.contentType(`api::${type}.${type}`)?.attributes[attribute]);
    return Object.fromEntries(
      known.pluginOptions.lowcode.options.map(({ value, zh, en }) => [value, { zh, en }]),
    );
  },
});

/** The English of what the views say in Chinese. */
export function englishOf(words: Words): Record<string, string> {
  const english: Record<string, string> = {};
  const note = (names: Iterable<Bilingual>) => {
    for (const { zh, en } of names) english[zh] = en;
  };
  note([...Object.values(words.channels), ...Object.values(topics), ...sources]);
  wallViews(sqliteDialect, {
    ...words,
    of(type, attribute) {
      const names = words.of(type, attribute);
      note(Object.values(names));
      return names;
    },
  });
  return english;
}

/** Begins the comment of every view made here; a digest of its definition follows. */
const mark = 'hospital-pay ';
const digest = (query: string) => mark + createHash('sha256').update(query).digest('hex').slice(0, 16);

const views = z.object({ rows: z.array(z.object({ name: z.string(), comment: z.string().nullable() })) });
const readers = z.object({ rows: z.array(z.object({ name: z.string(), reader: z.string() })) });
type Reader = z.output<typeof readers>['rows'][number];

/**
 * Makes schema `wall` on PostgreSQL, or makes it again where this version has it differently; on SQLite whoever reads makes
 * the views for itself. An account that may not make a schema is no reason not to take payments: it is said in the log and
 * the platform goes on without views.
 */
export async function createWallViews(strapi: Core.Strapi): Promise<void> {
  await tryViews(strapi, (trx, definitions) => makeViews(trx, definitions));
}

/**
 * PostgreSQL alters no column that a view reads. Where synchronising the tables alters one, our views go before and come
 * back afterwards, with those who may read them. Call it before the tables are synchronised.
 */
export function stepAsideForColumns(strapi: Core.Strapi): void {
  if (strapi.db.dialect.client !== 'postgres') return;
  const { builder } = strapi.db.schema;
  const update: typeof builder.updateSchema = builder.updateSchema.bind(builder);
  builder.updateSchema = async (difference) => {
    if (difference.tables.updated.every(({ columns }) => columns.updated.length === 0)) {
      return update(difference);
    }
    let gone: Reader[] = [];
    await tryViews(strapi, async (trx, definitions) => {
      gone = await dropViews(trx, definitions);
    });
    try {
      await update(difference);
    } finally {
      await tryViews(strapi, (trx, definitions) => makeViews(trx, definitions, gone));
    }
  };
}

type Definitions = Readonly<Record<string, string>>;

async function tryViews(
  strapi: Core.Strapi,
  work: (trx: Knex.Transaction, definitions: Definitions) => Promise<void>,
): Promise<void> {
  if (strapi.db.dialect.client !== 'postgres') return;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const dialect = postgresDialect(strapi.db.getSchemaName() ?? 'public', timeZone);
  try {
    await strapi.db.connection.transaction(async (trx) => {
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [viewsLock]);
      await work(trx, wallViews(dialect, wordsOf(strapi)));
    });
  } catch (error) {
    strapi.log.warn(`monitoring: no views for dashboards: ${error instanceof Error ? error.message : error}`);
  }
}

async function viewsOf(trx: Knex): Promise<{ name: string; comment: string | null }[]> {
  const found: unknown = await trx.raw(
    `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
     FROM pg_class c WHERE c.relnamespace = to_regnamespace('wall') AND c.relkind = 'v'`,
  );
  return views.parse(found).rows;
}

/** Nothing is touched that is as it should be. `lost`: who could read views that are gone. */
async function makeViews(trx: Knex.Transaction, definitions: Definitions, lost: Reader[] = []) {
  const stand = new Map((await viewsOf(trx)).map(({ name, comment }) => [name, comment]));
  const changed = Object.entries(definitions).filter(([name, query]) => stand.get(name) !== digest(query));
  if (changed.length === 0) return;
  const make = async (on: Knex, all: [string, string][]) => {
    for (const [name, query] of all) {
      await on.raw(`CREATE OR REPLACE VIEW wall.${name} AS ${query}`);
      await on.raw(`COMMENT ON VIEW wall.${name} IS '${digest(query)}'`);
    }
  };
  await trx.raw('CREATE SCHEMA IF NOT EXISTS wall');
  let read = lost;
  try {
    await trx.transaction((inner) => make(inner, changed));
  } catch (error) {
    if (!isOtherShape(error)) throw error;
    read = await dropViews(trx, definitions);
    await make(trx, Object.entries(definitions));
  }
  for (const { name, reader } of read)
    if (name in definitions) await trx.raw('GRANT SELECT ON wall.?? TO ??', [name, reader]);
}

/** A view may gain columns at its end in place; with any other change it has to be made anew. */
const isOtherShape = (error: unknown): boolean =>
  z.object({ code: z.literal('42P16') }).safeParse(error).success;

/**
 * Drops what was made here, by any version, and nothing else: a view that somebody else has put there stays, and one that
 * reads ours keeps them. Gives who could read them.
 */
async function dropViews(trx: Knex.Transaction, definitions: Definitions): Promise<Reader[]> {
  const stand = await viewsOf(trx);
  const own = stand.filter(({ name, comment }) => name in definitions || comment?.startsWith(mark));
  if (own.length === 0) return [];
  const names = own.map(({ name }) => name);
  const found: unknown = await trx.raw(
    `SELECT c.relname AS name, r.rolname AS reader
     FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'wall'::regnamespace AND c.relname = ANY (?) AND a.privilege_type = 'SELECT'
       AND a.grantee <> c.relowner`,
    [names],
  );
  await trx.raw(`DROP VIEW ${names.map(() => 'wall.??').join(', ')}`, names);
  return readers.parse(found).rows;
}
