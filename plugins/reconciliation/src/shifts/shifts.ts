import { randomBytes } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { businessDay, completeRow, dateValue, isUniqueViolation, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { ownCurrency } from '../currency';
import { fail } from '../errors';
import { facts } from '../facts';
import { merchantRow, moneyStates, readRow, readRows } from '../rows';
import { type Counted, type ShiftFigures, shiftFigures, shiftTotals, sideSums } from './shift-figures';

const text = z.string().nullable();
const fen = z.number().nullable();
const shiftRow = z.object({
  id: z.number(),
  shiftNo: z.string(),
  merchantCode: z.string(),
  kind: z.enum(['operator', 'terminal']),
  operatorCode: text,
  terminalCode: text,
  status: z.enum(['open', 'closed', 'reviewed']),
  openedBy: text,
  openedAt: z.date(),
  closedBy: text,
  closedAt: z.date().nullable(),
  /** Of one that was given back: it is counted again until here, what came later is of later shifts. */
  firstClosedAt: z.date().nullable(),
  openingFloatFen: z.number(),
  takenFen: fen,
  takenCount: z.number().nullable(),
  refundedFen: fen,
  refundedCount: z.number().nullable(),
  hisFen: fen,
  hisCount: z.number().nullable(),
  differenceFen: fen,
  cashExpectedFen: fen,
  cashCountedFen: fen,
  cashDifferenceFen: fen,
  terminalDifferenceFen: fen,
  figures: z.record(z.string(), z.unknown()).nullable(),
  note: text,
  returnedBy: text,
  returnReason: text,
  reviewedBy: text,
  reviewedAt: z.date().nullable(),
  reviewNote: text,
});
type StoredShift = z.output<typeof shiftRow>;

/** A shift with its figures: as counted when it was closed, as they stand now while it is open. Amounts in fen. */
export interface Shift extends Omit<StoredShift, 'figures' | 'id'> {
  figures: ShiftFigures;
}

export interface Shifts {
  /**
   * Opens a cashier's own shift or, with `terminalCode` alone, that of a window or kiosk. One is open at a time.
   * @throws SHIFT_OPEN_ALREADY
   */
  open(input: {
    merchantCode: string;
    operatorCode: string | null;
    terminalCode: string | null;
    openingFloatFen: number;
    by: string;
  }): Promise<Shift>;
  /** @throws SHIFT_NOT_FOUND */
  get(shiftNo: string): Promise<Shift>;
  /**
   * The cashier's open shift, which begins with the first payment if nobody opened it, and the latest ones: first those
   * given back, which are to be closed again.
   */
  of(merchantCode: string, operatorCode: string): Promise<{ current: Shift | null; recent: Shift[] }>;
  /** Freezes what everybody says. @throws SHIFT_NOTE_MISSING when they differ and nothing explains it, SHIFT_MOVED */
  close(input: { shiftNo: string; by: string; counted: Counted; note: string | null }): Promise<Shift>;
  /** Gives a closed shift back to be counted again; payments meanwhile go to another. @throws SHIFT_MOVED */
  giveBack(input: { shiftNo: string; by: string; reason: string }): Promise<Shift>;
  /** The last word on a shift. @throws SHIFT_SAME_PERSON, SHIFT_MOVED */
  review(input: { shiftNo: string; by: string; note: string | null }): Promise<Shift>;
  /** Opens the shifts that a first payment has begun today. */
  sweep(): Promise<void>;
}

const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };
const recentShifts = 20;

export function createShifts({ db, clock }: { db: Knex; clock: Clock }): Shifts {
  const stored = async (shiftNo: string): Promise<StoredShift> => {
    const row = readRow(shiftRow, await db('shifts').where({ shift_no: shiftNo }).first());
    if (!row) throw fail('SHIFT_NOT_FOUND', { shiftNo });
    return row;
  };

  async function dayOf(merchantCode: string, moment: Date): Promise<string> {
    const rule = readRow(merchantRow, await db('merchants').where({ code: merchantCode }).first());
    return businessDay(moment, rule ?? china);
  }

  /** What the platform and HIS say of the shift until a moment, by payment type. */
  async function said(shift: StoredShift, until: Date) {
    const { merchantCode, openedAt } = shift;
    const query = facts(db, [merchantCode], {
      from: await dayOf(merchantCode, openedAt),
      to: await dayOf(merchantCode, until),
    })
      .where('at', '>=', dateValue(db, openedAt))
      .where('at', '<', dateValue(db, until))
      .groupBy('pay_type', 'side', 'currency')
      .select('pay_type', 'side', 'currency')
      .sum({ fen: 'amount_fen' })
      .count({ count: '*' });
    const whose =
      shift.kind === 'operator'
        ? { operator_code: shift.operatorCode ?? '' }
        : { terminal_code: shift.terminalCode ?? '' };
    return z.array(sideSums).parse(await query.where(whose));
  }

  const figuresAt = async (shift: StoredShift, until: Date, counted: Counted): Promise<ShiftFigures> =>
    shiftFigures(
      await said(shift, until),
      { currency: await ownCurrency(db, [shift.merchantCode]), openingFloatFen: shift.openingFloatFen },
      counted,
    );

  async function view(shift: StoredShift): Promise<Shift> {
    const { id: _, figures, ...rest } = shift;
    const frozen = frozenFigures.safeParse(figures);
    if (shift.status !== 'open' && frozen.success) return { ...rest, figures: frozen.data };
    const now = await figuresAt(shift, shift.firstClosedAt ?? clock.now(), {});
    return { ...rest, ...shiftTotals(now), figures: now };
  }

  async function move(
    shift: StoredShift,
    from: StoredShift['status'],
    changes: Record<string, unknown>,
  ): Promise<Shift> {
    const moved = await db('shifts')
      .where({ id: shift.id, status: from })
      .update(toColumns(db, { ...changes, updatedAt: clock.now() }));
    if (moved === 0) throw fail('SHIFT_MOVED', { shiftNo: shift.shiftNo });
    return view(await stored(shift.shiftNo));
  }

  async function begin(input: Parameters<Shifts['open']>[0], openedAt: Date): Promise<StoredShift> {
    const { merchantCode, operatorCode, terminalCode, openingFloatFen, by } = input;
    const kind = operatorCode === null ? ('terminal' as const) : ('operator' as const);
    const shiftNo = `S${(await dayOf(merchantCode, openedAt)).replaceAll('-', '')}${randomBytes(4).toString('hex').toUpperCase()}`;
    const row = {
      shiftNo,
      merchantCode,
      kind,
      operatorCode,
      terminalCode,
      slot: slotOf({ kind, merchantCode, operatorCode, terminalCode }),
      status: 'open',
      openedBy: by,
      openedAt,
      openingFloatFen,
    };
    await db('shifts')
      .insert(completeRow(db, row, clock.now()))
      .catch((error: unknown) => {
        throw isUniqueViolation(error) ? fail('SHIFT_OPEN_ALREADY') : error;
      });
    return stored(shiftNo);
  }

  /** Cashiers who took or gave back money today since their last shift, and have none open. */
  async function beginByPayments(merchantCode: string, operatorCode?: string): Promise<void> {
    const today = await dayOf(merchantCode, clock.now());
    const query = db('orders')
      .join('accounts', 'accounts.username', 'orders.operator_code')
      .where({ 'orders.merchant_code': merchantCode, 'orders.settled_on': today })
      .whereIn('orders.status', [...moneyStates])
      .whereNotExists(
        db('shifts')
          .whereRaw('shifts.operator_code = orders.operator_code')
          .where({ kind: 'operator', merchant_code: merchantCode })
          .where((later) =>
            later
              .whereRaw('COALESCE(shifts.first_closed_at, shifts.closed_at) >= orders.paid_at')
              .orWhere({ 'shifts.status': 'open', 'shifts.first_closed_at': null }),
          )
          .select(db.raw('1')),
      )
      .groupBy('orders.operator_code')
      .select({ operator_code: 'orders.operator_code' })
      .min({ paid_at: 'orders.paid_at' });
    if (operatorCode !== undefined) query.where({ 'orders.operator_code': operatorCode });
    const firsts = readRows(z.object({ operatorCode: z.string(), paidAt: z.date() }), await query);
    for (const { operatorCode: code, paidAt } of firsts) {
      const input = {
        merchantCode,
        operatorCode: code,
        terminalCode: null,
        openingFloatFen: 0,
        by: 'system',
      };
      await begin(input, paidAt).catch((error: unknown) => {
        if (!isOpenAlready(error)) throw error;
      });
    }
  }

  return {
    async open(input) {
      return view(await begin(input, clock.now()));
    },

    async get(shiftNo) {
      return view(await stored(shiftNo));
    },

    async of(merchantCode, operatorCode) {
      await beginByPayments(merchantCode, operatorCode);
      const rows = readRows(
        shiftRow,
        await db('shifts')
          .where({ kind: 'operator', merchant_code: merchantCode, operator_code: operatorCode })
          .orderByRaw("CASE status WHEN 'open' THEN 0 ELSE 1 END, opened_at DESC")
          .limit(recentShifts),
      );
      const open = rows.find(({ status, firstClosedAt }) => status === 'open' && firstClosedAt === null);
      const recent: Shift[] = [];
      for (const row of rows) if (row !== open) recent.push(await view(row));
      return { current: open ? await view(open) : null, recent };
    },

    async close({ shiftNo, by, counted, note }) {
      const shift = await stored(shiftNo);
      const now = clock.now();
      const figures = await figuresAt(shift, shift.firstClosedAt ?? now, counted);
      const totals = shiftTotals(figures);
      const differs = [totals.differenceFen, totals.cashDifferenceFen, totals.terminalDifferenceFen].some(
        (difference) => difference !== null && difference !== 0,
      );
      // Differences of two payment types may make up for each other; each wants its reason all the same.
      const isExplained = note !== null || !(differs || figures.lines.some(isOff));
      if (!isExplained) throw fail('SHIFT_NOTE_MISSING', { shiftNo });
      return move(shift, 'open', {
        status: 'closed',
        slot: null,
        closedBy: by,
        closedAt: now,
        ...totals,
        figures,
        note,
        returnedBy: null,
        returnReason: null,
      });
    },

    async giveBack({ shiftNo, by, reason }) {
      const shift = await stored(shiftNo);
      return move(shift, 'closed', {
        status: 'open',
        closedBy: null,
        closedAt: null,
        firstClosedAt: shift.firstClosedAt ?? shift.closedAt,
        returnedBy: by,
        returnReason: reason,
      });
    },

    async review({ shiftNo, by, note }) {
      const shift = await stored(shiftNo);
      if ([shift.operatorCode, shift.closedBy].includes(by)) throw fail('SHIFT_SAME_PERSON', { shiftNo });
      return move(shift, 'closed', {
        status: 'reviewed',
        reviewedBy: by,
        reviewedAt: clock.now(),
        reviewNote: note,
      });
    },

    async sweep() {
      for (const { code } of readRows(
        merchantRow,
        await db('merchants').select('code', 'zone', 'day_cutoff'),
      )) {
        await beginByPayments(code);
      }
    },
  };
}

const isOpenAlready = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'SHIFT_OPEN_ALREADY';

const slotOf = ({
  kind,
  merchantCode,
  operatorCode,
  terminalCode,
}: Pick<StoredShift, 'kind' | 'merchantCode' | 'operatorCode' | 'terminalCode'>): string =>
  `${merchantCode} ${kind} ${kind === 'operator' ? operatorCode : terminalCode}`;

const isOff = ({ differenceFen, terminalDifferenceFen }: ShiftFigures['lines'][number]): boolean =>
  differenceFen !== 0 || (terminalDifferenceFen ?? 0) !== 0;

const frozenFigures = z.object({
  currency: z.string().default('CNY'),
  lines: z.array(
    z.object({
      payType: z.string(),
      currency: z.string().default('CNY'),
      isCash: z.boolean(),
      takenFen: z.number(),
      takenCount: z.number(),
      refundedFen: z.number(),
      refundedCount: z.number(),
      netFen: z.number(),
      hisFen: z.number(),
      hisCount: z.number(),
      differenceFen: z.number(),
      terminalFen: fen,
      terminalDifferenceFen: fen,
    }),
  ),
  cash: z.object({
    openingFloatFen: z.number(),
    hisFen: z.number(),
    expectedFen: z.number(),
    countedFen: fen,
    differenceFen: fen,
    denominations: z.array(z.object({ fen: z.number(), count: z.number() })),
  }),
});
