import { completeRow, shiftDay } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import {
  addAmounts,
  amounts,
  type DayFigure,
  type Days,
  dimensions,
  figureKey,
  liveFigures,
  noAmounts,
  readFigures,
} from '../facts';
import { holdPeriods, type LateRefunds, lockedDays, standingFigures } from './ledger';

const storedRow = z.looseObject({ closing_no: z.string().nullable(), concerns_date: z.string().nullable() });

/**
 * 后补调整. What changed on closed days since they were frozen (a record that HIS booked late or voided, a payment
 * that the channel confirmed late) is booked on the first open day after them. It is found as what stands now less
 * what closings have counted, so that it does not matter which news was heard: closed days, adjustments and open days
 * together are always the whole. What waits for a closing is renewed; what a closing has taken up stays.
 */
export async function bookAdjustments(
  db: Knex,
  lateRefunds: LateRefunds,
  merchantCode: string,
  days: Days,
  now: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    await holdPeriods(trx, merchantCode, 'close');
    const scope = [merchantCode];
    const locked = await lockedDays(trx, scope, { from: days.from, to: '9999-12-31' });
    const isClosed = (date: string): boolean => locked.has(`${merchantCode} ${date}`);
    const rows: unknown = await standingFigures(trx)
      .where({ merchant_code: merchantCode })
      .where((concerned) =>
        concerned
          .whereBetween('concerns_date', [days.from, days.to])
          .orWhere((frozen) => frozen.whereNull('concerns_date').whereBetween('date', [days.from, days.to])),
      );
    const pending: { figure: DayFigure; bookedOn: string }[] = [];
    const changes = new Map<string, DayFigure>();
    const count = (figure: DayFigure, sign: 1 | -1): void => {
      const change = changes.get(figureKey(figure)) ?? { ...figure, ...noAmounts() };
      addAmounts(change, figure, sign);
      changes.set(figureKey(figure), change);
    };
    for (const row of z.array(storedRow).parse(rows)) {
      const [figure] = readFigures([row]);
      if (!figure) continue;
      const concerned = { ...figure, date: row.concerns_date ?? figure.date };
      if (row.closing_no === null) pending.push({ figure: concerned, bookedOn: figure.date });
      else count(concerned, -1);
    }
    const late = await lateRefunds(trx, scope, days);
    for (const figure of await liveFigures(trx, scope, days, dimensions, late)) count(figure, 1);

    const wanted = [...changes.values()]
      .filter((change) => isClosed(change.date) && amounts.some((name) => change[name] !== 0))
      .map((figure) => ({ figure, bookedOn: firstOpenDay(figure.date, isClosed) }));
    if (spoken(wanted) === spoken(pending)) return;
    await trx('closing_figures')
      .where({ merchant_code: merchantCode })
      .whereNull('closing_no')
      .whereBetween('concerns_date', [days.from, days.to])
      .delete();
    for (const { figure, bookedOn } of wanted) {
      const row = { ...figure, closingNo: null, concernsDate: figure.date, date: bookedOn };
      await trx('closing_figures').insert(completeRow(trx, row, now));
    }
  });
}

function firstOpenDay(date: string, isClosed: (date: string) => boolean): string {
  let day = date;
  while (isClosed(day)) day = shiftDay(day, 1);
  return day;
}

const spoken = (adjustments: { figure: DayFigure; bookedOn: string }[]): string =>
  adjustments
    .map(({ figure, bookedOn }) =>
      JSON.stringify([bookedOn, figureKey(figure), amounts.map((name) => figure[name])]),
    )
    .sort()
    .join();
