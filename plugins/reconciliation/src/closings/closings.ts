import { createHash } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { businessDay, columnOf, completeRow, isUniqueViolation, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { ownCurrency } from '../currency';
import { fail } from '../errors';
import {
  type Amounts,
  addAmounts,
  type DayFigure,
  dimensions,
  hisIncome,
  liveFigures,
  noAmounts,
  platformIncome,
  readFigures,
} from '../facts';
import { merchantRow, pieces, readRow, readRows } from '../rows';
import { isHalfWritten } from '../write-back';
import { bookAdjustments } from './adjustments';
import { type CheckItem, checklistFor } from './checklist';
import {
  assertOpen,
  bookFigures,
  frozenFigures,
  holdPeriods,
  type LateRefunds,
  lockedDays,
  lockedStates,
} from './ledger';
import { type Period, type PeriodKind, partsOf, periodKinds, periodOf } from './periods';

const text = z.string().nullable();
const figureNames = [
  'takenFen',
  'takenCount',
  'refundedFen',
  'refundedCount',
  'abnormalRefundFen',
  'platformFen',
  'hisFen',
  'hisCount',
  'differenceFen',
  'adjustedPlatformFen',
  'adjustedHisFen',
] as const;
const closingRow = z.object({
  id: z.number(),
  closingNo: z.string(),
  merchantCode: z.string(),
  kind: z.enum(periodKinds),
  period: z.string(),
  version: z.number(),
  firstDay: z.string(),
  lastDay: z.string(),
  status: z.enum(['closed', 'reopening', 'reopened']),
  takenFen: z.number(),
  takenCount: z.number(),
  refundedFen: z.number(),
  refundedCount: z.number(),
  abnormalRefundFen: z.number(),
  platformFen: z.number(),
  hisFen: z.number(),
  hisCount: z.number(),
  differenceFen: z.number(),
  adjustedPlatformFen: z.number(),
  adjustedHisFen: z.number(),
  openCases: z.number(),
  overrideReason: text,
  checklist: z.array(z.looseObject({ code: z.string(), isClean: z.boolean(), count: z.number() })),
  basis: z.record(z.string(), z.unknown()),
  hash: z.string(),
  closedBy: text,
  closedAt: z.date(),
  reopenReason: text,
  reopenRequestedBy: text,
  reopenRequestedAt: z.date().nullable(),
  reopenedBy: text,
  reopenedAt: z.date().nullable(),
});
/** One closing of a period. Amounts in fen; `differenceFen` is platform − HIS. Adjustments are part of the figures. */
export type Closing = z.output<typeof closingRow>;

type Figures = Pick<Closing, (typeof figureNames)[number]>;

/** A period as the screen lists it: `figures` as frozen if it is closed, else as they stand now. */
export interface PeriodView extends Period {
  status: 'future' | 'current' | 'open' | Closing['status'];
  figures: Figures;
  closing: Closing | null;
}

/** Rows in one statement, well below either database's limit of parameters. */
const figuresAtOnce = 200;

interface Which {
  merchantCode: string;
  kind: PeriodKind;
  period: string;
}

export interface Closings {
  /** See `closings/ledger.ts`. @throws PERIOD_CLOSED */
  assertOpen(merchantCode: string, date: string): Promise<void>;
  /** The days of a month (`within` yyyy-MM) or the months of a year (yyyy), latest first. */
  periods(merchantCode: string, kind: 'day' | 'month', within: string): Promise<PeriodView[]>;
  /** The period itself, with what is still missing. */
  check(which: Which): Promise<{ view: PeriodView; checklist: CheckItem[] }>;
  /**
   * Freezes the figures of the period. What the checklist holds against it needs a reason; `closeParts` closes the
   * open days (months) of a month (year) first, each by the same rule.
   * @throws PERIOD_CLOSED, PERIOD_NOT_OVER, CLOSING_INCOMPLETE with the items, DAY_HALF_WRITTEN
   */
  close(input: Which & { by: string; reason?: string | undefined; closeParts?: boolean }): Promise<Closing>;
  /** Asks for the period to be reopened; it stays closed until somebody else agrees. @throws CLOSING_ENCLOSED, CLOSING_ADJUSTED */
  askToReopen(input: Which & { by: string; reason: string }): Promise<Closing>;
  /** @throws CLOSING_SAME_PERSON */
  confirmReopening(input: Which & { by: string }): Promise<Closing>;
  refuseReopening(input: Which & { by: string }): Promise<Closing>;
  /** Whether what was frozen is still what was hashed. @throws CLOSING_NOT_FOUND */
  verify(
    closingNo: string,
  ): Promise<{ closingNo: string; merchantCode: string; hash: string; isIntact: boolean }>;
  /** Books what has changed on these closed days. */
  adjust(merchantCode: string, days: { from: string; to: string }): Promise<void>;
}

export interface ClosingsOptions {
  db: Knex;
  clock: Clock;
  lateRefunds: LateRefunds;
}

export function createClosings({ db, clock, lateRefunds }: ClosingsOptions): Closings {
  async function today(merchantCode: string): Promise<string> {
    const merchant = readRow(merchantRow, await db('merchants').where({ code: merchantCode }).first());
    return businessDay(clock.now(), merchant ?? { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
  }

  const rowsOf = (at: Knex, { merchantCode, kind, period }: Which) =>
    at('closings').where({ merchant_code: merchantCode, kind, period });
  const latest = async (at: Knex, which: Which): Promise<Closing | undefined> =>
    readRow(closingRow, await rowsOf(at, which).orderBy('version', 'desc').first());
  const isStanding = (closing: Closing | undefined): boolean =>
    closing !== undefined && closing.status !== 'reopened';

  async function view(merchantCode: string, period: Period, live?: Amounts): Promise<PeriodView> {
    const closing = await latest(db, { merchantCode, ...period });
    const now = await today(merchantCode);
    const open = period.firstDay > now ? 'future' : period.lastDay >= now ? 'current' : 'open';
    const status = closing && (isStanding(closing) || open === 'open') ? closing.status : open;
    const frozen = closing && isStanding(closing) ? closing : undefined;
    const figures = frozen ?? figuresOf(live ?? (await amountsOf(merchantCode, period)));
    return { ...period, status, figures, closing: closing ?? null };
  }

  async function amountsOf(merchantCode: string, { firstDay, lastDay }: Period): Promise<Amounts> {
    const days = { from: firstDay, to: lastDay };
    const figures = await bookFigures(db, lateRefunds, [merchantCode], days, ['currency']);
    return sumOf(figures, await ownCurrency(db, [merchantCode]));
  }

  async function closeDay(which: Which, period: Period, by: string, reason: string | null): Promise<Closing> {
    const { merchantCode } = which;
    const checklist = await checklistFor(db, lateRefunds, merchantCode, period);
    assertClean(which, checklist, reason);
    const { period: date } = period;
    const days = { from: date, to: date };
    return db.transaction(async (trx) => {
      await holdPeriods(trx, merchantCode, 'close');
      await assertOpen(trx, merchantCode, date);
      if (await isHalfWritten(trx, [merchantCode], date)) throw fail('DAY_HALF_WRITTEN', { ...which });
      const { version, closingNo } = await next(trx, which);
      const late = await lateRefunds(trx, [merchantCode], days);
      const live = await liveFigures(trx, [merchantCode], days, dimensions, late);
      for (const piece of pieces(live, figuresAtOnce)) {
        const rows = piece.map((figure) => completeRow(trx, { ...figure, closingNo }, clock.now()));
        await trx('closing_figures').insert(rows);
      }
      await trx('closing_figures')
        .where({ merchant_code: merchantCode, date })
        .whereNull('closing_no')
        .update(toColumns(trx, { closingNo, updatedAt: clock.now() }));
      const basis = await basisOf(trx, merchantCode, date);
      return write(trx, { which, period, version, closingNo, checklist, basis, by, reason });
    });
  }

  async function closeParts(which: Which, period: Period, by: string, reason: string | null): Promise<void> {
    for (const part of partsOf(period)) {
      const whichPart = { merchantCode: which.merchantCode, kind: part.kind, period: part.period };
      if (isStanding(await latest(db, whichPart))) continue;
      await close(whichPart, part, by, reason, true);
    }
  }

  async function close(
    which: Which,
    period: Period,
    by: string,
    reason: string | null,
    withParts: boolean,
  ): Promise<Closing> {
    if (period.lastDay >= (await today(which.merchantCode))) throw fail('PERIOD_NOT_OVER', { ...which });
    if (isStanding(await latest(db, which))) throw fail('PERIOD_CLOSED', { ...which });
    if (period.kind === 'day') return closeDay(which, period, by, reason);
    if (withParts) await closeParts(which, period, by, reason);
    const checklist = await checklistFor(db, lateRefunds, which.merchantCode, period);
    // A period that is not wholly frozen has no figures to freeze: no reason helps against an open part.
    const open = checklist.filter(({ code, isClean }) => code === 'open_parts' && !isClean);
    if (open.length > 0) throw fail('CLOSING_INCOMPLETE', { ...which, checklist: open });
    assertClean(which, checklist, reason);
    return db.transaction(async (trx) => {
      await holdPeriods(trx, which.merchantCode, 'close');
      const [gap] = (await checklistFor(trx, lateRefunds, which.merchantCode, period)).filter(
        ({ code, isClean }) => code === 'open_parts' && !isClean,
      );
      if (gap) throw fail('CLOSING_INCOMPLETE', { ...which, checklist: [gap] });
      const { version, closingNo } = await next(trx, which);
      const basis = { parts: await partsOfBasis(trx, which.merchantCode, period) };
      return write(trx, { which, period, version, closingNo, checklist, basis, by, reason });
    });
  }

  /** The next version of the period's closing; under the merchant's lock nobody else takes it. */
  async function next(trx: Knex, which: Which): Promise<{ version: number; closingNo: string }> {
    const before = await latest(trx, which);
    if (isStanding(before)) throw fail('PERIOD_CLOSED', { ...which });
    const version = (before?.version ?? 0) + 1;
    return { version, closingNo: `${which.merchantCode}-${which.period}-${version}` };
  }

  async function write(
    trx: Knex,
    input: {
      which: Which;
      period: Period;
      version: number;
      closingNo: string;
      checklist: CheckItem[];
      basis: Record<string, unknown>;
      by: string;
      reason: string | null;
    },
  ): Promise<Closing> {
    const { which, period, version, closingNo, checklist, basis, by, reason } = input;
    const { merchantCode, kind } = which;
    const { firstDay, lastDay } = period;
    const days = { from: firstDay, to: lastDay };
    const currency = await ownCurrency(trx, [merchantCode]);
    // Read back as everybody will read them: a day's rows count once its closing stands.
    const own = kind === 'day' ? { closing_no: closingNo } : null;
    const rows = own ? readFigures(await trx('closing_figures').where(own)) : [];
    const adjusting = own
      ? readFigures(await trx('closing_figures').where(own).whereNotNull('concerns_date'))
      : [];
    const figures = own
      ? figuresOf(sumOf(rows, currency), sumOf(adjusting, currency))
      : figuresOf(
          sumOf(await frozenFigures(trx, [merchantCode], days, ['currency']), currency),
          sumOf(await frozenFigures(trx, [merchantCode], days, ['currency'], 'adjustments'), currency),
        );
    const now = clock.now();
    const row = {
      ...which,
      closingNo,
      version,
      firstDay,
      lastDay,
      status: 'closed',
      ...figures,
      openCases: checklist.find(({ code }) => code === 'open_cases')?.count ?? 0,
      // A reason given where nothing was held against the period excuses nothing.
      overrideReason: checklist.every(({ isClean }) => isClean) ? null : reason,
      checklist,
      basis,
      hash: await hashOf(trx, { closingNo, basis, ...figures }),
      closedBy: by,
      closedAt: now,
    };
    try {
      await trx('closings').insert(completeRow(trx, row, now));
    } catch (error) {
      throw isUniqueViolation(error) ? fail('CLOSING_MOVED', { ...which }) : error;
    }
    const written = await latest(trx, which);
    if (!written) throw new Error(`closing ${closingNo} vanished`);
    return written;
  }

  /** Moves the standing closing on by compare-and-set. */
  async function move(
    at: Knex,
    which: Which,
    from: Closing['status'],
    changes: Record<string, unknown>,
  ): Promise<Closing> {
    const closing = await latest(at, which);
    if (!closing) throw fail('CLOSING_NOT_FOUND', { ...which });
    const moved = await at('closings')
      .where({ id: closing.id, status: from })
      .update(toColumns(at, { ...changes, updatedAt: clock.now() }));
    if (moved === 0) throw fail('CLOSING_MOVED', { ...which });
    return { ...closing, ...(await latest(at, which)) };
  }

  async function assertReopenable(at: Knex, which: Which): Promise<void> {
    const { firstDay, lastDay } = periodOf(which.kind, which.period);
    const around = await at('closings')
      .where({ merchant_code: which.merchantCode })
      .whereIn('kind', which.kind === 'day' ? ['month', 'year'] : which.kind === 'month' ? ['year'] : [])
      .where('first_day', '<=', firstDay)
      .where('last_day', '>=', lastDay)
      .whereIn('status', [...lockedStates])
      .select('period');
    if (around.length > 0) {
      const periods = readRows(z.object({ period: z.string() }), around).map(({ period }) => period);
      throw fail('CLOSING_ENCLOSED', { ...which, periods });
    }
    if (which.kind !== 'day') return;
    const carried = await at('closing_figures as f')
      .join('closings as c', 'c.closing_no', 'f.closing_no')
      .where({ 'f.merchant_code': which.merchantCode, 'f.concerns_date': which.period })
      .whereIn('c.status', [...lockedStates])
      .distinct('f.date');
    if (carried.length > 0) {
      const periods = readRows(z.object({ date: z.string() }), carried).map(({ date }) => date);
      throw fail('CLOSING_ADJUSTED', { ...which, periods });
    }
  }

  return {
    assertOpen: (merchantCode, date) => assertOpen(db, merchantCode, date),

    async periods(merchantCode, kind, within) {
      const whole = periodOf(kind === 'day' ? 'month' : 'year', within);
      const days = { from: whole.firstDay, to: whole.lastDay };
      const sums = new Map<string, Amounts>();
      const currency = await ownCurrency(db, [merchantCode]);
      for (const figure of await bookFigures(db, lateRefunds, [merchantCode], days, ['currency'])) {
        if (figure.currency !== currency) continue;
        const period = figure.date.slice(0, kind === 'day' ? 10 : 7);
        const sum = sums.get(period) ?? noAmounts();
        addAmounts(sum, figure);
        sums.set(period, sum);
      }
      const views: PeriodView[] = [];
      for (const part of partsOf(whole).reverse()) {
        views.push(await view(merchantCode, part, sums.get(part.period) ?? noAmounts()));
      }
      return views;
    },

    async check({ merchantCode, kind, period }) {
      const asked = periodOf(kind, period);
      return {
        view: await view(merchantCode, asked),
        checklist: await checklistFor(db, lateRefunds, merchantCode, asked),
      };
    },

    close: ({ merchantCode, kind, period, by, reason, closeParts: withParts = false }) =>
      close({ merchantCode, kind, period }, periodOf(kind, period), by, reason || null, withParts),

    async askToReopen({ by, reason, ...which }) {
      await assertReopenable(db, which);
      return move(db, which, 'closed', {
        status: 'reopening',
        reopenReason: reason,
        reopenRequestedBy: by,
        reopenRequestedAt: clock.now(),
      });
    },

    async confirmReopening({ by, ...which }) {
      const { merchantCode } = which;
      const closing = await latest(db, which);
      if (closing?.reopenRequestedBy === by) throw fail('CLOSING_SAME_PERSON');
      const reopened = await db.transaction(async (trx) => {
        await holdPeriods(trx, merchantCode, 'close');
        await assertReopenable(trx, which);
        // An open day speaks for itself again.
        if (which.kind === 'day') {
          await trx('closing_figures')
            .where({ merchant_code: merchantCode, concerns_date: which.period })
            .whereNull('closing_no')
            .delete();
        }
        const reopening = { status: 'reopened', reopenedBy: by, reopenedAt: clock.now() };
        return move(trx, which, 'reopening', reopening);
      });
      // What it carried for other closed days waits for a closing again.
      const carried = await db('closing_figures')
        .where({ closing_no: reopened.closingNo })
        .whereNotNull('concerns_date')
        .distinct('concerns_date');
      for (const { concernsDate } of readRows(z.object({ concernsDate: z.string() }), carried)) {
        const days = { from: concernsDate, to: concernsDate };
        await bookAdjustments(db, lateRefunds, merchantCode, days, clock.now());
      }
      return reopened;
    },

    refuseReopening: ({ by: _, ...which }) =>
      move(db, which, 'reopening', { status: 'closed', reopenRequestedBy: null, reopenRequestedAt: null }),

    async verify(closingNo) {
      const closing = readRow(closingRow, await db('closings').where({ closing_no: closingNo }).first());
      if (!closing) throw fail('CLOSING_NOT_FOUND', { closingNo });
      const { merchantCode, hash } = closing;
      return { closingNo, merchantCode, hash, isIntact: hash === (await hashOf(db, closing)) };
    },

    async adjust(merchantCode, days) {
      if ((await lockedDays(db, [merchantCode], days)).size === 0) return;
      await bookAdjustments(db, lateRefunds, merchantCode, days, clock.now());
    },
  };
}

function assertClean(which: Which, checklist: CheckItem[], reason: string | null): void {
  const missing = checklist.filter(({ isClean }) => !isClean);
  if (missing.length > 0 && reason === null)
    throw fail('CLOSING_INCOMPLETE', { ...which, checklist: missing });
}

/** A closing tells the hospital's own currency; what came in in others is frozen beside it. */
function sumOf(lines: DayFigure[], currency: string): Amounts {
  const sum = noAmounts();
  for (const line of lines) if (line.currency === currency) addAmounts(sum, line);
  return sum;
}

function figuresOf(sum: Amounts, adjusted: Amounts = noAmounts()): Figures {
  const { takenFen, takenCount, refundedFen, refundedCount, abnormalRefundFen } = sum;
  const platformFen = platformIncome(sum);
  const hisFen = hisIncome(sum);
  return {
    takenFen,
    takenCount,
    refundedFen,
    refundedCount,
    abnormalRefundFen,
    platformFen,
    hisFen,
    hisCount: sum.hisChargedCount + sum.hisRefundedCount,
    differenceFen: platformFen - hisFen,
    adjustedPlatformFen: platformIncome(adjusted),
    adjustedHisFen: hisIncome(adjusted),
  };
}

/** The runs and the bills that the day was closed on. */
async function basisOf(trx: Knex, merchantCode: string, date: string): Promise<Record<string, unknown>> {
  const runs = readRows(
    z.object({ accountCode: z.string(), runNo: text }),
    await trx('daily_totals')
      .where({ merchant_code: merchantCode, date })
      .orderBy('account_code')
      .select('account_code', 'run_no'),
  );
  const bills = readRows(
    z.object({ accountCode: z.string(), kind: z.string(), version: z.number(), sha256: z.string() }),
    await trx('bill_archives')
      .whereIn('account_code', trx('channel_accounts').where({ merchant_code: merchantCode }).select('code'))
      .where({ date })
      .orderBy(['account_code', 'kind', 'version'])
      .select('account_code', 'kind', 'version', columnOf('sha256')),
  );
  return { runs, bills };
}

async function partsOfBasis(
  trx: Knex,
  merchantCode: string,
  { kind, firstDay, lastDay }: Period,
): Promise<unknown[]> {
  const rows: unknown = await trx('closings')
    .where({ merchant_code: merchantCode, kind: kind === 'month' ? 'day' : 'month' })
    .whereBetween('first_day', [firstDay, lastDay])
    .whereIn('status', [...lockedStates])
    .orderBy('period')
    .select('closing_no', 'hash');
  return readRows(z.object({ closingNo: z.string(), hash: z.string() }), rows);
}

/** Of the frozen rows, what they were computed from and what they add up to; the same on every database. */
async function hashOf(db: Knex, closing: Figures & Pick<Closing, 'closingNo' | 'basis'>): Promise<string> {
  const rows = z
    .array(z.looseObject({ concerns_date: text }))
    .parse(await db('closing_figures').where({ closing_no: closing.closingNo }))
    .flatMap((row) =>
      readFigures([row]).map((figure) =>
        // Rows frozen before currencies were told apart name none.
        canonical({ ...figure, currency: row.currency ?? undefined, concerns: row.concerns_date }),
      ),
    )
    .sort();
  const { closingNo, basis } = closing;
  const sums = Object.fromEntries(figureNames.map((name) => [name, closing[name]]));
  return createHash('sha256').update(canonical({ closingNo, basis, sums, rows })).digest('hex');
}

/** JSON with its names in order: PostgreSQL keeps them in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
