import { createRecorder } from '@hospital-pay/monitoring';
import type { PaymentEvents } from '@hospital-pay/payments';
import { knex } from 'knex';

/** Logs a call every few milliseconds into the database it is given, and tells how many it has, until it is killed. */
async function main(): Promise<void> {
  const db = knex({
    client: 'better-sqlite3',
    connection: { filename: process.env.DATABASE_FILENAME ?? '' },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  });
  const recorder = createRecorder({
    db: () => db,
    known: () => undefined,
    book: async () => undefined,
    warn: console.error,
  });
  let hear: ((call: PaymentEvents['channel.call']) => void) | undefined;
  recorder.attach({
    on(name, listener) {
      if (name === 'channel.call') hear = Object.assign(listener);
      return () => undefined;
    },
  });
  let told = 0;
  setInterval(() => {
    told += 1;
    hear?.({
      method: 'query_order',
      url: 'https://gateway.example/query',
      request: '{}',
      response: '{}',
      startedAt: new Date(),
      durationMs: told,
      channel: 'wechat',
      accountCode: 'WX-MAIN',
      orderNo: 'CRASH',
      tradeType: 'weixin_native',
      direction: 'out',
    });
    process.send?.(told);
  }, 5);
}

void main();
