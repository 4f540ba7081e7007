import { access, verifyChain } from '@hospital-pay/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { type Platform, startPlatform } from '../harness/platform';

const password = 'Hospital@2026';

interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
  account: { username: string; roles: { code: string }[]; merchantCodes: string[] | null; rules: unknown[] };
}
interface Failure {
  error: { name: string; message: string; details: { en: string } };
}
interface Rows {
  data: Record<string, unknown>[];
  meta: { pagination: { total: number; pageSize: number } };
}

let serial = 0;

/** An order with all it takes to be stored; the amounts do not matter here. */
async function order(platform: Platform, attributes: Record<string, unknown>): Promise<string> {
  serial += 1;
  const orderNo = `O${serial}`;
  await platform
    .strapi()
    .db.query('api::order.order')
    .create({
      data: {
        orderNo,
        merchantOrderNo: `M${serial}`,
        createdTime: new Date(),
        merchantCode: 'H1',
        scene: 'native',
        subject: '门诊缴费',
        amountFen: '1999',
        patientName: '王小明',
        patientId: 'P00012345',
        cardNo: '0003276083',
        payerAction: { kind: 'qr', text: 'https://pay' },
        publishedAt: new Date(),
        ...attributes,
      },
    });
  return orderNo;
}

describe.each(['sqlite', 'postgres'] as const)('access on %s', (database) => {
  let platform: Platform;

  async function send<Body>(method: string, path: string, body?: unknown, token?: string) {
    const response = await fetch(`${platform.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'user-agent': 'test-browser',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return readAnswer<Body>(response);
  }
  const signIn = (username: string, word = password) =>
    send<Tokens & Failure>('POST', '/api/access/sign-in', { username, password: word });
  const token = async (username: string) => (await signIn(username)).body.accessToken;
  const get = <Body = Rows & Failure>(path: string, accessToken: string) =>
    send<Body>('GET', path, undefined, accessToken);

  beforeAll(async () => {
    platform = await startPlatform({ database });
    const { createAccount } = access(platform.strapi());
    const people: [string, string, string[] | null][] = [
      ['super', 'super', null],
      ['admin', 'hospital_admin', null],
      ['branch_admin', 'hospital_admin', ['H1']],
      ['finance', 'finance', null],
      ['cashier', 'cashier', ['H1']],
      ['nowhere', 'cashier', []],
      ['ops', 'ops', null],
      ['victim', 'cashier', ['H1']],
      ['rush', 'cashier', ['H1']],
      ['mover', 'cashier', ['H1']],
    ];
    for (const [username, role, merchantCodes] of people) {
      await createAccount({ username, password, displayName: username, roles: [role], merchantCodes });
    }
    await order(platform, {});
    await order(platform, { merchantCode: 'H2', patientName: '李雷', subject: '李雷' });
    await order(platform, { subject: '王小明', cardNo: '0003821033' });
  }, 120_000);
  afterAll(() => platform.stop());

  test('a person signs in, is known by the token, refreshes and signs out', async () => {
    const first = await signIn('cashier');
    expect(first.status).toBe(200);
    expect(first.body.expiresIn).toBe(600);
    expect(first.body.account).toMatchObject({
      username: 'cashier',
      merchantCodes: ['H1'],
      roles: [{ code: 'cashier', name: '收费员', nameEn: 'Cashier' }],
    });
    expect(JSON.stringify(first.body)).not.toContain('userId');

    const me = await get<{ account: { username: string } }>('/api/access/me', first.body.accessToken);
    expect(me.body.account.username).toBe('cashier');

    const second = await send<Tokens>('POST', '/api/access/refresh', {
      refreshToken: first.body.refreshToken,
    });
    expect(second.status).toBe(200);
    expect(second.body.refreshToken).not.toBe(first.body.refreshToken);
    const reused = await send<Failure>('POST', '/api/access/refresh', {
      refreshToken: first.body.refreshToken,
    });
    expect(reused.status).toBe(401);

    await send('POST', '/api/access/sign-out', { refreshToken: second.body.refreshToken });
    for (const dead of [first.body.accessToken, second.body.accessToken]) {
      const answer = await get('/api/access/me', dead);
      expect([answer.status, answer.body.error.name]).toEqual([401, 'TOKEN_INVALID']);
    }
    const refused = await send<Failure>('POST', '/api/access/refresh', {
      refreshToken: second.body.refreshToken,
    });
    expect([refused.status, refused.body.error.name]).toEqual([401, 'TOKEN_INVALID']);
  });

  test('a refresh token that comes again after a minute ends the session for everybody who holds it', async () => {
    const first = await signIn('cashier');
    const second = await send<Tokens>('POST', '/api/access/refresh', {
      refreshToken: first.body.refreshToken,
    });
    const stolen = () => send('POST', '/api/access/refresh', { refreshToken: first.body.refreshToken });
    expect((await stolen()).status).toBe(401);
    expect((await get('/api/access/me', second.body.accessToken)).status).toBe(200);
    const { clock } = access(platform.strapi());
    const real = clock.now;
    try {
      clock.now = () => new Date(Date.now() + 61_000);
      expect((await stolen()).status).toBe(401);
    } finally {
      clock.now = real;
    }
    expect((await get('/api/access/me', second.body.accessToken)).status).toBe(401);
    const garbage = await send<Failure>('POST', '/api/access/refresh', { refreshToken: 'a.b.c' });
    expect(garbage.body.error.name).toBe('TOKEN_INVALID');
  });

  test('sign-in and sign-out leave a row each with address and client', async () => {
    const { body } = await signIn('finance');
    await send('POST', '/api/access/sign-out', { refreshToken: body.refreshToken });
    const rows = await platform
      .strapi()
      .db.query('api::login-log.login-log')
      .findMany({ where: { username: 'finance' }, orderBy: { id: 'asc' } });
    expect(rows).toMatchObject([
      { kind: 'sign_in', ip: '127.0.0.1', userAgent: 'test-browser' },
      { kind: 'sign_out', ip: '127.0.0.1', userAgent: 'test-browser' },
    ]);
  });

  test('unknown users, wrong passwords and locked accounts get one and the same answer', async () => {
    const unknown = await signIn('nobody', 'whatever-1');
    const wrong = await signIn('victim', 'whatever-1');
    for (let guess = 0; guess < 4; guess += 1) await signIn('victim', 'whatever-1');
    const locked = await signIn('victim');
    expect(unknown.status).toBe(401);
    expect(wrong).toEqual(unknown);
    expect(locked).toEqual(unknown);
    const kinds = await platform
      .strapi()
      .db.query('api::login-log.login-log')
      .findMany({ where: { username: 'victim' }, orderBy: { id: 'asc' } });
    expect(kinds.map(({ kind }: { kind: string }) => kind)).toEqual([
      'failed',
      'failed',
      'failed',
      'failed',
      'locked',
      'failed',
    ]);
  });

  test('a locked account opens after fifteen minutes', async () => {
    const { clock } = access(platform.strapi());
    const real = clock.now;
    try {
      clock.now = () => new Date(Date.now() + 14 * 60_000);
      expect((await signIn('victim')).status).toBe(401);
      clock.now = () => new Date(Date.now() + 16 * 60_000);
      expect((await signIn('victim')).status).toBe(200);
    } finally {
      clock.now = real;
    }
  });

  test('many guesses at once are no more than five', async () => {
    await Promise.all(Array.from({ length: 12 }, () => signIn('rush', 'guess-guess-1')));
    const row = await access(platform.strapi()).accounts.byUsername('rush');
    expect(row?.failedCount).toBe(5);
    expect((await signIn('rush')).status).toBe(401);
  });

  test('a changed password ends every session and the old one no longer works', async () => {
    const accessToken = await token('mover');
    const next = 'Another-Word-77';
    const weak = await send<Failure>(
      'POST',
      '/api/access/password',
      { current: password, next: 'short1' },
      accessToken,
    );
    expect(weak.body.error.name).toBe('PASSWORD_WEAK');
    const wrong = await send<Failure>('POST', '/api/access/password', { current: 'no', next }, accessToken);
    expect(wrong.body.error.name).toBe('PASSWORD_WRONG');
    expect(
      (await send('POST', '/api/access/password', { current: password, next }, accessToken)).status,
    ).toBe(200);
    expect((await get('/api/access/me', accessToken)).status).toBe(401);
    expect((await signIn('mover')).status).toBe(401);
    expect((await signIn('mover', next)).status).toBe(200);
  });

  test('a malformed sign-in says what is wrong with it', async () => {
    const answer = await send<Failure>('POST', '/api/access/sign-in', {
      username: ['x'],
      password: { $ne: null },
    });
    expect([answer.status, answer.body.error.name]).toEqual([400, 'REQUEST_INVALID']);
  });

  test('without a token, with a forged one, and without the right each has its own code', async () => {
    const missing = await send<Failure>('GET', '/api/orders');
    expect([missing.status, missing.body.error.name]).toEqual([401, 'TOKEN_MISSING']);
    const forged = await get('/api/orders', 'abc.def.ghi');
    expect([forged.status, forged.body.error.name]).toEqual([401, 'TOKEN_INVALID']);
    const forbidden = await get('/api/orders', await token('ops'));
    expect([forbidden.status, forbidden.body.error.name]).toEqual([403, 'FORBIDDEN']);
    expect(forbidden.body.error).toMatchObject({
      message: '没有权限执行此操作',
      details: { en: expect.any(String) },
    });
  });

  test('a disabled account is out at its next request', async () => {
    const accessToken = await token('nowhere');
    const { accounts } = access(platform.strapi());
    const row = await accounts.byUsername('nowhere');
    await accounts.update(row?.id ?? 0, { enabled: false });
    expect((await get('/api/access/me', accessToken)).status).toBe(401);
    await accounts.update(row?.id ?? 0, { enabled: true });
    expect((await get('/api/access/me', accessToken)).status).toBe(200);
  });

  test('a cashier sees the own merchant only, patients masked, whatever is asked', async () => {
    const accessToken = await token('cashier');
    for (const query of [
      '',
      '?filters[merchantCode][$eq]=H2',
      '?filters[$or][0][merchantCode]=H2&filters[$or][1][merchantCode]=H1',
      '?filters[merchantCode][$ne]=H1',
      '?pagination[withCount]=true&pagination[limit]=-1&pagination[start]=0',
    ]) {
      const { status, body } = await get(`/api/orders${query}`, accessToken);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toMatch(
        /王小明|李雷|0003276083|P00012345|payerAction|requestHash|"H2"/,
      );
      for (const row of body.data) expect(row.merchantCode).toBe('H1');
    }
    const { body } = await get('/api/orders?sort=orderNo:asc', accessToken);
    expect(body.data[0]).toMatchObject({
      patientName: '王*明',
      cardNo: '******6083',
      patientId: '****2345',
      amountFen: '1999',
      subject: '门诊缴费',
    });
    expect(body.data.map(({ subject }) => subject)).toContain('王*明');
  });

  test('an account of no merchant sees nothing', async () => {
    const { body } = await get('/api/orders', await token('nowhere'));
    expect(body.data).toEqual([]);
    expect(body.meta.pagination.total).toBe(0);
  });

  test('one order of another merchant does not exist for a cashier', async () => {
    const foreign = await platform
      .strapi()
      .db.query('api::order.order')
      .findOne({ where: { merchantCode: 'H2' } });
    const answer = await get(`/api/orders/${foreign.documentId}`, await token('cashier'));
    expect([answer.status, answer.body.error.name]).toEqual([404, 'NOT_FOUND']);
    const own = await platform
      .strapi()
      .db.query('api::order.order')
      .findOne({ where: { merchantCode: 'H1' } });
    const seen = await get<{ data: Record<string, unknown> }>(
      `/api/orders/${own.documentId}`,
      await token('cashier'),
    );
    expect(seen.body.data).toMatchObject({ orderNo: own.orderNo, patientName: '王*明' });
  });

  test('picking fields cannot unmask the title', async () => {
    const { body } = await get('/api/orders?fields=orderNo,subject', await token('cashier'));
    expect(body.data.map(({ subject }) => subject)).toContain('王*明');
    expect(Object.keys(body.data[0] ?? {}).sort()).toEqual(['documentId', 'id', 'orderNo', 'subject']);
  });

  test('the old answer format does not slip past the mask', async () => {
    const response = await fetch(`${platform.url}/api/orders`, {
      headers: { authorization: `Bearer ${await token('cashier')}`, 'strapi-response-format': 'v4' },
    });
    expect(await response.text()).not.toContain('王小明');
  });

  test.each([
    'filters[patientName][$startsWith]=王',
    'filters[$and][0][$not][patientId][$contains]=P',
    'filters[cardNo][$startsWith]=000',
    'filters[subject][$contains]=王',
    'filters[payerAction][$notNull]=true',
    'filters[requestHash][$notNull]=true',
    'filters[createdBy][email][$contains]=a',
    'sort=patientName:asc',
    'sort[0]=orderNo&sort[1]=cardNo:desc',
    '_q=王小明',
  ])('a cashier cannot find out by asking %s', async (query) => {
    const answer = await get(`/api/orders?${query}`, await token('cashier'));
    expect([answer.status, answer.body.error.name]).toEqual([400, 'QUERY_FORBIDDEN']);
  });

  test('a cashier finds a patient by the whole card number', async () => {
    const { body } = await get('/api/orders?filters[cardNo][$eq]=0003821033', await token('cashier'));
    expect(body.data).toHaveLength(1);
    expect(body.data[0]?.cardNo).toBe('******1033');
  });

  test('finance sees and searches names', async () => {
    const { body } = await get('/api/orders?filters[patientName][$eq]=李雷', await token('finance'));
    expect(body.data).toMatchObject([{ patientName: '李雷', subject: '李雷' }]);
  });

  test('a page is at most 200 rows', async () => {
    const { body } = await get('/api/orders?pagination[pageSize]=100000', await token('finance'));
    expect(body.meta.pagination.pageSize).toBe(200);
  });

  test('nobody writes orders through REST', async () => {
    const response = await fetch(`${platform.url}/api/orders`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await token('super')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data: { orderNo: 'X' } }),
    });
    expect(response.status).toBe(405);
  });

  test('a merchant is created, changed and removed by an administrator, and the trail says so', async () => {
    const admin = await token('admin');
    const data = { code: 'H9', name: '新院区', kind: 'branch' };
    const created = await send<{ data: { documentId: string } }>('POST', '/api/merchants', { data }, admin);
    expect(created.status).toBe(201);
    const path = `/api/merchants/${created.body.data.documentId}`;
    const again = await send<Failure>('POST', '/api/merchants', { data }, admin);
    expect([again.status, again.body.error.name]).toEqual([409, 'ALREADY_EXISTS']);
    const renamed = await send<Failure>('PUT', path, { data: { code: 'H10' } }, admin);
    expect(renamed.body.error.name).toBe('CODE_IMMUTABLE');
    expect((await send('PUT', path, { data: { name: '东院区' } }, admin)).status).toBe(200);
    const hidden = await send<Failure>('PUT', path, { data: { createdBy: 1 } }, admin);
    expect(hidden.body.error.name).toBe('FIELD_FORBIDDEN');
    expect((await send('DELETE', path, undefined, admin)).status).toBe(204);

    const trail = await platform
      .strapi()
      .db.query('api::audit-entry.audit-entry')
      .findMany({ where: { subject: 'merchant', subjectKey: 'H9' }, orderBy: { id: 'asc' } });
    expect(trail).toMatchObject([
      { actor: 'admin', action: 'create', before: null, after: { name: '新院区' }, ip: '127.0.0.1' },
      { actor: 'admin', action: 'update', before: { name: '新院区' }, after: { name: '东院区' } },
      { actor: 'admin', action: 'delete', before: { name: '东院区' }, after: null },
    ]);
    expect(await verifyChain(platform.strapi())).toMatchObject({ ok: true });
  });

  test('a cashier changes no configuration', async () => {
    const answer = await send(
      'POST',
      '/api/merchants',
      { data: { code: 'X', name: 'X' } },
      await token('cashier'),
    );
    expect(answer.status).toBe(403);
  });

  test('a merchant that orders refer to cannot be deleted', async () => {
    const admin = await token('admin');
    const data = { code: 'H2', name: '二院' };
    const created = await send<{ data: { documentId: string } }>('POST', '/api/merchants', { data }, admin);
    const answer = await send<Failure>(
      'DELETE',
      `/api/merchants/${created.body.data.documentId}`,
      undefined,
      admin,
    );
    expect([answer.status, answer.body.error.name]).toEqual([409, 'IN_USE']);
  });

  test('an administrator of one merchant configures no other', async () => {
    const branch = await token('branch_admin');
    const terminal = { code: 'T-FOREIGN', name: '窗口', kind: 'window', merchantCode: 'H2' };
    const foreign = await send<Failure>('POST', '/api/terminals', { data: terminal }, branch);
    expect([foreign.status, foreign.body.error.name]).toEqual([403, 'MERCHANT_FORBIDDEN']);
    const own = { ...terminal, code: 'T-OWN', merchantCode: 'H1' };
    const created = await send<{ data: { documentId: string } }>(
      'POST',
      '/api/terminals',
      { data: own },
      branch,
    );
    expect(created.status).toBe(201);
    const path = `/api/terminals/${created.body.data.documentId}`;
    const moved = await send<Failure>('PUT', path, { data: { merchantCode: 'H2' } }, branch);
    expect(moved.body.error.name).toBe('MERCHANT_FORBIDDEN');
  });

  test('writers at the same time make one chain, and a changed row breaks it', async () => {
    const strapi = platform.strapi();
    const { audit } = access(strapi);
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        audit.write({
          actor: 'super',
          action: 'update',
          subject: 'test',
          subjectKey: String(index),
          after: { z: 1, a: [index, { y: null, b: 'x' }], password: 'never', signingKey: 'never' },
        }),
      ),
    );
    expect(await verifyChain(strapi)).toMatchObject({ ok: true });
    const row = await strapi.db
      .query('api::audit-entry.audit-entry')
      .findOne({ where: { subject: 'test' }, orderBy: { id: 'asc' } });
    expect(JSON.stringify(row)).not.toContain('never');
    const where = { id: row.id };
    await strapi.db.query('api::audit-entry.audit-entry').update({ where, data: { actor: 'somebody' } });
    expect(await verifyChain(strapi)).toMatchObject({ ok: false, brokenAt: row.id, reason: 'content' });
    await strapi.db.query('api::audit-entry.audit-entry').update({ where, data: { actor: 'super' } });
    expect(await verifyChain(strapi)).toMatchObject({ ok: true });
    await strapi.db.query('api::audit-entry.audit-entry').delete({ where });
    expect(await verifyChain(strapi)).toMatchObject({ ok: false, reason: 'link' });
  });

  test('the super administrator opens, changes and closes accounts, and the trail holds no password', async () => {
    const boss = await token('super');
    const account = {
      username: 'new.clerk',
      password,
      displayName: '小陈',
      roles: ['cashier'],
      merchantCodes: ['H1'],
    };
    const forbidden = await send<Failure>('POST', '/api/access/accounts', account, await token('admin'));
    expect(forbidden.status).toBe(403);
    const unknown = await send<Failure>('POST', '/api/access/accounts', { ...account, roles: ['god'] }, boss);
    expect(unknown.body.error.name).toBe('ROLE_UNKNOWN');
    const created = await send('POST', '/api/access/accounts', account, boss);
    expect([created.status, JSON.stringify(created.body).includes(password)]).toEqual([201, false]);
    const twice = await send<Failure>('POST', '/api/access/accounts', account, boss);
    expect(twice.body.error.name).toBe('ALREADY_EXISTS');

    const clerk = await token('new.clerk');
    const path = '/api/access/accounts/new.clerk';
    expect((await send('PUT', path, { enabled: false }, boss)).status).toBe(200);
    expect((await get('/api/access/me', clerk)).status).toBe(401);
    expect((await signIn('new.clerk')).status).toBe(401);
    await send('PUT', path, { enabled: true, password: 'Forgotten-Word-1' }, boss);
    expect((await signIn('new.clerk', 'Forgotten-Word-1')).status).toBe(200);
    const own = await send<Failure>('PUT', '/api/access/accounts/super', { roles: [] }, boss);
    expect(own.body.error.name).toBe('OWN_ACCOUNT');

    const trail = await platform
      .strapi()
      .db.query('api::audit-entry.audit-entry')
      .findMany({ where: { subjectKey: 'new.clerk' }, orderBy: { id: 'asc' } });
    expect(trail).toMatchObject([
      { action: 'create', after: { roles: ['cashier'], passwordChanged: true } },
      { action: 'update', after: { enabled: false } },
      { action: 'update', after: { enabled: true, passwordChanged: true } },
    ]);
    expect(JSON.stringify(trail)).not.toMatch(/Forgotten-Word|Hospital@2026/);
  });

  test('nobody gives rights or merchants away that are not their own', async () => {
    const strapi = platform.strapi();
    await strapi.db.query('api::role.role').create({
      data: {
        code: 'head_cashier',
        name: '收费组长',
        rules: [
          { action: ['create', 'update'], subject: 'account' },
          {
            action: ['pay', 'read'],
            subject: [
              'cashier',
              'order',
              'attempt',
              'refund',
              'mixed-payment',
              'payment-link',
              'merchant',
              'terminal',
              'channel-account',
            ],
          },
          { action: 'create', subject: 'shift' },
        ],
        publishedAt: new Date(),
      },
    });
    const { createAccount } = access(strapi);
    await createAccount({
      username: 'head',
      password,
      displayName: '组长',
      roles: ['head_cashier'],
      merchantCodes: ['H1'],
    });
    const head = await token('head');
    const open = (roles: string[], merchantCodes: string[] | null) =>
      send<Failure>(
        'POST',
        '/api/access/accounts',
        { username: 'made.up', password: 'Long-Word-2026', displayName: 'x', roles, merchantCodes },
        head,
      );
    expect((await open(['super'], ['H1'])).body.error.name).toBe('FORBIDDEN');
    expect((await open(['finance'], ['H1'])).body.error.name).toBe('FORBIDDEN');
    expect((await open(['cashier'], ['H2'])).body.error.name).toBe('MERCHANT_FORBIDDEN');
    expect((await open(['cashier'], null)).body.error.name).toBe('MERCHANT_FORBIDDEN');
    const reset = await send<Failure>(
      'PUT',
      '/api/access/accounts/super',
      { password: 'Stolen-Word-1' },
      head,
    );
    expect(reset.body.error.name).toBe('FORBIDDEN');
    expect((await open(['cashier'], ['H1'])).status).toBe(201);
    await strapi.db.query('api::role.role').delete({ where: { code: 'head_cashier' } });
  });

  test.each([
    ['POST', '/api/auth/local'],
    ['POST', '/api/auth/local/register'],
    ['POST', '/api/auth/forgot-password'],
    ['GET', '/api/users'],
    ['POST', '/admin/register-admin'],
    ['POST', '/admin/login'],
  ])('Strapi answers nothing of its own at %s %s', async (method, path) => {
    const response = await fetch(`${platform.url}${path}`, { method });
    expect([404, 405]).toContain(response.status);
  });

  test('accounts and built-in roles survive a restart and are not made twice', async () => {
    await platform.restart();
    const strapi = platform.strapi();
    await access(strapi).createAccount({
      username: 'super',
      password: 'Another-Word-1',
      displayName: 'other',
      roles: [],
      merchantCodes: null,
    });
    expect((await signIn('super')).status).toBe(200);
    expect(await strapi.db.query('api::role.role').count({})).toBe(5);
  }, 60_000);
});
