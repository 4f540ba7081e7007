import { randomBytes } from 'node:crypto';
import { access } from '@hospital-pay/access';
import { monitoring } from '@hospital-pay/monitoring';
import type { OrderView } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { alipayCode, type Hospital, merchantCode, password, startHospital } from '../harness/hospital';

interface Failure {
  error: { name: string };
}
interface Located {
  order: { orderNo: string } | null;
  attempts: unknown[];
  interfaceLogs: unknown[];
  timeline: { kind: string }[];
}

describe('a cashier at a hospital', () => {
  let hospital: Hospital;
  let order: OrderView;

  beforeAll(async () => {
    hospital = await startHospital();
    const answer = await hospital.call<OrderView>('POST', '/api/v1/orders', {
      merchantOrderNo: `C${randomBytes(8).toString('hex')}`,
      amountFen: 1234,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: alipayCode(),
    });
    order = answer.body;
    await monitoring(hospital.strapi()).flush();
  }, 120_000);
  afterAll(() => hospital.stop());

  async function signIn(username: string) {
    const { accessToken } = await access(hospital.strapi()).sessions.signIn(
      { username, password },
      { ip: '127.0.0.1', userAgent: '' },
    );
    return async <Body>(path: string) =>
      readAnswer<Body>(
        await fetch(hospital.url + path, { headers: { authorization: `Bearer ${accessToken}` } }),
      );
  }

  test('sees how channels are called and not how an account is configured', async () => {
    const cashier = await hospital.staff('cashier');
    const channels = await cashier<{ code: string; title: { zh: string } }[]>(
      'GET',
      '/api/payments/channels',
    );
    expect(channels.body.map(({ code }) => code)).toEqual(expect.arrayContaining(['alipay', 'wechat']));
    const listed = await cashier<{ data: object[] }>('GET', '/api/channel-accounts');
    expect(listed.body.data.length).toBe(2);
    expect(JSON.stringify(listed.body)).not.toMatch(/config|secrets/);
    const account = await cashier<Failure>('GET', '/api/payments/accounts/alipay-1');
    expect([account.status, account.body.error.name]).toEqual([403, 'FORBIDDEN']);
  });

  test.each(['admin', 'finance', 'ops'] as const)('%s may read the account as before', async (person) => {
    const staff = await hospital.staff(person);
    expect((await staff('GET', '/api/payments/accounts/alipay-1')).status).toBe(200);
  });

  test('finds an order without its calls, in the story neither; operations see them', async () => {
    const path = `/api/reconciliation/locate/${order.orderNo}`;
    const cashier = await hospital.staff('cashier');
    const { body: seen } = await cashier<Located>('GET', path);
    expect(seen.order?.orderNo).toBe(order.orderNo);
    expect(seen.attempts).toHaveLength(1);
    expect(seen.interfaceLogs).toEqual([]);
    const kinds = seen.timeline.map(({ kind }) => kind);
    expect(kinds).toContain('order');
    for (const kind of ['call', 'outbox', 'notification']) expect(kinds).not.toContain(kind);
    const boss = await hospital.staff('super');
    const { body: all } = await boss<Located>('GET', path);
    expect(all.interfaceLogs.length).toBeGreaterThan(0);
    expect(all.timeline.map(({ kind }) => kind)).toContain('call');
  });

  test('of another merchant does not find it, by none of its numbers', async () => {
    await access(hospital.strapi()).createAccount({
      username: 'cashier_elsewhere',
      password,
      displayName: '别院收费员',
      roles: ['cashier'],
      merchantCodes: ['H999'],
    });
    await access(hospital.strapi()).createAccount({
      username: 'cashier_here',
      password,
      displayName: '本院收费员',
      roles: ['cashier'],
      merchantCodes: [merchantCode],
    });
    const elsewhere = await signIn('cashier_elsewhere');
    const here = await signIn('cashier_here');
    const numbers = [order.orderNo, order.merchantOrderNo, order.channelTradeNo ?? ''];
    for (const number of numbers) {
      const path = `/api/reconciliation/locate/${number}`;
      expect((await here<Located>(path)).body.order?.orderNo).toBe(order.orderNo);
      const { body } = await elsewhere<Located>(path);
      expect(body).toMatchObject({ order: null, attempts: [], interfaceLogs: [], timeline: [] });
    }
  });
});
