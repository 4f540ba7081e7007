import type { Clock } from '@hospital-pay/jobs';
import { isPostgres } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { z } from 'zod';

/**
 * Rows added up by minute, so that a dashboard over a day reads minutes and not orders. Every figure of a minute is counted
 * again from its rows whenever the minute may have changed: doing so twice, or after a crash in the middle, changes nothing.
 *
 * A minute may have changed when rows have come whose ids are new, whatever moment they carry (a clock may jump), or when
 * fewer of its rows are unsettled than were when it was counted: a settled row never changes again.
 */
interface Counted {
  source: string;
  time: string;
  minutes: string;
  /** Columns of the source that are columns of the minutes. */
  keys: readonly string[];
  figures: Readonly<Record<string, string>>;
  /** Rows that may change still, by the column that counts them. */
  unsettled: Readonly<Record<string, readonly string[]>>;
}

const among = (statuses: readonly string[]) => `status IN (${statuses.map((one) => `'${one}'`).join(', ')})`;
const counting = (condition: string) => `count(*) FILTER (WHERE ${condition})`;
const unsettledFigures = (unsettled: Counted['unsettled']) => ({
  ...Object.fromEntries(
    Object.entries(unsettled).map(([column, statuses]) => [column, counting(among(statuses))]),
  ),
  unsettled: counting(among(Object.values(unsettled).flat())),
});

const paid = among(['paid', 'partially_refunded', 'refunded']);
const openOrders = { open: ['created', 'pending'], unknown: ['unknown'] };
const openRefunds = { open: ['requested', 'processing'], unknown: ['unknown'], failed: ['failed'] };

/** Twelve steps a decade: a quantile read from them is too long by a quarter at most. */
const steps = [10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82];
export const boundsMs = [
  1,
  2,
  5,
  ...[1, 10, 100, 1000].flatMap((decade) => steps.map((step) => step * decade)),
  100_000,
  1_000_000,
];
const boundOf = `CASE ${boundsMs.map((bound) => `WHEN duration_ms <= ${bound} THEN ${bound}`).join(' ')} ELSE ${boundsMs.at(-1)} END`;

const counted: readonly Counted[] = [
  {
    source: 'orders',
    time: 'created_time',
    minutes: 'order_minutes',
    keys: ['merchant_code', 'channel', 'scene', 'currency'],
    figures: {
      orders: 'count(*)',
      paid: counting(paid),
      failed: counting(among(['failed', 'reversed'])),
      closed: counting(among(['closed'])),
      paid_fen: `coalesce(sum(paid_fen) FILTER (WHERE ${paid}), 0)`,
      ...unsettledFigures(openOrders),
    },
    unsettled: openOrders,
  },
  {
    source: 'refunds',
    time: 'requested_at',
    minutes: 'refund_minutes',
    keys: ['merchant_code', 'channel', 'currency'],
    figures: {
      refunds: 'count(*)',
      succeeded: counting(among(['succeeded'])),
      succeeded_fen: `coalesce(sum(amount_fen) FILTER (WHERE ${among(['succeeded'])}), 0)`,
      ...unsettledFigures(openRefunds),
    },
    unsettled: openRefunds,
  },
  {
    source: 'interface_logs',
    time: 'at',
    minutes: 'call_minutes',
    keys: ['channel', 'method', 'direction', 'bound_ms'],
    figures: { calls: 'count(*)', errors: 'count(error_code)' },
    unsettled: {},
  },
  {
    source: 'abnormal_requests',
    time: 'at',
    minutes: 'error_minutes',
    keys: ['channel', 'action', 'error_code'],
    figures: { errors: 'count(*)', error_message: 'max(error_message)', advice: 'max(advice)' },
    unsettled: {},
  },
];
const expressions: Readonly<Record<string, string>> = { bound_ms: boundOf };

const minuteMs = 60_000;
export const keptDays = 35;
const keptMs = keptDays * 24 * 60 * minuteMs;
const longestPieceMs = 60 * minuteMs;
/** What nobody has counted yet is taken in longer pieces where rows are few: a piece should hold a connection for as long. */
const longestFirstPieceMs = 24 * longestPieceMs;
const pieceTakesMs = { least: 100, most: 400 };
/** A row that was being written while a later one was seen is committed by then. */
const settledAfterMs = minuteMs;
const sayEveryMs = 15_000;
/** Counting takes at most a tenth of the time. */
const restFactor = 9;
const longestRestMs = minuteMs;
/** Instances must not count the same minute at once. */
const countingLock = 7_209_003;

/** Up to which row of each table everything has been counted. */
const stateSchema = z.object({ marks: z.record(z.string(), z.number()), countedAt: z.number() });
const idRow = z.object({ id: z.coerce.number().nullable() });
const minuteRows = z.array(z.object({ minute: z.coerce.number() }));
const openRows = z.array(z.object({ minute: z.coerce.number() }).catchall(z.coerce.number()));

interface Piece {
  from: number;
  to: number;
}

/** Minutes that follow each other are counted together, an hour at most. */
export function piecesOf(minutes: Iterable<number>): Piece[] {
  const pieces: Piece[] = [];
  for (const minute of [...new Set(minutes)].sort((a, b) => a - b)) {
    const last = pieces.at(-1);
    if (last?.to === minute && minute - last.from < longestPieceMs) last.to = minute + minuteMs;
    else pieces.push({ from: minute, to: minute + minuteMs });
  }
  return pieces;
}

export interface Minutes {
  /** Counts what has changed. `stopping` breaks it off between two pieces; the next time makes it good. */
  count(stopping?: AbortSignal): Promise<void>;
  /** The same, unless the last time took so long that others should have their turn. */
  countAtLeisure(stopping: AbortSignal): Promise<void>;
  /** When everything had been counted last, to a quarter of a minute. */
  countedAt(): Promise<Date>;
  /** Forgets the minutes of long ago. */
  forget(): Promise<void>;
}

export function createMinutes(strapi: Core.Strapi, clock: Clock): Minutes {
  const db = (): Knex => strapi.db.connection;
  const store = () => strapi.store({ type: 'core', name: 'wall-minutes' });
  const readState = async () =>
    stateSchema.safeParse(await store().get({ key: 'state' })).data ?? { marks: {}, countedAt: 0 };
  /** Ids that were the newest, and when they were seen on a clock that does not jump. */
  const seen = new Map<string, { id: number; at: number }[]>();
  let restUntil = Number.NEGATIVE_INFINITY;

  /** Milliseconds since 1970, on PostgreSQL as the process writes moments. */
  const epochMinute = (column: string) =>
    isPostgres(db())
      ? `extract(epoch FROM date_trunc('minute', ${column}))::float8 * 1000`
      : `${column} / ${minuteMs} * ${minuteMs}`;
  const storedMinute = (column: string) =>
    isPostgres(db()) ? `date_trunc('minute', ${column})` : `${column} / ${minuteMs} * ${minuteMs}`;
  /** The other way round: a bound in the column's own terms. */
  const bound = (epoch: number): Knex.Raw =>
    isPostgres(db())
      ? db().raw("timestamp 'epoch' + ? * interval '1 millisecond'", [epoch])
      : db().raw('?', [epoch]);

  async function rowsOf(query: Knex.Raw | Knex.QueryBuilder): Promise<unknown> {
    const answer: unknown = await query;
    const parsed = z.object({ rows: z.array(z.unknown()) }).safeParse(answer);
    return parsed.success ? parsed.data.rows : answer;
  }

  async function newestId(source: string): Promise<number> {
    return idRow.parse(await db()(source).max({ id: 'id' }).first()).id ?? 0;
  }

  async function changedMinutes(one: Counted, mark: number): Promise<Set<number>> {
    const { source, time, minutes, unsettled } = one;
    const fresh = await rowsOf(
      db()(source)
        .where('id', '>', mark)
        .whereNotNull(time)
        .distinct(db().raw(`${epochMinute(time)} AS minute`)),
    );
    const changed = new Set(minuteRows.parse(fresh).map(({ minute }) => minute));
    const columns = Object.keys(unsettled);
    if (columns.length === 0) return changed;

    const oldest = bound(clock.now().getTime() - keptMs);
    const inMinutes = await rowsOf(
      db()(minutes)
        .where('unsettled', '>', 0)
        .where('at', '>=', oldest)
        .groupBy('at')
        .select(
          db().raw(`${epochMinute('at')} AS minute`),
          ...columns.map((name) => db().raw('sum(??) AS ??', [name, name])),
        ),
    );
    const inSource = await rowsOf(
      db()(source)
        .whereIn('status', Object.values(unsettled).flat())
        .where(time, '>=', oldest)
        .groupByRaw('1')
        .select(
          db().raw(`${epochMinute(time)} AS minute`),
          ...Object.entries(unsettled).map(([name, statuses]) =>
            db().raw(`${counting(among(statuses))} AS ??`, [name]),
          ),
        ),
    );
    const figuresOf = (rows: unknown) =>
      new Map(openRows.parse(rows).map(({ minute, ...rest }) => [minute, JSON.stringify(rest)]));
    const before = figuresOf(inMinutes);
    const now = figuresOf(inSource);
    for (const minute of [...before.keys(), ...now.keys()]) {
      if (before.get(minute) !== now.get(minute)) changed.add(minute);
    }
    return changed;
  }

  async function recount(
    { source, time, minutes, keys, figures }: Counted,
    { from, to }: Piece,
  ): Promise<void> {
    const groups = keys.map((key) => expressions[key] ?? key);
    const columns = ['at', ...keys, ...Object.keys(figures)];
    await db().transaction(async (trx) => {
      if (isPostgres(trx)) await trx.raw('SELECT pg_advisory_xact_lock(?)', [countingLock]);
      await trx(minutes).where('at', '>=', bound(from)).where('at', '<', bound(to)).delete();
      await trx.raw(
        `INSERT INTO ${minutes} (${columns.join(', ')})
         SELECT ${[storedMinute(time), ...groups, ...Object.values(figures)].join(', ')}
         FROM ${source} WHERE ${time} >= ? AND ${time} < ?
         GROUP BY ${[storedMinute(time), ...groups].join(', ')}`,
        [bound(from), bound(to)],
      );
    });
  }

  /** Everything that is kept, the newest first: on a database that has rows and no minutes yet. */
  async function countAll(one: Counted, stopping?: AbortSignal): Promise<void> {
    const ends = await rowsOf(
      db()(one.source).select(
        db().raw(`${epochMinute('min(??)')} AS first`, [one.time]),
        db().raw(`${epochMinute('max(??)')} AS last`, [one.time]),
      ),
    );
    const [{ first, last } = { first: null, last: null }] = z
      .array(z.object({ first: z.coerce.number().nullable(), last: z.coerce.number().nullable() }))
      .parse(ends);
    if (first === null || last === null) return;
    const oldest = Math.max(first, last - keptMs);
    let pieceMs = longestPieceMs;
    for (let to = last + minuteMs; to > oldest && !stopping?.aborted; ) {
      const from = Math.max(to - pieceMs, oldest);
      const started = performance.now();
      await recount(one, { from, to });
      const took = performance.now() - started;
      if (took < pieceTakesMs.least) pieceMs = Math.min(pieceMs * 2, longestFirstPieceMs);
      else if (took > pieceTakesMs.most) pieceMs = Math.max(pieceMs / 2, longestPieceMs);
      to = from;
    }
  }

  /** The newest id of which everything before it is committed. */
  function settledId(source: string, id: number, mark: number): number {
    const now = performance.now();
    const ids = [...(seen.get(source) ?? []), { id, at: now }];
    const settled = ids.filter(({ at }) => at <= now - settledAfterMs).at(-1);
    seen.set(source, settled ? ids.slice(ids.indexOf(settled)) : ids);
    return settled?.id ?? mark;
  }

  async function count(stopping?: AbortSignal): Promise<void> {
    const { marks: before, countedAt } = await readState();
    const after = { ...before };
    for (const one of counted) {
      const mark = before[one.source];
      const newest = await newestId(one.source);
      if (mark === undefined) {
        await countAll(one, stopping);
        after[one.source] = newest;
      } else {
        for (const piece of piecesOf(await changedMinutes(one, mark))) {
          if (stopping?.aborted) return;
          await recount(one, piece);
        }
        after[one.source] = settledId(one.source, newest, mark);
      }
      if (stopping?.aborted) return;
    }
    const now = clock.now().getTime();
    const isKnown =
      JSON.stringify(after) === JSON.stringify(before) && Math.abs(now - countedAt) < sayEveryMs;
    if (!isKnown) await store().set({ key: 'state', value: { marks: after, countedAt: now } });
  }

  return {
    count,
    async countAtLeisure(stopping) {
      if (performance.now() < restUntil) return;
      const started = performance.now();
      await count(stopping);
      restUntil = performance.now() + Math.min((performance.now() - started) * restFactor, longestRestMs);
    },
    async countedAt() {
      return new Date((await readState()).countedAt);
    },
    async forget() {
      const oldest = clock.now().getTime() - keptMs;
      for (const { minutes } of counted) await db()(minutes).where('at', '<', bound(oldest)).delete();
    },
  };
}
