import { access } from '@hospital-pay/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { type Platform, startPlatform } from '../harness/platform';

const password = 'Hospital@2026';

interface Screen {
  type: string;
  endpoint: string;
  title: { zh: string; en: string };
  fields: { name: string; kind: string; masked: boolean; readOnly: boolean; options?: unknown[] }[];
  view: {
    scope: string;
    columns: { field: string; width?: number; hidden?: boolean }[];
    filters: { field: string; op: string }[];
    actions: string[];
    sort: { field: string; order: string }[];
  };
  can: Record<'read' | 'create' | 'update' | 'delete', boolean> & { actions: Record<string, boolean> };
}
interface Failure {
  error: { name: string };
}

describe.each(['sqlite', 'postgres'] as const)('screens on %s', (database) => {
  let platform: Platform;
  const tokens: Record<string, string> = {};

  async function send<Body>(method: string, path: string, username: string, body?: unknown) {
    const response = await fetch(`${platform.url}/api/lowcode${path}`, {
      method,
      headers: { authorization: `Bearer ${tokens[username]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return readAnswer<Body>(response);
  }
  const screen = async (type: string, username: string) =>
    (await send<Screen>('GET', `/screens/${type}`, username)).body;
  const columns = (shown: Screen) =>
    shown.view.columns.filter(({ hidden }) => !hidden).map(({ field }) => field);

  beforeAll(async () => {
    platform = await startPlatform({ database });
    const { createAccount, sessions } = access(platform.strapi());
    for (const [username, role] of [
      ['admin', 'hospital_admin'],
      ['finance', 'finance'],
      ['cashier', 'cashier'],
      ['ops', 'ops'],
    ] as const) {
      await createAccount({ username, password, displayName: username, roles: [role], merchantCodes: null });
      const signedIn = await sessions.signIn({ username, password }, { ip: '127.0.0.1', userAgent: 'test' });
      tokens[username] = signedIn.accessToken;
    }
  }, 120_000);
  afterAll(() => platform.stop());

  test('orders show the columns finance knows, in their order', async () => {
    const shown = await screen('order', 'finance');
    expect(columns(shown)).toEqual([
      'createdTime',
      'orderNo',
      'reconState',
      'anomalies',
      'payType',
      'status',
      'amountFen',
      'hisChargedFen',
      'refundedFen',
      'hisRefundedFen',
      'subject',
    ]);
    expect(shown).toMatchObject({
      type: 'order',
      endpoint: '/api/orders',
      title: { zh: '订单', en: 'Order' },
      view: {
        scope: 'default',
        actions: ['view', 'refund'],
        sort: [{ field: 'createdTime', order: 'desc' }],
      },
      can: { read: true, create: false, update: false, delete: false, actions: { view: true, refund: true } },
    });
    const kinds = Object.fromEntries(shown.fields.map(({ name, kind }) => [name, kind]));
    expect(kinds).toMatchObject({
      createdTime: 'datetime',
      amountFen: 'money',
      payType: 'channel',
      merchantCode: 'merchant',
      anomalies: 'anomalies',
      status: 'enum',
      settledOn: 'day',
      queryCount: 'integer',
    });
    expect(kinds).not.toHaveProperty('requestHash');
    expect(kinds).not.toHaveProperty('payerAction');
  });

  test('one-sided entries show the fifteen columns of the finance list, then insurance’s part and how they are handled', async () => {
    const shown = await screen('discrepancy', 'finance');
    const titles = Object.fromEntries(shown.fields.map((field) => [field.name, field]));
    expect(columns(shown).map((name) => titles[name])).toMatchObject(
      [
        '交易时间',
        '商户名称',
        '第三方订单号',
        'HIS流水号',
        '业务类型',
        '平台金额',
        'HIS金额',
        '交易差额',
        '支付方式',
        '交易类型',
        '病人姓名',
        '就诊卡号',
        '红包金额',
        '手续费',
        '异常备注',
        '部分',
        '处理状态',
        '经办人',
      ].map((zh) => ({ title: { zh } })),
    );
    expect(shown.view.filters.map(({ field }) => field)).toContain('status');
    expect(shown.can.actions).toEqual({ locate: true, resolve: true });
  });

  test('a cashier gets no refund button, masked fields, and no filter that would unmask them', async () => {
    const shown = await screen('order', 'cashier');
    expect(shown.can.actions).toEqual({ view: true, refund: false });
    const masked = shown.fields.filter((field) => field.masked).map(({ name }) => name);
    expect(masked.sort()).toEqual(['cardNo', 'patientId', 'patientName', 'payer', 'subject']);
    const filters = shown.view.filters.map(({ field }) => field);
    expect(filters).toContain('cardNo');
    expect(filters).not.toContain('patientName');
  });

  test('only screens the role may read are listed and answered', async () => {
    const { body } = await send<{ screens: { type: string }[] }>('GET', '/screens', 'ops');
    const types = body.screens.map(({ type }) => type);
    expect(types).toContain('interface-log');
    expect(types).not.toContain('order');
    expect(types).not.toContain('lease');
    const forbidden = await send<Failure>('GET', '/screens/order', 'ops');
    expect([forbidden.status, forbidden.body.error.name]).toEqual([403, 'SCREEN_FORBIDDEN']);
    const unknown = await send<Failure>('GET', '/screens/nothing', 'admin');
    expect([unknown.status, unknown.body.error.name]).toEqual([404, 'SCREEN_UNKNOWN']);
  });

  test('an administrator may write merchants, and channel accounts but not delete them', async () => {
    const merchant = await screen('merchant', 'admin');
    expect(merchant.can).toMatchObject({ create: true, update: true, delete: true });
    expect(merchant.fields.every(({ readOnly }) => !readOnly)).toBe(true);
    const account = await screen('channel-account', 'admin');
    expect(account.can).toMatchObject({
      create: true,
      update: true,
      delete: false,
      actions: { edit: true, test: true },
    });
    expect(account.fields.map(({ name }) => name)).not.toContain('secrets');
    expect((await screen('merchant', 'finance')).can).toMatchObject({
      create: false,
      update: false,
      delete: false,
    });
  });

  test('every view that is written at the first start names fields that exist', async () => {
    const rows = await platform
      .strapi()
      .db.query('api::view.view')
      .findMany({ where: { scope: 'default' } });
    expect(rows.length).toBeGreaterThanOrEqual(19);
    for (const row of rows) {
      const { fields, columns: kept, filters, form, sort } = await platformScreen(row);
      const names = new Set(fields);
      for (const { field } of [...kept, ...filters, ...form, ...sort]) {
        expect([row.contentType, field, names.has(field)]).toEqual([row.contentType, field, true]);
      }
    }
  });

  async function platformScreen(row: {
    contentType: string;
    columns: { field: string }[];
    filters: { field: string }[];
    form: { field: string }[];
    sort: { field: string }[];
  }) {
    const shown = await screen(row.contentType, 'admin');
    return { ...row, fields: shown.fields.map(({ name }) => name) };
  }

  test('a person keeps an own view, over the role and the default, and falls back again', async () => {
    await platform
      .strapi()
      .db.query('api::view.view')
      .create({
        data: {
          contentType: 'login-log',
          scope: 'role',
          owner: 'ops',
          name: '',
          columns: [{ field: 'username' }, { field: 'gone' }],
          publishedAt: new Date(),
        },
      });
    const role = await screen('login-log', 'ops');
    expect([role.view.scope, columns(role)]).toEqual(['role', ['username']]);
    expect(role.view.filters.map(({ field }) => field)).toEqual(['at', 'username']);
    expect((await screen('login-log', 'admin')).view.scope).toBe('default');

    const own = {
      columns: [
        { field: 'ip', width: 200 },
        { field: 'at', hidden: true },
      ],
    };
    for (let times = 0; times < 2; times += 1) {
      const saved = await send<Screen>('PUT', '/views/login-log', 'ops', own);
      expect([saved.status, saved.body.view.scope]).toEqual([200, 'user']);
      expect(saved.body.view.columns.slice(0, 2)).toEqual(own.columns);
      expect(columns(saved.body)).toEqual(['ip']);
    }
    const dropped = await send<Screen>('DELETE', '/views/login-log', 'ops');
    expect(dropped.body.view.scope).toBe('role');
  });

  test.each([
    [{ columns: [{ field: 'nothing' }] }, 'VIEW_FIELD_UNKNOWN'],
    [{ columns: [{ field: 'at' }], sort: [{ field: 'userId', order: 'asc' }] }, 'VIEW_FIELD_UNKNOWN'],
    [{ columns: [] }, 'VIEW_INVALID'],
    [{ columns: [{ field: 'at', width: 1e9 }] }, 'VIEW_INVALID'],
    [{ columns: [{ field: 'at' }], scope: 'default' }, 'VIEW_INVALID'],
  ])('a view such as %j is refused', async (body, code) => {
    const answer = await send<Failure>('PUT', '/views/login-log', 'ops', body);
    expect([answer.status, answer.body.error.name]).toEqual([400, code]);
  });

  test('a default view that nobody has changed follows the release, one that somebody has changed stays', async () => {
    const views = () => platform.strapi().db.query('api::view.view');
    const written = (contentType: string) =>
      views().findOne({ where: { contentType, scope: 'default', name: '' } });
    const before = await screen('merchant', 'admin');
    // An earlier release had another view, and knew it by its hash.
    const { columns: earlier, filters, form, actions, sort, seedHash } = await written('terminal');
    await views().update({
      where: { contentType: 'merchant', scope: 'default' },
      data: { columns: earlier, filters, form, actions, sort, seedHash },
    });
    await views().update({
      where: { contentType: 'role', scope: 'default' },
      data: { columns: [{ field: 'name' }] },
    });
    // As an earlier release wrote it, which kept no hash.
    await views().deleteMany({ where: { contentType: 'account' } });
    await views().create({
      data: {
        contentType: 'account',
        scope: 'default',
        owner: '',
        name: '',
        columns: [{ field: 'username' }],
      },
    });
    await platform.restart();
    expect((await screen('merchant', 'admin')).view).toEqual(before.view);
    expect(columns(await screen('role', 'admin'))).toEqual(['name']);
    expect(columns(await screen('account', 'admin'))).toContain('lastSignInAt');
  }, 60_000);

  test('a type without any view row still has a screen', async () => {
    await platform
      .strapi()
      .db.query('api::view.view')
      .deleteMany({ where: { contentType: 'terminal' } });
    const shown = await screen('terminal', 'admin');
    expect(columns(shown).length).toBeGreaterThan(3);
  });
});
