import { dateValue, type Events, type PaymentEvents } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import { dueWork } from './due-work';

type Db = Core.Strapi['db']['connection'];

export interface MetricsOptions {
  db: () => Db;
  now: () => Date;
  events: Pick<Events, 'on'>;
}

export interface Metrics {
  contentType: string;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
  stop(): void;
}

/** How long figures that the database must count are good for: many scrapers cost no more than one. */
const countedForMs = 10_000;
const weekMs = 7 * 24 * 3_600_000;

const counted = z.array(z.object({ label: z.string(), count: z.coerce.number() }));

/**
 * What Prometheus reads of one process. Labels are channels, scenes, states and methods: never an order, a patient or an
 * account, so that the number of series does not grow with the business.
 */
export function createMetrics({ db, now, events }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const orders = new Counter({
    name: 'hospital_pay_orders_total',
    help: 'Orders that came to a state, by the process that moved them',
    labelNames: ['channel', 'scene', 'state'],
    registers,
  });
  const paid = new Counter({
    name: 'hospital_pay_paid_minor_units_total',
    help: 'Money taken, in minor units (fen)',
    labelNames: ['channel', 'currency'],
    registers,
  });
  const refunds = new Counter({
    name: 'hospital_pay_refunds_total',
    help: 'Refunds that came to a state',
    labelNames: ['channel', 'state'],
    registers,
  });
  const refunded = new Counter({
    name: 'hospital_pay_refunded_minor_units_total',
    help: 'Money given back, in minor units (fen)',
    labelNames: ['channel', 'currency'],
    registers,
  });
  const calls = new Histogram({
    name: 'hospital_pay_channel_call_seconds',
    help: 'Calls to channels and HIS, and notifications from them',
    labelNames: ['channel', 'scene', 'method', 'result'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20],
    registers,
  });

  const onMove = ({ to, channel, scene, currency, paidFen }: PaymentEvents['order.moved']): void => {
    orders.inc({ channel, scene, state: to });
    if (to === 'paid') paid.inc({ channel, currency }, paidFen);
  };
  const onRefund = ({ to, channel, currency, amountFen }: PaymentEvents['refund.moved']): void => {
    refunds.inc({ channel, state: to });
    if (to === 'succeeded') refunded.inc({ channel, currency }, amountFen);
  };
  const onCall = (call: PaymentEvents['channel.call']): void => {
    const { channel, scene, method, errorCode, durationMs } = call;
    const result = errorCode ? 'error' : 'ok';
    calls.observe({ channel: channel ?? 'his', scene: scene ?? 'none', method, result }, durationMs / 1000);
  };
  const stops = [
    events.on('order.moved', onMove),
    events.on('refund.moved', onRefund),
    events.on('channel.call', onCall),
  ];

  const waiting = new Gauge({
    name: 'hospital_pay_waiting',
    help: 'Work that is due: orders and refunds to ask about, outbox rows and messages to send',
    labelNames: ['work'],
    registers,
  });
  const runs = new Gauge({
    name: 'hospital_pay_reconciliation_runs',
    help: 'Reconciliation runs of the last seven days by state',
    labelNames: ['state'],
    registers,
  });
  const discrepancies = new Gauge({
    name: 'hospital_pay_open_discrepancies',
    help: 'Differences that nobody has settled yet',
    labelNames: ['state'],
    registers,
  });
  const connections = new Gauge({
    name: 'hospital_pay_database_connections',
    help: 'The connection pool of this process',
    labelNames: ['state'],
    registers,
    collect() {
      const { pool } = db().client;
      this.set({ state: 'used' }, pool.numUsed());
      this.set({ state: 'free' }, pool.numFree());
      this.set({ state: 'wanted' }, pool.numPendingAcquires());
    },
  });

  async function fill(gauge: Gauge<'state'>, rows: unknown): Promise<void> {
    gauge.reset();
    for (const { label, count } of counted.parse(rows)) gauge.set({ state: label }, count);
  }

  async function count(): Promise<void> {
    const connection = db();
    for (const [work, count] of Object.entries(await dueWork(connection, now())))
      waiting.set({ work }, count);
    const recently = dateValue(connection, new Date(now().getTime() - weekMs));
    await fill(
      runs,
      await connection('reconciliation_runs')
        .where('created_time', '>=', recently)
        .groupBy('status')
        .select({ label: 'status' })
        .count({ count: '*' }),
    );
    await fill(
      discrepancies,
      await connection('discrepancies')
        .whereIn('status', ['open', 'pending_approval'])
        .groupBy('status')
        .select({ label: 'status' })
        .count({ count: '*' }),
    );
  }

  let counting: { at: number; done: Promise<void> } | undefined;
  const countOnce = (): Promise<void> => {
    if (counting && Date.now() - counting.at < countedForMs) return counting.done;
    const done = count();
    counting = { at: Date.now(), done };
    done.catch(() => {
      counting = undefined;
    });
    return done;
  };

  return {
    contentType: registry.contentType,
    async text() {
      await countOnce();
      return registry.metrics();
    },
    stop() {
      for (const stop of stops) stop();
      connections.reset();
      registry.clear();
    },
  };
}
