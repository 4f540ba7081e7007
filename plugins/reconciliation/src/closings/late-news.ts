import type { Events } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { pieces, readRows } from '../rows';
import type { Closings } from './closings';
import { lockedStates } from './ledger';

export interface LateNews {
  /** Waits until the days of all news heard so far have been looked at. */
  settled(): Promise<void>;
  /** Looks at one closed day of each merchant, another one each time. */
  recheck(): Promise<void>;
  close(): Promise<void>;
}

const gatheredForMs = 500;
/** Closed days that are looked at again and again, newest first: what nobody was told of is found as well. */
const recheckedDays = 62;

const touched = z.object({ merchantCode: z.string(), settledOn: z.string().nullable() });

/** Orders, refunds and HIS records that change after their day was closed become adjustments. */
export function followLateNews(
  events: Events,
  db: Knex,
  closings: Pick<Closings, 'adjust'>,
  report: (error: unknown) => void,
): LateNews {
  const heard = {
    orders: new Set<string>(),
    refunds: new Set<string>(),
    his: new Map<string, Set<string>>(),
  };
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  let turn = 0;

  const off = [
    events.on('order.changed', ({ orderNo }) => hear(() => heard.orders.add(orderNo))),
    events.on('refund.changed', ({ refundNo }) => hear(() => heard.refunds.add(refundNo))),
    events.on('his.changed', ({ merchantCode, hisSerialNo }) =>
      hear(() => {
        const serials = heard.his.get(merchantCode) ?? new Set();
        heard.his.set(merchantCode, serials.add(hisSerialNo));
      }),
    ),
  ];

  function hear(note: () => unknown): void {
    note();
    timer ??= setTimeout(look, gatheredForMs).unref();
  }

  function look(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    looking = looking.then(lookNow).catch(report);
    return looking;
  }

  async function lookNow(): Promise<void> {
    const days = new Map<string, { merchantCode: string; date: string }>();
    const learn = async (table: string, column: string, numbers: Set<string>, where = {}): Promise<void> => {
      const asked = [...numbers];
      numbers.clear();
      for (const piece of pieces(asked)) {
        const rows: unknown = await db(table)
          .where(where)
          .whereIn(column, piece)
          .distinct('merchant_code', 'settled_on');
        for (const { merchantCode, settledOn: date } of readRows(touched, rows)) {
          if (date) days.set(`${merchantCode} ${date}`, { merchantCode, date });
        }
      }
    };
    await learn('orders', 'order_no', heard.orders);
    await learn('refunds', 'refund_no', heard.refunds);
    for (const [merchantCode, serials] of heard.his) {
      await learn('his_records', 'his_serial_no', serials, { merchant_code: merchantCode });
    }
    for (const { merchantCode, date } of days.values()) {
      await closings.adjust(merchantCode, { from: date, to: date });
    }
  }

  return {
    settled: look,

    async recheck() {
      const merchants = z
        .array(z.object({ merchant_code: z.string() }))
        .parse(await db('closings').distinct('merchant_code'));
      for (const { merchant_code: merchantCode } of merchants) {
        const rows: unknown = await db('closings')
          .where({ kind: 'day', merchant_code: merchantCode })
          .whereIn('status', [...lockedStates])
          .orderBy('period', 'desc')
          .limit(recheckedDays)
          .select('period');
        const days = readRows(z.object({ period: z.string() }), rows);
        const day = days[turn % Math.max(days.length, 1)]?.period;
        if (day !== undefined) await closings.adjust(merchantCode, { from: day, to: day });
      }
      turn += 1;
    },

    async close() {
      for (const stop of off) stop();
      clearTimeout(timer);
      await looking;
    },
  };
}
