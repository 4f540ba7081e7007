import { fromRow } from '@hospital-pay/payments';
import { createTurnableClock } from '../../harness/clock';
import { startHospital } from '../../harness/hospital';
import { keptCredentials } from '../../harness/kept';

/** The platform in a process of its own, which can be killed, with a clock that is turned from outside. */
async function main(): Promise<void> {
  const env = (name: string) => process.env[name] ?? '';
  const clock = createTurnableClock(Number(env('TURNED')));
  const hospital = await startHospital({
    clock,
    home: { folder: env('HOME_FOLDER'), port: Number(env('PORT')) },
    env: {
      SECRETS_KEY: env('SECRETS_KEY'),
      DATABASE_URL: env('DATABASE_URL'),
      REDIS_URL: env('REDIS_URL'),
    },
    gateways: { url: env('GATEWAY_URL'), credentials: keptCredentials() },
    merchant: { hisRefusal: env('HIS_REFUSAL') },
  });
  const db = hospital.strapi().db.connection;

  /** What is due now, and when the next is: all that anybody waits for stands in the tables. */
  const waits = async () => {
    const moment = (value: unknown): number =>
      value instanceof Date ? value.getTime() : Number(value ?? Number.NaN);
    const times: number[] = [];
    const read = async (table: string, column: string) => {
      const rows: Record<string, unknown>[] = await db(table)
        .whereNotNull(column)
        .orderBy(column)
        .limit(500)
        .select(column);
      for (const row of rows) times.push(moment(row[column]));
    };
    await read('orders', 'next_query_at');
    await read('refunds', 'next_query_at');
    const outbox: { next_at: unknown }[] = await db('outboxes')
      .where({ status: 'pending' })
      .select('next_at');
    for (const row of outbox) times.push(moment(row.next_at));
    const [unhandled]: { count: number | string }[] = await db('notifications')
      .whereNull('handled_at')
      .count({ count: '*' });
    const now = clock.now().getTime();
    return {
      due: times.filter((time) => time <= now).length,
      unhandled: Number(unhandled?.count ?? 0),
      next: times.filter((time) => time > now).sort((a, b) => a - b)[0] ?? null,
      now,
    };
  };

  const tables = async (fromOrderId: number) => {
    const orders: Record<string, unknown>[] = await db('orders').where('id', '>', fromOrderId).orderBy('id');
    const numbers = orders.map((order) => String(order.order_no));
    const of = async (table: string, order = 'id') => {
      const rows: Record<string, unknown>[] = await db(table).whereIn('order_no', numbers).orderBy(order);
      return rows.map(fromRow);
    };
    return {
      orders: orders.map(fromRow),
      refunds: await of('refunds'),
      outboxes: await of('outboxes'),
      alarms: await of('alarms'),
      discrepancies: await of('discrepancies'),
      hisRecords: await of('his_records'),
    };
  };

  const answer = async (question: Record<string, unknown>): Promise<unknown> => {
    switch (question.ask) {
      case 'turn':
        clock.turn(Number(question.ms));
        return null;
      case 'waits':
        return waits();
      case 'tables':
        return tables(Number(question.from));
      default:
        throw new Error(`cannot be asked ${String(question.ask)}`);
    }
  };

  process.on('message', (message: Record<string, unknown>) => {
    answer(message).then(
      (value) => process.send?.({ id: message.id, value: JSON.stringify(value) }),
      (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => {
    hospital.stop().finally(() => process.exit(0));
  });
  process.send?.({ ready: true });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
