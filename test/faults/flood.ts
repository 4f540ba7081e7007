import { setTimeout as pause } from 'node:timers/promises';
import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, payments } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { startHospital, wechatCode } from '../harness/hospital';
import { passTime, until } from '../harness/waiting';
import { startTarget } from '../monitoring/targets';
import { freePort } from '../services/ports';
import { startRedis } from '../services/redis';

export interface FloodOptions {
  database: 'sqlite' | 'postgres';
  /** How many alarms ring, of how many matters. */
  alarms: number;
  matters: number;
  /** How many payments are made before and again during it. */
  payments: number;
  /** The time in which the alarms ring, in ms. */
  withinMs: number;
  /** Whether jobs go through a Redis that goes away as well; a client takes its time to find it again. */
  withRedis: boolean;
}

export interface FloodFigures {
  /** Median ms of a payment without and with the flood. */
  quietMs: number;
  floodedMs: number;
  paid: number;
  alarmsKept: number;
  alarmsCounted: number;
  messages: number;
  /** What the target took once it was back, and how many different ones they were. */
  taken: number;
  different: number;
  deliveriesLeft: number;
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * Redis goes away, the webhook's server is down for an hour, and alarms ring by the thousand, while people pay. Then all
 * of it comes back. What became of it is counted; nothing is judged here.
 */
export async function flood(options: FloodOptions): Promise<FloodFigures> {
  const clock = createTurnableClock(0);
  const redisPort = await freePort();
  let redis = options.withRedis ? await startRedis(redisPort) : undefined;
  const hook = await startTarget();
  const hospital = await startHospital({
    database: options.database,
    clock,
    env: { REDIS_URL: redis?.url ?? '', MESSAGE_TIMEOUT_MS: '2000' },
  });
  const db = () => hospital.strapi().db.connection;
  try {
    for (const table of ['message_routes', 'alert_rules']) await db()(table).delete();
    const ops = await hospital.staff('ops');
    const config = { url: hook.url, secret: 'a-webhook-secret-of-ours' };
    await ops('POST', '/api/monitoring/targets', { code: 'hook', name: 'hook', kind: 'webhook', config });
    const data = {
      name: 'all',
      minLevel: 'info',
      step: 1,
      targets: 'hook',
      kinds: 'account_silent',
      enabled: true,
    };
    await ops('POST', '/api/message-routes', { data });

    const times = { quiet: [] as number[], flooded: [] as number[] };
    let paid = 0;
    const pay = async (into: number[]) => {
      const started = performance.now();
      const { body } = await hospital.call('POST', '/api/v1/orders', {
        merchantOrderNo: newNo(),
        amountFen: 1000,
        subject: '门诊缴费',
        scene: 'micropay',
        authCode: wechatCode(),
      });
      into.push(performance.now() - started);
      if (body.status === 'paid') paid += 1;
    };
    for (let no = 0; no < 3; no += 1) await pay([]);
    for (let no = 0; no < options.payments; no += 1) await pay(times.quiet);

    await redis?.stop();
    await hook.down();
    const { events } = payments(hospital.strapi());
    const ringing = (async () => {
      const slices = 50;
      for (let slice = 0; slice < slices; slice += 1) {
        for (let no = slice; no < options.alarms; no += slices) {
          const name = newNo();
          events.emit('alarm', {
            kind: 'account_silent',
            level: 'critical',
            zh: `渠道无应答 ${name}`,
            en: `No answer ${name}`,
            orderNo: null,
            about: `account-${no % options.matters}`,
            dedupeKey: name,
          });
        }
        await pause(options.withinMs / slices);
      }
    })();
    for (let no = 0; no < options.payments; no += 1) await pay(times.flooded);
    await ringing;
    await monitoring(hospital.strapi()).flush();

    const hour = clock.now().getTime() + 3_600_000;
    await passTime(
      clock,
      { seconds: 4000, stepSeconds: 300 },
      async () => clock.now().getTime(),
      (now) => now > hour,
    );
    if (redis) redis = await startRedis(redisPort);
    await hook.up();
    const unsent = () => db()('deliveries').whereNot({ status: 'delivered' });
    const count = async (query: Knex.QueryBuilder): Promise<number> => {
      const row: { count?: unknown } | undefined = await query.count({ count: '*' }).first();
      return Number(row?.count ?? 0);
    };
    // Redis' clients and those who send live in real time: the clock is turned only when nothing is due.
    await until(
      async () => {
        const due = await count(unsent().where('next_at', '<=', dateValue(db(), clock.now())));
        if (due === 0) clock.turn(30_000);
        return { due, left: await count(unsent()), all: await count(db()('deliveries')) };
      },
      ({ all, left }) => all >= options.matters && left === 0,
      300_000,
    );
    const sum: { sum?: unknown } | undefined = await db()('messages')
      .where({ kind: 'account_silent' })
      .sum({ sum: 'count' })
      .first();
    const kept = (table: string) => count(db()(table).where({ kind: 'account_silent' }));
    return {
      quietMs: median(times.quiet),
      floodedMs: median(times.flooded),
      paid,
      alarmsKept: await kept('alarms'),
      alarmsCounted: Number(sum?.sum ?? 0),
      messages: await kept('messages'),
      taken: hook.taken.length,
      different: new Set(hook.taken.map(({ headers }) => headers['x-message-id'])).size,
      deliveriesLeft: await count(unsent()),
    };
  } finally {
    await hospital.stop();
    await hook.stop();
    await redis?.stop().catch(() => undefined);
  }
}

/** One line a person reads. */
export const told = (figures: FloodFigures): string =>
  `payments ${figures.paid}, median ${figures.quietMs.toFixed(1)} ms quiet, ${figures.floodedMs.toFixed(1)} ms flooded (×${(figures.floodedMs / figures.quietMs).toFixed(2)}); alarms kept ${figures.alarmsKept}, counted ${figures.alarmsCounted} in ${figures.messages} messages; delivered ${figures.taken} (${figures.different} different), left ${figures.deliveriesLeft}\n`;
