import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { access } from '@hospital-pay/access';
import { dashboardFiles, files } from '@hospital-pay/dashboards';
import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, insertRow } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { type Platform, startPlatform } from '../harness/platform';

const minuteMs = 60_000;
const now = Date.now();
const at = (minutesAgo: number) => new Date(now - minutesAgo * minuteMs);

const panel = (id: number, type: string, rawSql: string) => ({
  id,
  type,
  title: `panel ${id}`,
  gridPos: { x: 0, y: id * 4, w: 6, h: 4 },
  targets: [{ refId: 'A', format: 'table', rawSql }],
});
const odd = {
  uid: 'odd',
  title: 'odd',
  panels: [
    panel(1, 'stat', 'SELECT no_such_column FROM wall.orders'),
    panel(2, 'hologram', "SELECT 1 AS value, 'x' AS name"),
    panel(3, 'stat', "DELETE FROM wall.merchants WHERE code = 'H001'"),
    panel(4, 'table', 'SELECT code FROM wall.merchants ORDER BY code'),
    { ...panel(5, 'stat', ''), targets: [{ refId: 'A', expr: 'up' }] },
  ],
};

interface PanelAnswer {
  frames: { fields: { name: string; type: string }[]; rows: unknown[][] }[];
  error: { code: string; zh: string; detail: string | null } | null;
}

describe.each(['sqlite', 'postgres'] as const)('the wall on %s', (database) => {
  let platform: Platform;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-boards-'));
  beforeAll(async () => {
    for (const name of dashboardFiles)
      fs.writeFileSync(path.join(folder, path.basename(name)), files[name] ?? '');
    fs.writeFileSync(path.join(folder, 'odd.json'), JSON.stringify(odd));
    fs.writeFileSync(path.join(folder, 'torn.json'), '{"uid":"torn",');
    // As a process that only serves: the test says when to count.
    platform = await startPlatform({ database, env: { ROLE: 'web', DASHBOARDS_DIR: folder } });
    for (const code of ['H001', 'H002'])
      await insertRow(db(), 'merchants', { code, name: code, zone: 'Asia/Shanghai', enabled: true });
  }, 120_000);
  afterAll(async () => {
    await platform?.stop();
    delete process.env.DASHBOARDS_DIR;
    fs.rmSync(folder, { recursive: true, force: true });
  });

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

  test('a count that is told to stop leaves everything to the next', async () => {
    await db()('order_minutes').delete();
    await platform.strapi().store({ type: 'core', name: 'wall-minutes' }).delete({ key: 'state' });
    await monitoring(platform.strapi()).minutes.count(AbortSignal.abort());
    expect(await figures()).toMatchObject({ orders: 0 });
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

  const tokens = new Map<string, string>();
  const ask = async <Body>(route: string, role = 'ops', merchantCodes: string[] | null = null) => {
    const { createAccount, sessions } = access(platform.strapi());
    const username = `${role}-${merchantCodes?.join('-') ?? 'all'}`;
    const known = tokens.get(username);
    if (known === undefined) {
      const password = 'Hospital@2026';
      await createAccount({ username, password, displayName: username, roles: [role], merchantCodes });
      const { accessToken } = await sessions.signIn(
        { username, password },
        { ip: '127.0.0.1', userAgent: '' },
      );
      tokens.set(username, accessToken);
    }
    const authorization = `Bearer ${tokens.get(username)}`;
    return readAnswer<Body>(
      await fetch(`${platform.url}/api/monitoring/wall${route}`, { headers: { authorization } }),
    );
  };
  const figuresOf = async (uid: string, query = '', merchantCodes: string[] | null = null) => {
    const route = `/${uid}/figures${query}`;
    return (
      await ask<{ panels: Record<string, PanelAnswer>; countedAt: string }>(route, 'ops', merchantCodes)
    ).body;
  };

  test('shows every dashboard whose file can be read, the wall first, and sends no query to a browser', async () => {
    const { body } = await ask<{ uid: string }[]>('');
    expect(body.map(({ uid }) => uid)).toEqual([
      'hospital-pay-wall',
      'hospital-pay-channels',
      'hospital-pay-interfaces',
      'odd',
      'hospital-pay-reconciliation',
      'hospital-pay-system',
    ]);
    const board = await ask<{ zone: string; choices: { name: string; values: unknown[] }[] }>(
      '/hospital-pay-wall',
    );
    expect(board.body).toMatchObject({ zone: 'Asia/Shanghai', choices: [{ name: 'merchant' }] });
    expect(board.body.choices[0]?.values).toHaveLength(2);
    expect(JSON.stringify(board.body)).not.toContain('SELECT');
  });

  test('answers every panel of every dashboard', async () => {
    for (const name of dashboardFiles) {
      const { uid } = JSON.parse(files[name] ?? '');
      const { panels } = await figuresOf(uid);
      const failed = Object.entries(panels).filter(([, { error }]) => error !== null);
      expect([uid, failed]).toEqual([uid, []]);
    }
  });

  test('has figures as numbers, moments as such, and words instead of codes', async () => {
    const { panels, countedAt } = await figuresOf('hospital-pay-wall');
    expect(Math.abs(Date.now() - Date.parse(countedAt))).toBeLessThan(60_000);
    const [feed] = panels[14]?.frames ?? [];
    expect(feed?.fields.map(({ type }) => type)).toEqual(['time', 'text', 'text', 'number', 'text']);
    const row = feed?.rows.find((cells) => cells[4] === '…morrow');
    expect(row).toEqual([at(-26 * 60).getTime(), '已支付', '支付宝', 0.13, '…morrow']);
  });

  test('a query that fails is told in its panel, and the others are answered', async () => {
    const { panels } = await figuresOf('odd');
    expect(panels[1]?.error).toMatchObject({
      code: 'PANEL_FAILED',
      detail: expect.stringContaining('no_such_column'),
    });
    expect(panels[2]).toMatchObject({ error: null, frames: [{ rows: [[1, 'x']] }] });
    expect(panels[4]?.frames[0]?.rows).toEqual([['H001'], ['H002']]);
    expect(panels[5]).toEqual({ frames: [], error: null });
  });

  test('changes nothing, whatever a dashboard asks', async () => {
    const { panels } = await figuresOf('odd');
    expect(panels[3]?.error?.code).toBe('PANEL_FAILED');
    expect(await db()('merchants').where({ code: 'H001' }).count({ n: '*' }).first()).toMatchObject({
      n: expect.anything(),
    });
    expect((await figuresOf('odd')).panels[4]?.frames[0]?.rows).toHaveLength(2);
  });

  test('shows a merchant alone when asked, and takes no value that is not in the list', async () => {
    const feed = async (query: string) =>
      (await figuresOf('hospital-pay-wall', query)).panels[14]?.frames[0]?.rows;
    expect((await feed('?merchant=H001'))?.length).toBeGreaterThan(0);
    expect(await feed('?merchant=H002')).toEqual([]);
    const injected = await ask(`/hospital-pay-wall/figures?merchant=${encodeURIComponent("x') OR ('1'='1")}`);
    expect(injected.status).toBe(400);
  });

  test('an account of one merchant sees that merchant and no count of all', async () => {
    const { panels } = await figuresOf('hospital-pay-wall', '', ['H002']);
    expect(panels[14]?.frames[0]?.rows).toEqual([]);
    expect(panels[10]?.error?.code).toBe('PANEL_OF_ALL_MERCHANTS');
  });

  test('is not for everybody, and knows no other dashboard', async () => {
    expect((await ask('', 'cashier')).status).toBe(403);
    expect((await ask('/nothing/figures')).status).toBe(404);
    expect((await fetch(`${platform.url}/api/monitoring/wall`)).status).toBe(401);
  });
});
