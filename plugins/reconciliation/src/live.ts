import { dateValue } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { askedCurrency } from './currency';
import {
  type CaseView,
  type Figures,
  type MerchantScope,
  readCases,
  type Summary,
  type Today,
} from './figures';
import { unhandled } from './handling/states';
import type { Realtime } from './realtime';
import { orderRow, readRows } from './rows';

const liveOrder = orderRow
  .pick({
    orderNo: true,
    merchantCode: true,
    payType: true,
    channel: true,
    status: true,
    currency: true,
    amountFen: true,
    paidFen: true,
    refundedFen: true,
    hisChargedFen: true,
    hisRefundedFen: true,
    reconState: true,
    anomalies: true,
    bizType: true,
    patientName: true,
    createdTime: true,
  })
  .extend({ subject: z.string().nullable() });
export type LiveOrder = z.output<typeof liveOrder>;

/** Today as it stands, for a page that moves by itself. */
export interface LiveFigures {
  today: Omit<Today, 'trend'>;
  /** Platform and HIS of today by payment type; difference = platform − hospital. */
  byType: Summary['byType'];
  byMerchant: { merchantCode: string; takenFen: number; count: number }[];
  lastHour: { at: Date; takenFen: number; count: number }[];
  /** Orders of today by their own state. */
  states: Record<LiveOrder['reconState'], number>;
  orders: LiveOrder[];
  alerts: CaseView[];
}

export interface Watcher {
  scope: MerchantScope;
  /** The hospital's own without it. */
  currency?: string | undefined;
  show(figures: LiveFigures): void;
  failed(error: unknown): void;
}

export interface Live {
  /** Shows the figures at once and whenever they change. The answer ends it. */
  watch(watcher: Watcher): () => void;
  /** Something may look different now. */
  changed(): void;
  close(): void;
}

const mostShown = 20;
const paceMs = 500;
/** Looking takes at most a tenth of the time, however large the day. */
const restFactor = 9;
const newsOfOthersMs = 2000;
/** The minutes go by and a day ends though nothing happens. */
const stalestMs = 15_000;

/** Tables in which everything that another process does leaves a new row. */
const trails = [
  'orders',
  'refunds',
  'his_records',
  'outboxes',
  'interface_logs',
  'discrepancies',
  'daily_totals',
];

export function createLive({ db, figures }: { db: Knex; figures: Figures }): Live {
  const watchers = new Set<Watcher>();
  let timer: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isDirty = false;
  let restUntil = 0;
  let lookedAt = 0;
  let seen = '';

  const scoped = (table: string, scope: MerchantScope): Knex.QueryBuilder =>
    scope === null ? db(table) : db(table).whereIn('merchant_code', scope);

  async function figuresOf({ scope, ...asked }: Pick<Watcher, 'scope' | 'currency'>): Promise<LiveFigures> {
    const { currency } = await askedCurrency(db, scope, asked.currency);
    const { trend: _, ...today } = await figures.today(scope, { trendDays: 0, currency });
    const { byType } = await figures.summary(scope, { from: today.date, to: today.date, currency });
    const ofToday = () => scoped('orders', scope).where('created_time', '>=', dateValue(db, today.start));
    const states: unknown = await ofToday()
      .groupBy('recon_state')
      .select('recon_state')
      .count({ count: '*' });
    const counted = new Map(
      readRows(stateRow, states).map(({ reconState, count }) => [reconState, count] as const),
    );
    return {
      today,
      byType,
      byMerchant: await figures.takenByMerchant(scope, { date: today.date, currency }),
      lastHour: await figures.lastHour(scope, { currency }),
      states: {
        none: counted.get('none') ?? 0,
        waiting: counted.get('waiting') ?? 0,
        normal: counted.get('normal') ?? 0,
        abnormal: counted.get('abnormal') ?? 0,
      },
      orders: readRows(
        liveOrder,
        await scoped('orders', scope)
          .orderBy([
            { column: 'created_time', order: 'desc' },
            { column: 'id', order: 'desc' },
          ])
          .limit(mostShown),
      ),
      alerts: readCases(
        await scoped('discrepancies', scope)
          .whereIn('status', [...unhandled])
          .orderBy('occurred_at', 'desc')
          .limit(mostShown),
      ),
    };
  }

  /** One look for all who see the same merchants in the same currency. */
  async function look(who: Watcher[]): Promise<void> {
    const alike = new Map<string, Watcher[]>();
    for (const watcher of who) {
      const key = JSON.stringify([watcher.scope, watcher.currency]);
      alike.set(key, [...(alike.get(key) ?? []), watcher]);
    }
    for (const group of alike.values()) {
      const [first] = group;
      if (!first) continue;
      try {
        const found = await figuresOf(first);
        for (const watcher of group) if (watchers.has(watcher)) watcher.show(found);
      } catch (error) {
        for (const watcher of group) watcher.failed(error);
      }
    }
  }

  function changed(): void {
    isDirty = true;
    if (watchers.size === 0 || timer !== undefined || isLooking) return;
    timer = setTimeout(() => void run(), Math.max(0, restUntil - performance.now()));
    timer.unref();
  }

  async function run(): Promise<void> {
    timer = undefined;
    isLooking = true;
    isDirty = false;
    const started = performance.now();
    await look([...watchers]);
    lookedAt = performance.now();
    restUntil = started + Math.max(paceMs, (1 + restFactor) * (lookedAt - started));
    isLooking = false;
    if (isDirty) changed();
  }

  async function readMarker(): Promise<string> {
    const marks: unknown[] = [];
    for (const table of trails) marks.push(await db(table).max({ id: 'id' }).first());
    // A case that is closed or heals leaves no new row.
    marks.push(
      await db('discrepancies')
        .whereIn('status', [...unhandled])
        .count({ open: '*' }),
    );
    return JSON.stringify(marks);
  }

  async function hearOthers(): Promise<void> {
    const marker = await readMarker();
    const isStale = performance.now() - lookedAt > stalestMs;
    if (marker !== seen || isStale) changed();
    seen = marker;
  }

  return {
    changed,
    watch(watcher) {
      watchers.add(watcher);
      void look([watcher]);
      if (poll === undefined) {
        poll = setInterval(() => void hearOthers().catch(watcher.failed), newsOfOthersMs);
        poll.unref();
      }
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        clearInterval(poll);
        poll = undefined;
      };
    },
    close() {
      clearTimeout(timer);
      clearInterval(poll);
      watchers.clear();
    },
  };
}

const stateRow = z.object({ reconState: orderRow.shape.reconState, count: z.coerce.number() });

/** The same comparisons; `told` hears of each that was made. */
export function told(realtime: Realtime, tell: () => void): Realtime {
  const after = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } finally {
      tell();
    }
  };
  return {
    order: (orderNo) => after(realtime.order(orderNo)),
    orders: (orderNos) => after(realtime.orders(orderNos)),
    hisRecords: (news) => after(realtime.hisRecords(news)),
    async sweep() {
      const looked = await realtime.sweep();
      if (looked > 0) tell();
      return looked;
    },
  };
}
