import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jobs } from '@hospital-pay/jobs';
import { monitoring } from '@hospital-pay/monitoring';
import type { OrderView, RefundView } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo, readAnswer, signedHeaders } from '../harness/client';
import { createEmptyHouse } from '../harness/empty-house';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { type SecondProcess, startSecond } from '../harness/second';
import { until } from '../harness/waiting';
import { startPostgres } from '../services/postgres';

describe('two processes on one PostgreSQL', () => {
  let hospital: Hospital;
  let second: SecondProcess;
  let stopDatabase: () => void = () => undefined;

  beforeAll(async () => {
    const secret = randomBytes(32).toString('base64');
    const server = await startPostgres();
    stopDatabase = () => server.stop();
    const env = { DATABASE_URL: await createEmptyHouse(server), SECRETS_KEY: secret, JWT_SECRET: secret };
    hospital = await startHospital({ env });
    second = await startSecond(env);
  }, 180_000);
  afterEach(() => hospital.sandbox.faults.clear());
  afterAll(async () => {
    await second.stop();
    await hospital.stop();
    stopDatabase();
  });

  const urls = () => [hospital.url, second.url];
  async function call<Body>(url: string, method: string, target: string, body?: unknown) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = signedHeaders(hospital.application, { method, path: target, body: text });
    const request = method === 'GET' ? { method, headers } : { method, headers, body: text };
    return readAnswer<Body>(await fetch(url + target, request));
  }
  /** From both at once, several times each. */
  const fromBoth = <Body>(times: number, method: string, target: string, body?: () => unknown) =>
    Promise.all(
      Array.from({ length: times }, () => urls())
        .flat()
        .map((url) => call<Body>(url, method, target, body?.())),
    );
  const newOrder = (fields: Record<string, unknown> = {}) => ({
    merchantOrderNo: newNo(),
    amountFen: 1000,
    subject: '门诊缴费',
    scene: 'native',
    channel: 'alipay',
    ...fields,
  });
  const outgoing = async (orderNo: string) => {
    await monitoring(hospital.strapi()).flush();
    await pause(1000);
    const rows: { at: Date; duration_ms: number; method: string }[] = await hospital
      .strapi()
      .db.connection('interface_logs')
      .where({ order_no: orderNo, direction: 'out' })
      .whereNot({ method: 'his_confirm' })
      .orderBy('at')
      .select('at', 'duration_ms', 'method');
    return rows.map(({ at, duration_ms, method }) => ({
      method,
      from: at.getTime(),
      to: at.getTime() + duration_ms,
    }));
  };

  test('the same order from both at once is one order and one payment', async () => {
    const body = newOrder({ scene: 'micropay', channel: undefined, authCode: alipayCode() });
    const answers = await fromBoth<OrderView>(5, 'POST', '/api/v1/orders', () => body);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => answer.body.orderNo)).size).toBe(1);
    const { orderNo = '', merchantOrderNo = '' } = answers[0]?.body ?? {};
    await until(
      () => call<OrderView>(second.url, 'GET', `/api/v1/orders/${merchantOrderNo}`),
      (answer) => answer.body.status === 'paid',
    );
    expect(hospital.sandbox.ledger.payments({ outTradeNo: orderNo })).toHaveLength(1);
    expect((await outgoing(orderNo)).filter(({ method }) => method === 'create_order')).toHaveLength(1);
  }, 60_000);

  test('one verb at a time for one order, whichever process is asked', async () => {
    const { body: order } = await call<OrderView>(hospital.url, 'POST', '/api/v1/orders', newOrder());
    hospital.sandbox.faults.add({ operation: 'query', kind: 'delay', delayMs: 150, times: 0 });
    const target = `/api/v1/orders/${order.merchantOrderNo}`;
    const answers = await fromBoth<OrderView>(3, 'GET', target);
    expect(answers.map((answer) => answer.body.status)).toEqual(answers.map(() => 'pending'));
    await Promise.all([
      call(hospital.url, 'POST', `${target}/close`),
      call(second.url, 'POST', `${target}/close`),
      call(second.url, 'GET', target),
    ]);
    expect((await call<OrderView>(second.url, 'GET', target)).body.status).toBe('closed');
    const calls = await outgoing(order.orderNo);
    expect(calls.filter(({ method }) => method === 'query_order').length).toBeGreaterThanOrEqual(6);
    expect(calls.filter(({ method }) => method === 'close_order')).toHaveLength(1);
    for (const [index, next] of calls.slice(1).entries()) {
      // A clock read is a millisecond early or late.
      expect(next.from).toBeGreaterThanOrEqual((calls[index]?.to ?? 0) - 5);
    }
  }, 60_000);

  test('refunds from both at once never exceed what was paid', async () => {
    const body = newOrder({ scene: 'micropay', channel: undefined, authCode: alipayCode() });
    const { body: order } = await call<OrderView>(second.url, 'POST', '/api/v1/orders', body);
    expect(order.status).toBe('paid');
    const answers = await fromBoth<RefundView & { error?: { name?: string; code?: string } | null }>(
      4,
      'POST',
      '/api/v1/refunds',
      () => ({ orderNo: order.orderNo, merchantRefundNo: newNo(), amountFen: 300, reason: '退号' }),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(3);
    const refused = answers.filter((answer) => answer.status !== 200);
    expect(new Set(refused.map((answer) => answer.body.error?.name))).toEqual(
      new Set(['REFUND_EXCEEDS_PAID']),
    );
    expect(hospital.sandbox.ledger.payments({ outTradeNo: order.orderNo })[0]?.refundedFen).toBe(900);
  }, 60_000);

  test('a notification that reaches one process wakes who waits at the other', async () => {
    const { body: order } = await call<OrderView>(second.url, 'POST', '/api/v1/orders', newOrder());
    const cashier = await hospital.staff('cashier');
    const waiting = cashier<OrderView>('GET', `/api/payments/cashier/orders/${order.orderNo}?wait=15000`);
    // Every account's notifications arrive where it was created for; the other process learns of them from the table.
    hospital.sandbox.patient.pay(null, order.payerAction?.kind === 'qr' ? order.payerAction.text : '');
    expect((await waiting).body).toMatchObject({ status: 'paid', merchantCode });
  }, 60_000);

  test('two payments of one business number at both at once: one stays, the other goes back', async () => {
    const businessNo = `B${newNo()}`;
    const orders = await Promise.all(
      urls().map((url) =>
        call<OrderView>(
          url,
          'POST',
          '/api/v1/orders',
          newOrder({ scene: 'micropay', channel: undefined, authCode: alipayCode(), businessNo }),
        ),
      ),
    );
    const read = () =>
      Promise.all(
        orders.map(async ({ body }) => {
          const answer = await call<OrderView>(second.url, 'GET', `/api/v1/orders/${body.merchantOrderNo}`);
          return answer.body.status;
        }),
      );
    const ended = await until(read, (statuses) => statuses.includes('refunded'));
    expect([...ended].sort()).toEqual(['paid', 'refunded']);
  }, 60_000);

  test('a schedule fires on one of them', async () => {
    let here = 0;
    const everyMs = 250;
    await second.ask('every', everyMs);
    jobs(hospital.strapi()).every('probe', everyMs, async () => {
      here += 1;
    });
    const startedAt = Date.now();
    await pause(5000);
    const there = Number(await second.ask('fired'));
    const slots = (Date.now() - startedAt) / (everyMs * 0.9) + 1;
    expect(here + there).toBeGreaterThan(5);
    expect(here + there).toBeLessThanOrEqual(slots);
  }, 30_000);
});
