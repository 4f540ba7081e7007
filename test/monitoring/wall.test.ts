import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, insertRow } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Platform, startPlatform } from '../harness/platform';

const minuteMs = 60_000;
const now = Date.now();
const at = (minutesAgo: number) => new Date(now - minutesAgo * minuteMs);

describe.each(['sqlite', 'postgres'] as const)('rows added up by minute on %s', (database) => {
  let platform: Platform;
  beforeAll(async () => {
    // As a process that only serves: the test says when to count.
    platform = await startPlatform({ database, env: { ROLE: 'web' } });
  }, 120_000);
  afterAll(() => platform?.stop());

  const db = () => platform.strapi().db.connection;
  const count = () => monitoring(platform.strapi()).minutes.count();
  const order = (orderNo: string, createdTime: Date, status: string, amountFen = 100) =>
    insertRow(db(), 'orders', {
      orderNo,
      merchantOrderNo: orderNo,
      merchantCode: 'H001',
      channel: 'alipay',
      scene: 'micropay',
      currency: 'CNY',
      createdTime,
      status,
      amountFen,
      paidFen: status === 'paid' ? amountFen : 0,
    });
  const move = (orderNo: string, status: string, paidFen = 0) =>
    db()('orders').where({ order_no: orderNo }).update({ status, paid_fen: paidFen });
  const figures = async (where = {}) => {
    const rows: unknown = await db()('order_minutes').where(where).sum({
      orders: 'orders',
      paid: 'paid',
      failed: 'failed',
      open: 'open',
      unknown: 'unknown',
      fen: 'paid_fen',
    });
    const [sums] = Array.isArray(rows) ? rows : [];
    return Object.fromEntries(Object.entries(sums ?? {}).map(([name, value]) => [name, Number(value)]));
  };

  test('what was there before is counted once, and counting again changes nothing', async () => {
    for (let index = 0; index < 30; index += 1) await order(`old-${index}`, at(index * 100), 'paid');
    await order('old-failed', at(5), 'failed');
    await count();
    const first = await figures();
    expect(first).toEqual({ orders: 31, paid: 30, failed: 1, open: 0, unknown: 0, fen: 3000 });
    await count();
    expect(await figures()).toEqual(first);
  });

  test('an order that is paid an hour later moves within its minute', async () => {
    await order('waits', at(60), 'pending', 700);
    await count();
    expect(await figures()).toMatchObject({ orders: 32, open: 1, fen: 3000 });
    await move('waits', 'unknown');
    await count();
    expect(await figures()).toMatchObject({ open: 0, unknown: 1 });
    await move('waits', 'paid', 700);
    await count();
    expect(await figures()).toMatchObject({ orders: 32, paid: 31, unknown: 0, fen: 3700 });
  });

  test('a clock that jumped loses no order: what counts is that it is new', async () => {
    await order('from-yesterday', at(26 * 60), 'paid', 11);
    await order('from-tomorrow', at(-26 * 60), 'paid', 13);
    await count();
    expect(await figures()).toMatchObject({ orders: 34, paid: 33, fen: 3724 });
  });

  test('one leaves and another comes in the same minute: both are counted', async () => {
    await order('leaves', at(30), 'pending');
    await count();
    await move('leaves', 'failed');
    await order('comes', at(30), 'pending');
    await count();
    expect(await figures()).toMatchObject({ orders: 36, failed: 2, open: 1 });
  });

  test('a count that broke off in the middle is made good by the next', async () => {
    await db()('order_minutes')
      .where('at', '>=', dateValue(db(), at(120)))
      .delete();
    await platform.strapi().store({ type: 'core', name: 'wall-minutes' }).delete({ key: 'state' });
    await count();
    expect(await figures()).toMatchObject({ orders: 36, failed: 2, open: 1, fen: 3724 });
  });

  test('times of calls are kept by the bound they stay below', async () => {
    const call = (durationMs: number, errorCode: string | null) =>
      insertRow(db(), 'interface_logs', {
        at: at(2),
        channel: 'alipay',
        method: 'create_order',
        direction: 'out',
        durationMs,
        errorCode,
      });
    for (const durationMs of [3, 105, 110, 4000, 9_999_999]) await call(durationMs, null);
    await call(100, 'ODD');
    await count();
    const rows = await db()('call_minutes').orderBy('bound_ms').select('bound_ms', 'calls', 'errors');
    expect(
      rows.map(({ bound_ms, calls, errors }) => [Number(bound_ms), Number(calls), Number(errors)]),
    ).toEqual([
      [5, 1, 0],
      [100, 1, 1],
      [120, 2, 0],
      [4700, 1, 0],
      [1_000_000, 1, 0],
    ]);
  });

  test('minutes of long ago are forgotten', async () => {
    await order('ancient', at(40 * 24 * 60), 'paid');
    await count();
    expect(await figures()).toMatchObject({ orders: 37 });
    await monitoring(platform.strapi()).minutes.forget();
    expect(await figures()).toMatchObject({ orders: 36 });
  });
});
