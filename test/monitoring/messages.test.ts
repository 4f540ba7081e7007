import { createHmac } from 'node:crypto';
import { monitoring } from '@hospital-pay/monitoring';
import { insertRow, payments } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { type Hospital, startHospital } from '../harness/hospital';
import { passTime, until } from '../harness/waiting';
import { startMailServer, startTarget, type Taken, type TargetServer } from './targets';

type Row = Record<string, unknown>;

describe.each(['sqlite', 'postgres'] as const)('messages on %s', (database) => {
  const clock = createTurnableClock(0);
  let hospital: Hospital;
  let ops: Awaited<ReturnType<Hospital['staff']>>;
  const servers: TargetServer[] = [];
  let mail: Awaited<ReturnType<typeof startMailServer>>;

  beforeAll(async () => {
    mail = await startMailServer();
    hospital = await startHospital({ clock, database, env: { MESSAGE_TIMEOUT_MS: '1000' } });
    ops = await hospital.staff('ops');
  }, 120_000);
  beforeEach(async () => {
    const db = hospital.strapi().db.connection;
    for (const table of [
      'alarms',
      'messages',
      'deliveries',
      'message_targets',
      'message_routes',
      'alert_rules',
    ])
      await db(table).delete();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  afterAll(async () => {
    await hospital.stop();
    await mail.stop();
  });

  const rows = (type: 'message' | 'delivery' | 'alarm', where: object = {}): Promise<Row[]> =>
    hospital
      .strapi()
      .db.query(`api::${type}.${type}`)
      .findMany({ where, orderBy: { id: 'asc' } });
  const target = async (code: string, kind: string, config: object): Promise<void> => {
    const { status, body } = await ops('POST', '/api/monitoring/targets', { code, name: code, kind, config });
    expect({ status, body }).toMatchObject({ status: 200 });
  };
  const server = async (): Promise<TargetServer> => {
    const started = await startTarget();
    servers.push(started);
    return started;
  };
  const webhook = async (code: string): Promise<TargetServer> => {
    const started = await server();
    await target(code, 'webhook', { url: started.url, secret: 'a-webhook-secret-of-ours' });
    return started;
  };
  const route = async (fields: object): Promise<void> => {
    const data = { name: newNo(), minLevel: 'info', step: 1, enabled: true, ...fields };
    expect((await ops('POST', '/api/message-routes', { data })).status).toBe(201);
  };
  const ring = (fields: object = {}) => {
    const name = newNo();
    payments(hospital.strapi()).events.emit('alarm', {
      kind: 'refund_failed',
      level: 'warning',
      zh: `退款失败 ${name}`,
      en: `Refund failed ${name}`,
      orderNo: null,
      dedupeKey: name,
      ...fields,
    });
  };
  const settled = (more: (found: Row[]) => boolean = () => true, limits = { seconds: 60, stepSeconds: 1 }) =>
    passTime(
      clock,
      limits,
      async () => {
        await monitoring(hospital.strapi()).flush();
        return rows('delivery');
      },
      (found) =>
        found.length > 0 &&
        more(found) &&
        found.every(({ status }) => ['delivered', 'failed', 'suppressed'].includes(String(status))),
    );
  const told = (one: TargetServer) => one.taken.map(({ headers }) => String(headers['x-message-id']));

  test('a thousand alarms of one kind are one message with a count, told once', async () => {
    const hook = await webhook('hook');
    await route({ targets: 'hook', roles: 'ops' });
    for (let time = 0; time < 1000; time += 1) ring();
    await settled();
    expect(await rows('message')).toMatchObject([{ count: 1000, status: 'open', level: 'warning' }]);
    expect(await rows('alarm')).toHaveLength(1000);
    expect(hook.taken).toHaveLength(1);
    const [message] = await rows('message');
    expect(await rows('alarm', { messageNo: message?.documentId })).toHaveLength(1000);
    expect(await rows('delivery', { targetCode: 'in-app' })).toMatchObject([
      { recipient: 'ops', status: 'delivered' },
    ]);
  }, 60_000);

  test('the same alarm told twice counts once; another matter is another message', async () => {
    ring({ dedupeKey: 'same', about: 'a' });
    ring({ dedupeKey: 'same', about: 'a' });
    await monitoring(hospital.strapi()).flush();
    ring({ dedupeKey: 'same', about: 'a' });
    ring({ about: 'b' });
    await monitoring(hospital.strapi()).flush();
    expect(await rows('message')).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  test('an alarm after its message was acknowledged is a new message that is told; one recovery closes both', async () => {
    const hook = await webhook('hook');
    await route({ targets: 'hook' });
    const orderNo = newNo();
    ring();
    await settled();
    const [seen] = await rows('message');
    expect((await ops('POST', `/api/monitoring/messages/${seen?.documentId}/acknowledge`)).status).toBe(200);
    ring({ orderNo });
    await settled((all) => all.length === 2);
    expect(await rows('message')).toMatchObject([
      { status: 'acknowledged', count: 1 },
      { status: 'open', count: 1, orderNo },
    ]);
    expect(hook.taken).toHaveLength(2);
    ring({ isOver: true, level: 'info' });
    await settled((all) => all.length === 4);
    expect(await rows('message')).toMatchObject([{ status: 'resolved' }, { status: 'resolved' }]);
  }, 60_000);

  test('robots, webhook, SMS and e-mail each get it as they want it signed', async () => {
    const [dingtalk, feishu, wecom, hook, sms] = await Promise.all([
      server(),
      server(),
      server(),
      server(),
      server(),
    ]);
    await target('dingtalk', 'dingtalk', { secretUrl: `${dingtalk.url}?access_token=t`, secret: 'SEC-1' });
    await target('feishu', 'feishu', { secretUrl: feishu.url, secret: 'SEC-2' });
    await target('wecom', 'wecom', { secretUrl: `${wecom.url}?key=k` });
    await target('hook', 'webhook', { url: hook.url, secret: 'a-webhook-secret-of-ours' });
    await target('sms', 'sms', {
      url: sms.url,
      phones: '13800000001',
      headers: 'Authorization: Bearer {{secret}}',
      body: '{"mobile":"{{phone}}","content":"{{text}}"}',
      secret: 'gateway-key',
    });
    await target('mail', 'email', {
      host: '127.0.0.1',
      port: mail.port,
      security: 'none',
      from: 'pay@hospital.example',
      to: 'a@hospital.example, b@hospital.example',
    });
    await route({ targets: 'dingtalk,feishu,wecom,hook,sms,mail' });
    ring({ zh: '退款失败 "引号"\n换行' });
    const found = await settled((all) => all.length === 7);
    expect(found.map(({ status }) => status)).toEqual(Array(7).fill('delivered'));

    const at = new URL(`http://x${dingtalk.taken[0]?.path}`).searchParams;
    const signed = createHmac('sha256', 'SEC-1')
      .update(`${at.get('timestamp')}\nSEC-1`)
      .digest('base64');
    expect(at.get('sign')).toBe(signed);
    const lark: { timestamp: string; sign: string; content: { text: string } } = JSON.parse(
      feishu.taken[0]?.body ?? '',
    );
    expect(lark.sign).toBe(createHmac('sha256', `${lark.timestamp}\nSEC-2`).digest('base64'));
    expect(lark.content.text).toContain('退款失败');
    expect(wecom.taken[0]?.body).toContain('【警告告警】');
    const [{ headers = {}, body = '' } = {}]: Partial<Taken>[] = hook.taken;
    expect(headers['x-signature']).toBe(
      createHmac('sha256', 'a-webhook-secret-of-ours')
        .update(`${String(headers['x-timestamp'])}.${body}`)
        .digest('hex'),
    );
    expect(sms.taken[0]?.headers.authorization).toBe('Bearer gateway-key');
    expect(JSON.parse(sms.taken[0]?.body ?? '')).toMatchObject({ mobile: '13800000001' });
    expect(mail.mails.map(({ to }) => to[0]).sort()).toEqual(['a@hospital.example', 'b@hospital.example']);
    expect(mail.mails[0]?.text).toMatch(/^Message-ID: <[a-z0-9]{24}@hospital\.example>/im);
  }, 60_000);

  test('secrets go in and never come out, neither over HTTP nor in the database', async () => {
    await target('ding', 'dingtalk', {
      secretUrl: 'https://robot.example/?access_token=very-secret',
      secret: 'SEC-9',
    });
    const shown = await ops('GET', '/api/monitoring/targets/ding');
    expect(shown.body).toMatchObject({ config: {}, secretsSet: { secretUrl: true, secret: true } });
    const listed = await ops('GET', '/api/message-targets');
    const stored = await hospital.strapi().db.connection('message_targets').first();
    const trail = await hospital.strapi().db.connection('audit_entries').where({ subject: 'message-target' });
    expect(JSON.stringify([shown, listed, stored, trail])).not.toMatch(/very-secret|SEC-9/);
    await target('ding', 'dingtalk', { mentions: '@all' });
    expect((await ops('GET', '/api/monitoring/targets/ding')).body).toMatchObject({
      config: { mentions: '@all' },
      secretsSet: { secretUrl: true },
    });
  });

  test('a target that is silent or answers 500 keeps no other waiting, and gets the same message again', async () => {
    const [dead, broken, well] = [await webhook('dead'), await webhook('broken'), await webhook('well')];
    dead.behave('silent');
    broken.behave('error');
    await route({ targets: 'dead,broken,well' });
    ring();
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery', { targetCode: 'well' }),
      ([one]) => one?.status === 'delivered',
    );
    await until(
      () => rows('delivery', { targetCode: { $in: ['dead', 'broken'] } }),
      (all) => all.length === 2 && all.every(({ status }) => status === 'unknown'),
    );
    dead.behave('ok');
    broken.behave('ok');
    await settled();
    expect(well.taken).toHaveLength(1);
    for (const late of [dead, broken]) expect(new Set(told(late)).size).toBe(1);
    expect(await rows('delivery', { targetCode: 'dead' })).toMatchObject([
      { status: 'delivered', attempts: 2 },
    ]);
  }, 60_000);

  test('a target that is down for an hour gets each message once when it is back', async () => {
    const hook = await webhook('hook');
    await hook.down();
    await route({ targets: 'hook' });
    for (const about of ['a', 'b', 'c', 'd', 'e']) ring({ about });
    await passTime(
      clock,
      { seconds: 4000, stepSeconds: 300 },
      async () => clock.now().getTime(),
      (
        (start) => (now: number) =>
          now - start > 3_600_000
      )(clock.now().getTime()),
    );
    expect(hook.taken).toHaveLength(0);
    await hook.up();
    await settled((all) => all.length === 5, { seconds: 4000, stepSeconds: 120 });
    expect(hook.taken).toHaveLength(5);
    expect(new Set(told(hook)).size).toBe(5);
  }, 60_000);

  test('what was not acknowledged is told one step further, and what was is not', async () => {
    const [first, boss] = [await webhook('first'), await webhook('boss')];
    await route({ targets: 'first', roles: 'ops' });
    await route({ targets: 'boss', step: 2, afterMinutes: 5 });
    ring({ about: 'left' });
    ring({ about: 'seen' });
    await settled((all) => all.length === 4);
    const seen = (await rows('message')).find(({ groupKey }) => String(groupKey).endsWith('seen'));
    expect((await ops('POST', `/api/monitoring/messages/${seen?.documentId}/acknowledge`)).status).toBe(200);
    clock.turn(6 * 60_000);
    await settled((all) => all.length === 5);
    expect(first.taken).toHaveLength(2);
    expect(boss.taken).toHaveLength(1);
    expect(JSON.parse(boss.taken[0]?.body ?? '')).toMatchObject({ state: 'escalation' });
    expect(await rows('message', { status: 'acknowledged' })).toMatchObject([{ acknowledgedBy: 'ops' }]);
    const [left] = await rows('message', { status: 'open' });
    expect((await ops('POST', `/api/monitoring/messages/${left?.documentId}/resolve`)).status).toBe(200);
    await settled((all) => all.length === 7);
    expect(await rows('message', { status: 'resolved' })).toMatchObject([{ resolvedBy: 'ops' }]);
    expect(boss.taken.map(({ body }) => JSON.parse(body).state)).toEqual(['escalation', 'recovery']);
  }, 60_000);

  test('who was told is told that it is over; what was not sent yet is not sent any more', async () => {
    const hook = await webhook('hook');
    const down = await webhook('down');
    await down.down();
    await route({ targets: 'hook,down' });
    ring({ about: 'gateway' });
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery', { status: 'delivered' }),
      (all) => all.length === 1,
    );
    await until(
      () => rows('delivery', { targetCode: 'down' }),
      ([one]) => one?.status === 'queued' && one.attempts === 1,
    );
    ring({ about: 'gateway', isOver: true, level: 'info' });
    await settled((all) => all.length === 3);
    expect(hook.taken.map(({ body }) => JSON.parse(body).state)).toEqual(['alert', 'recovery']);
    expect(await rows('delivery', { targetCode: 'down' })).toMatchObject([{ status: 'suppressed' }]);
    expect(await rows('message')).toMatchObject([{ status: 'resolved' }]);
  }, 60_000);

  test('a target that was away hears of what is over by its recovery alone, and never of the alert after it', async () => {
    const [unsure, sending] = [await webhook('unsure'), await webhook('sending')];
    unsure.behave('error');
    sending.behave('silent');
    await route({ targets: 'unsure,sending' });
    ring({ about: 'gateway' });
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery'),
      (all) =>
        all.some(({ status }) => status === 'unknown') && all.some(({ status }) => status === 'sending'),
    );
    ring({ about: 'gateway', isOver: true, level: 'info' });
    await monitoring(hospital.strapi()).flush();
    unsure.behave('ok');
    sending.behave('ok');
    await settled((all) => all.length === 4);
    for (const { taken } of [unsure, sending])
      expect(taken.map(({ body }) => JSON.parse(body).state)).toEqual(['alert', 'recovery']);
    expect(await rows('delivery', { purpose: 'alert' })).toMatchObject([
      { status: 'suppressed' },
      { status: 'suppressed' },
    ]);
  }, 60_000);

  test('a recovery waits for the end of quiet hours unless what is over was critical', async () => {
    const hook = await webhook('hook');
    await route({ targets: 'hook' });
    ring({ about: 'soft' });
    ring({ about: 'hard', level: 'critical' });
    await settled((all) => all.length === 2);
    const quiet = { quiet_from: '00:00', quiet_to: '23:59' };
    await hospital.strapi().db.connection('message_routes').update(quiet);
    ring({ about: 'soft', isOver: true, level: 'info' });
    ring({ about: 'hard', isOver: true, level: 'info' });
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery', { purpose: 'recovery', status: 'delivered' }),
      (all) => all.length === 1,
    );
    expect(JSON.parse(hook.taken[2]?.body ?? '')).toMatchObject({ level: 'critical', state: 'recovery' });
    expect(await rows('delivery', { status: 'queued' })).toMatchObject([{ purpose: 'recovery' }]);
    clock.turn(24 * 3_600_000);
    await settled();
    expect(JSON.parse(hook.taken[3]?.body ?? '')).toMatchObject({ level: 'warning', state: 'recovery' });
  }, 60_000);

  test('quiet hours hold a warning back until they end, and nothing critical', async () => {
    const hook = await webhook('hook');
    await route({ targets: 'hook', quietFrom: '00:00', quietTo: '23:59' });
    ring({ about: 'soft' });
    ring({ about: 'hard', level: 'critical' });
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery', { status: 'delivered' }),
      (all) => all.length === 1,
    );
    expect(JSON.parse(hook.taken[0]?.body ?? '')).toMatchObject({ level: 'critical' });
    const [held] = await rows('delivery', { status: 'queued' });
    expect(String(held?.nextAt)).not.toBe('null');
    clock.turn(24 * 3_600_000);
    await settled();
    expect(hook.taken).toHaveLength(2);
  }, 60_000);

  test('a target that cannot even be called is tried again, and given up with an alarm that holds no secret', async () => {
    await target('address', 'dingtalk', { secretUrl: 'http://[secret-of-ours' });
    await webhook('key');
    const db = hospital.strapi().db.connection;
    const secrets = JSON.stringify({ secret: 'v1:c2VhbGVkIHdpdGggYW5vdGhlciBrZXkgdGhhdCBpcyBub3Qgb3Vycw==' });
    await db('message_targets').where({ code: 'key' }).update({ secrets });
    await target('header', 'sms', {
      url: (await server()).url,
      phones: '13800000001',
      headers: 'Authorization: 密钥',
      body: '{}',
    });
    await route({ targets: 'address,key,header', kinds: 'refund_failed' });
    ring();
    await passTime(
      clock,
      { seconds: 30 },
      () => rows('delivery', { status: 'queued', attempts: 1 }),
      (all) => all.length === 3,
    );
    const errors = async () =>
      Object.fromEntries(
        (await rows('delivery', { messageNo: own?.documentId })).map((one) => [
          one.targetCode,
          one.lastError,
        ]),
      );
    const [own] = await rows('message', { kind: 'refund_failed' });
    const expected = { address: 'ERR_INVALID_URL', key: 'SecretUnreadable', header: 'ERR_INVALID_CHAR' };
    expect(await errors()).toEqual(expected);
    clock.turn(25 * 3_600_000);
    await passTime(
      clock,
      { seconds: 300, stepSeconds: 5 },
      () => rows('message', { kind: 'delivery_failed' }),
      (all) => all.length === 3,
    );
    expect(await errors()).toEqual(expected);
    expect(await rows('delivery', { messageNo: own?.documentId, status: 'failed' })).toHaveLength(3);
    expect(JSON.stringify(await rows('message'))).not.toContain('secret-of-ours');
    expect((await ops('POST', '/api/monitoring/targets/address/test')).body).toMatchObject({
      error: 'ERR_INVALID_URL',
    });
  }, 60_000);

  test('a target that refuses is a failure somebody is told of elsewhere', async () => {
    const hook = await webhook('hook');
    hook.behave('refuse');
    await route({ targets: 'hook', roles: 'ops' });
    ring();
    await settled((all) => all.length === 3);
    expect(await rows('delivery', { targetCode: 'hook' })).toMatchObject([{ status: 'failed', attempts: 1 }]);
    expect(await rows('message', { kind: 'delivery_failed' })).toHaveLength(1);
    expect(hook.taken).toHaveLength(1);
  }, 60_000);

  test('one’s own unread messages come live, and are read', async () => {
    const finance = await hospital.staff('finance');
    const signIn = await fetch(`${hospital.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'finance', password: 'Hospital@2026' }),
    });
    const { accessToken }: { accessToken: string } = await signIn.json();
    const stream = await fetch(`${hospital.url}/api/monitoring/inbox/stream`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const hear = async (word: string) => {
      let heard = '';
      while (!heard.includes(word)) heard += (await reader?.read())?.value ?? '';
    };
    await hear('"unread":0');
    await route({ roles: 'finance' });
    ring();
    await settled();
    await hear('"unread":1');
    const [message] = await rows('message');
    await finance('POST', `/api/monitoring/messages/${message?.documentId}/read`);
    await hear('"unread":0');
    expect(await rows('delivery')).toMatchObject([{ recipient: 'finance', readAt: expect.anything() }]);
    expect(await rows('message')).toMatchObject([{ readBy: 'finance', audience: 'finance' }]);
    await reader?.cancel();
  }, 60_000);

  test('settings that cannot work are refused with the fields they are about', async () => {
    const refused = async (path: string, data: object) => (await ops('POST', path, { data })).body;
    const fields = (...names: string[]) => ({
      error: { details: { code: 'SETTING_INVALID', fields: names } },
    });
    const rule = { name: 'x', minLevel: 'info', step: 1, roles: 'ops' };
    expect(
      await refused('/api/message-routes', { ...rule, quietFrom: '25:00', quietTo: '07:00' }),
    ).toMatchObject(fields('quietFrom'));
    expect(await refused('/api/message-routes', { ...rule, step: 2, afterMinutes: 0 })).toMatchObject(
      fields('afterMinutes'),
    );
    const shift = { username: 'ops', timeFrom: '08:00', timeTo: '20:00' };
    expect(await refused('/api/duty-shifts', shift)).toMatchObject(fields('weekday'));
    const template = {
      kind: 'x',
      name: 'x',
      nameEn: 'x',
      titleZh: '{{secret}}',
      titleEn: 'x',
      bodyZh: 'x',
      bodyEn: 'x',
    };
    expect(await refused('/api/message-templates', { ...template, groupMinutes: 5 })).toMatchObject(
      fields('titleZh'),
    );
    const bad = {
      code: 'bad',
      name: 'bad',
      kind: 'webhook',
      config: { url: 'file:///etc/passwd', secret: 'x'.repeat(16) },
    };
    expect((await ops('POST', '/api/monitoring/targets', bad)).body).toMatchObject({
      error: { details: { code: 'TARGET_INVALID', fields: ['url'] } },
    });
  });

  test('what is older than it is kept goes with its alarms and deliveries; what is not acknowledged or not delivered stays', async () => {
    const db = hospital.strapi().db.connection;
    const add = async (documentId: string, at: string, status: string, delivery: string) => {
      const shared = { kind: 'refund_failed', level: 'warning', at: new Date(at) };
      const message = { ...shared, title: '退款失败', count: 1, step: 1, lastAt: new Date(at), status };
      await insertRow(db, 'messages', { ...message, documentId, dedupeKey: documentId });
      await insertRow(db, 'alarms', {
        ...shared,
        text: '退款失败',
        messageNo: documentId,
        dedupeKey: documentId,
      });
      await insertRow(db, 'deliveries', {
        createdTime: new Date(at),
        messageNo: documentId,
        targetCode: 'gone',
        purpose: 'alert',
        step: 1,
        status: delivery,
        attempts: 1,
        dedupeKey: documentId,
      });
    };
    const monthsAgo = (months: number) => {
      const now = clock.now();
      return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 15)).toISOString();
    };
    for (const [documentId, months, status, delivery] of [
      ['old-resolved', 14, 'resolved', 'delivered'],
      ['old-acknowledged', 14, 'acknowledged', 'suppressed'],
      ['old-open', 14, 'open', 'delivered'],
      ['old-waiting', 14, 'resolved', 'unknown'],
      ['old-failed', 14, 'acknowledged', 'failed'],
      ['kept', 12, 'resolved', 'delivered'],
    ] as const)
      await add(documentId, monthsAgo(months), status, delivery);
    expect(await monitoring(hospital.strapi()).messages.forget()).toMatchObject({ messages: 2 });
    const staying = ['old-open', 'old-waiting', 'old-failed', 'kept'];
    expect((await rows('message')).map(({ documentId }) => documentId)).toEqual(staying);
    for (const type of ['alarm', 'delivery'] as const)
      expect((await rows(type)).map(({ messageNo }) => messageNo)).toEqual(staying);
    await db('log_retentions').where({ log_type: 'message' }).update({ keep_months: 6 });
    expect(await monitoring(hospital.strapi()).messages.forget()).toMatchObject({ messages: 1 });
  });

  test('a restart loses nothing: what was booked and queued is told afterwards, once', async () => {
    const hook = await webhook('hook');
    await route({ targets: 'hook' });
    ring({ about: 'before' });
    await hospital.restart();
    ops = await hospital.staff('ops');
    ring({ about: 'after' });
    await settled((all) => all.length === 2);
    expect(new Set(told(hook)).size).toBe(2);
    expect(hook.taken).toHaveLength(2);
  }, 60_000);

  test('the usual rules of a version without English get their English names; rules of one’s own do not', async () => {
    const db = () => hospital.strapi().db.connection;
    for (const name of ['警告及以上', '我们自己的'])
      await insertRow(db(), 'message_routes', { name, minLevel: 'info', enabled: false });
    await hospital.restart();
    ops = await hospital.staff('ops');
    expect(await db()('message_routes').orderBy('id').select('name', 'name_en')).toEqual([
      { name: '警告及以上', name_en: 'Warnings and above' },
      { name: '我们自己的', name_en: null },
    ]);
  }, 60_000);
});
