import { access, type SignedInAccount } from '@hospital-pay/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { type Platform, startPlatform } from '../harness/platform';

const password = 'Hospital@2026';
const uid = 'api::channel-account.channel-account';

/** A room's own routes behind the guard: what a payment room would register. */
async function routes(strapi: Core.Strapi): Promise<void> {
  const guard = strapi.middleware('plugin::access.guard');
  const guarded = (action: string, subject: string) => {
    const middleware = guard({ action, subject }, { strapi });
    return { auth: false as const, middlewares: middleware ? [middleware] : [] };
  };
  const info = { type: 'content-api', pluginName: 'access' };
  const save = async (ctx: Context) => {
    await strapi.db.query(uid).update({
      where: { code: ctx.params.code },
      data: { name: 'new', config: { appId: '2022', gatewaySecret: 'plain-secret' }, secrets: 'v1:other' },
    });
    ctx.body = { ok: true };
  };
  const refund = (ctx: Context) => {
    ctx.body = { ok: true };
  };
  const show = (ctx: Context) => {
    const account: SignedInAccount = ctx.state.account;
    ctx.body = access(strapi).mask(
      'order',
      { patientName: '王小明', cardNo: '0003276083', amountFen: 1 },
      account,
    );
  };
  strapi.server.routes({
    type: 'content-api',
    prefix: '/probe',
    routes: [
      {
        method: 'PUT',
        path: '/accounts/:code',
        handler: save,
        info,
        config: guarded('update', 'channel-account'),
      },
      {
        method: 'POST',
        path: '/refunds/:orderNo',
        handler: refund,
        info,
        config: guarded('refund', 'order'),
      },
      { method: 'GET', path: '/shown', handler: show, info, config: guarded('read', 'order') },
    ],
  });
}

describe("a route of a room's own", () => {
  let platform: Platform;

  async function send(method: string, path: string, username: string, body?: unknown) {
    const { accessToken } = await access(platform.strapi()).sessions.signIn(
      { username, password },
      { ip: '127.0.0.1', userAgent: '' },
    );
    return fetch(`${platform.url}/api/probe${path}`, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
  const trail = (where: object) =>
    platform
      .strapi()
      .db.query('api::audit-entry.audit-entry')
      .findMany({ where, orderBy: { id: 'asc' } });

  beforeAll(async () => {
    platform = await startPlatform({ prepare: routes });
    const { createAccount } = access(platform.strapi());
    for (const [username, role] of [
      ['admin', 'hospital_admin'],
      ['finance', 'finance'],
      ['cashier', 'cashier'],
    ] as const) {
      await createAccount({ username, password, displayName: username, roles: [role], merchantCodes: null });
    }
    const data = {
      code: 'ALI',
      name: 'old',
      channel: 'alipay',
      merchantCode: 'H1',
      config: { appId: '2021' },
    };
    await platform
      .strapi()
      .db.query(uid)
      .create({ data: { ...data, secrets: 'v1:one', publishedAt: new Date() } });
  }, 120_000);
  afterAll(() => platform.stop());

  test('a changed channel account is in the trail before and after, with no secret, and that one changed', async () => {
    expect((await send('PUT', '/accounts/ALI', 'admin', { config: { privateKey: 'never' } })).status).toBe(
      200,
    );
    const entries = await trail({ subject: 'channel-account', subjectKey: 'ALI' });
    expect(entries).toMatchObject([
      {
        actor: 'admin',
        action: 'update',
        before: { name: 'old', config: { appId: '2021' } },
        after: { name: 'new', config: { appId: '2022' }, secretChanged: true },
      },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/never|plain-secret|v1:/);
  });

  test('a refund is in the trail with amount and reason and nothing else of the request', async () => {
    const body = {
      amountFen: 200,
      reason: '患者退费',
      merchantRefundNo: 'R1',
      authCode: '280000000000001234',
    };
    expect((await send('POST', '/refunds/O1', 'finance', body)).status).toBe(200);
    expect(await trail({ subject: 'order', subjectKey: 'O1' })).toMatchObject([
      {
        actor: 'finance',
        action: 'refund',
        after: { amountFen: 200, reason: '患者退费', merchantRefundNo: 'R1' },
      },
    ]);
  });

  test('a refused request leaves no entry', async () => {
    expect((await send('POST', '/refunds/O2', 'cashier', { amountFen: 1 })).status).toBe(403);
    expect(await trail({ subject: 'order', subjectKey: 'O2' })).toEqual([]);
  });

  test('rooms mask rows for the account that asks', async () => {
    expect(await (await send('GET', '/shown', 'cashier')).json()).toEqual({
      patientName: '王*明',
      cardNo: '******6083',
      amountFen: 1,
    });
    expect(await (await send('GET', '/shown', 'finance')).json()).toMatchObject({ patientName: '王小明' });
  });
});
