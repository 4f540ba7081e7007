import { access } from '@hospital-pay/access';
import { type Clock, systemClock } from '@hospital-pay/jobs';
import { payments, shiftDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DateTime } from 'luxon';
import { type Hospital, merchantCode, password, startHospital } from '../harness/hospital';
import { reconcile } from '../harness/runs';
import { until } from '../harness/waiting';

interface Order {
  orderNo: string;
  status: string;
}
interface Failure {
  error: { name: string; details: { until?: string; differenceFen?: number } };
}
interface Results {
  results: { caseNo: string; ok: boolean; status?: string; error?: { code: string } }[];
}
interface Detail {
  case: {
    caseNo: string;
    status: string;
    assignee: string | null;
    proposedAt: string;
    groupNo: string | null;
  };
  steps: { actor: string; action: string; fromStatus: string; toStatus: string; note: string | null }[];
  attachments: { attachmentNo: string; fileName: string; sha256: string }[];
  offers: { action: string; needsApproval: boolean; lockedUntil: string | null }[];
  refund: { refundNo: string; status: string } | null;
}
interface Statistics {
  handled: number;
  open: number;
  carriedOut: number;
  carriedIn: { orderNo: string; patientName: string }[];
  differenceFen: number;
  abnormalRefundFen: number;
  bankArrivalFen: number;
  platformFen: number;
  differenceDetail: { status: string; differenceFen: number }[];
}
type Staff = Awaited<ReturnType<Hospital['staff']>>;

const zone = 'Asia/Shanghai';
const day = DateTime.now().setZone(zone).toFormat('yyyy-MM-dd');
const at = (date: string, time: string) => DateTime.fromISO(`${date}T${time}`, { zone }).toMillis();
const base = '/api/reconciliation/discrepancies';

/** What two clerks of the finance office do about a day's differences, and what the books say of it. */
describe.each(['sqlite', 'postgres'] as const)('handling of differences on %s', (database) => {
  let aheadMs = at(day, '10:00:00') - Date.now();
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs), after: systemClock.after };
  const turnTo = (date: string, time: string) => {
    aheadMs = at(date, time) - Date.now();
  };
  const orderNos = new Map<string, string>();
  let hospital: Hospital;
  let clerk: Staff;
  let chief: Staff;

  beforeAll(async () => {
    hospital = await startHospital({
      database,
      clock,
      async prepare(strapi) {
        const chiefs = { username: 'chief', password, displayName: '财务主管', roles: ['finance'] };
        await access(strapi).createAccount({ ...chiefs, merchantCodes: null });
      },
    });
    clerk = await hospital.staff('finance');
    chief = await signedIn('chief');
  }, 120_000);
  afterAll(() => hospital?.stop());

  async function signedIn(username: string): Promise<Staff> {
    const answer = await fetch(`${hospital.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    const { accessToken }: { accessToken: string } = await answer.json();
    return async (method, path, body) => {
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
      const request =
        body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      const response = await fetch(hospital.url + path, request);
      return { status: response.status, body: await response.json() };
    };
  }

  const db = () => hospital.strapi().db.connection;
  const numberOf = (name: string) => orderNos.get(name) ?? `no order ${name}`;

  async function pay(
    name: string,
    amountFen: number,
    channel: 'alipay' | 'wechat' = 'alipay',
  ): Promise<void> {
    const { body } = await hospital.call<Order>('POST', '/api/v1/orders', {
      merchantOrderNo: `M-${name}`,
      amountFen,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: hospital.sandbox.patient.issueCode(channel),
      businessNo: `SILENT-${name}`,
      patientName: '李小四',
    });
    expect(body).toMatchObject({ status: 'paid' });
    orderNos.set(name, body.orderNo);
  }

  async function book(
    hisSerialNo: string,
    orderNo: string,
    amountFen: number,
    payType = 'alipay',
  ): Promise<void> {
    const record = { hisSerialNo, kind: 'charge', amountFen, payType, orderNo };
    const told = { ...record, occurredAt: clock.now().toISOString() };
    expect((await hospital.call('POST', '/api/v1/his-records', told)).status).toBe(201);
    await reconciliation(hospital.strapi()).settled();
  }

  async function caseOf(number: string, leg = 'his'): Promise<string> {
    const row: { case_no: string } | undefined = await db()('discrepancies')
      .where({ leg })
      .where((either) => either.where({ order_no: number }).orWhere({ his_serial_no: number }))
      .orderBy('id', 'desc')
      .first('case_no');
    return row?.case_no ?? `no case of ${number}`;
  }

  const handle = <Body = Results>(by: Staff, caseNo: string | string[], act: object) =>
    by<Body>('POST', `${base}/handle`, { caseNos: [caseNo].flat(), act });
  const judge = <Body = Results>(by: Staff, caseNo: string | string[], act: object, seen = {}) =>
    by<Body>('POST', `${base}/judge`, { caseNos: [caseNo].flat(), act, seen });
  const propose = <Body = Results>(by: Staff, caseNo: string, action: string, more = {}) =>
    handle<Body>(by, caseNo, { do: 'propose', action, note: '原因', ...more });
  const detail = async (caseNo: string, by = clerk) => (await by<Detail>('GET', `${base}/${caseNo}`)).body;
  const statistics = async (date: string) =>
    (await clerk<Statistics>('GET', `/api/reconciliation/statistics?date=${date}`)).body;
  const story = ({ steps }: Detail) =>
    steps.map(({ actor, action, toStatus }) => `${actor} ${action} ${toStatus}`);

  async function runAgain(date: string): Promise<void> {
    const runs = await reconcile(hospital.strapi(), { date });
    expect(runs.filter(({ status }) => status !== 'done')).toEqual([]);
  }

  test('the day leaves one-sided entries', async () => {
    for (const [name, fen] of Object.entries({ small: 1999, large: 60_000, lost: 70_000, refused: 1500 })) {
      await pay(name, fen);
    }
    for (const [name, fen] of Object.entries({
      half: 20_000,
      rest: 10_000,
      cash: 2500,
      off: 300,
      late: 800,
    })) {
      await pay(name, fen);
    }
    await pay('unbilled', 2500, 'wechat');
    await book('B1', numberOf('unbilled'), 2500, 'wechat');
    expect(hospital.sandbox.ledger.dropFromBill(numberOf('unbilled'))).toBe(1);
    await book('S1', 'X-1', 30_000);
    aheadMs += 3 * 60_000;
    await reconciliation(hospital.strapi()).realtime.sweep();
    expect(await statistics(day)).toMatchObject({ handled: 0, open: 10, differenceFen: 30_000 - 167_099 });
  }, 60_000);

  test('a case is assigned, commented on and given a file, and its history and the audit trail tell it', async () => {
    const caseNo = await caseOf(numberOf('small'));
    const { body: handlers } = await clerk<{ people: { username: string }[] }>(
      'GET',
      '/api/reconciliation/handlers',
    );
    expect(handlers.people.map(({ username }) => username)).toEqual(['chief', 'finance', 'super']);
    expect(
      (await handle<Failure>(clerk, caseNo, { do: 'assign', assignee: 'cashier' })).body.error.name,
    ).toBe('ASSIGNEE_UNFIT');
    await handle(clerk, caseNo, { do: 'assign', assignee: 'chief' });
    await handle(chief, caseNo, { do: 'comment', note: '已电话联系患者' });

    const upload = async (name: string, bytes: string, by = 'finance') => {
      const person = await fetch(`${hospital.url}/api/access/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: by, password }),
      });
      const { accessToken }: { accessToken: string } = await person.json();
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/octet-stream' };
      const address = `${hospital.url}${base}/${caseNo}/attachments?name=${encodeURIComponent(name)}`;
      const kept = await fetch(address, { method: 'POST', headers, body: bytes });
      return { status: kept.status, headers };
    };
    expect((await upload('../收据.pdf', '%PDF-1.7 receipt')).status).toBe(201);
    expect((await upload('virus.exe', 'MZ')).status).toBe(400);
    expect((await upload('假.pdf', 'no pdf at all')).status).toBe(400);
    expect((await upload('大.txt', 'x'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await upload('a.txt', 'x', 'cashier')).status).toBe(403);

    const found = await detail(caseNo);
    expect(found.case).toMatchObject({ status: 'open', assignee: 'chief' });
    expect(found.attachments).toMatchObject([
      { fileName: '收据.pdf', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(found.attachments[0]).not.toHaveProperty('path');
    expect(story(found)).toEqual(['finance assign open', 'chief comment open', 'finance attach open']);
    const path = `/api/reconciliation/attachments/${found.attachments[0]?.attachmentNo}`;
    const { headers } = await upload('b.txt', 'x');
    const file = await fetch(hospital.url + path, { headers });
    expect(await file.text()).toBe('%PDF-1.7 receipt');
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/);
    expect((await fetch(hospital.url + path)).status).toBe(401);
    expect((await (await hospital.staff('admin'))('GET', path)).status).toBe(403);
    const trail: unknown = await db()('audit_entries')
      .where({ subject: 'discrepancy', subject_key: caseNo })
      .orderBy('id')
      .select('actor', 'action');
    expect(trail).toEqual([
      { actor: 'finance', action: 'assign' },
      { actor: 'chief', action: 'comment' },
      { actor: 'finance', action: 'attach' },
      { actor: 'finance', action: 'attach' },
    ]);
  }, 30_000);

  test('what the audit trail does not take is not done', async () => {
    const caseNo = await caseOf(numberOf('small'));
    const before = story(await detail(caseNo));
    const [refuse, allow] =
      database === 'postgres'
        ? [
            `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;
             CREATE TRIGGER full_trail BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse()`,
            'DROP TRIGGER full_trail ON audit_entries',
          ]
        : [
            `CREATE TRIGGER full_trail BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END`,
            'DROP TRIGGER full_trail',
          ];
    await db().raw(refuse);
    await handle(clerk, caseNo, { do: 'comment', note: '审计不可用' });
    await db().raw(allow);
    expect(story(await detail(caseNo))).toEqual(before);
  });

  test('a large refund is made only when another person has agreed to what was proposed', async () => {
    const caseNo = await caseOf(numberOf('large'));
    expect((await propose(clerk, caseNo, 'online_refund')).body.results).toMatchObject([
      { status: 'pending_approval' },
    ]);
    expect((await judge<Failure>(clerk, caseNo, { do: 'approve' })).body.error.name).toBe('CASE_SAME_PERSON');
    expect((await judge(await hospital.staff('admin'), caseNo, { do: 'approve' })).status).toBe(403);
    expect(hospital.sandbox.ledger.refunds({ gateway: 'alipay' })).toEqual([]);
    await judge(chief, caseNo, { do: 'reject', note: '缺少凭证' });
    await propose(clerk, caseNo, 'online_refund');
    const { case: pending } = await detail(caseNo, chief);
    const stale = { [caseNo]: new Date(0).toISOString() };
    expect((await judge<Failure>(chief, caseNo, { do: 'approve' }, stale)).body.error.name).toBe(
      'CASE_CHANGED',
    );
    await judge(chief, caseNo, { do: 'approve' }, { [caseNo]: pending.proposedAt });
    const done = await until(
      () => detail(caseNo),
      (found) => found.case.status === 'resolved',
    );
    expect(done.case).toMatchObject({
      resolution: 'online_refund',
      resolvedBy: 'finance',
      approvedBy: 'chief',
    });
    expect(story(done)).toEqual([
      'finance propose pending_approval',
      'chief reject open',
      'finance propose pending_approval',
      'chief approve refunding',
      'system refunded resolved',
    ]);
    expect(hospital.sandbox.ledger.refunds({ gateway: 'alipay' })).toMatchObject([{ amountFen: 60_000 }]);
  }, 30_000);

  test('a refund whose answer cannot be trusted leaves the case being refunded until the channel has spoken', async () => {
    hospital.sandbox.faults.add({ channel: 'alipay', operation: 'refund', kind: 'bad_signature', times: 1 });
    const caseNo = await caseOf(numberOf('lost'));
    await propose(clerk, caseNo, 'online_refund');
    await judge(chief, caseNo, { do: 'approve' });
    expect((await detail(caseNo)).case.status).toBe('refunding');
    expect((await propose<Failure>(clerk, caseNo, 'cash')).body.error.name).toBe('CASE_BUSY');
    const { refund } = await detail(caseNo);
    expect(refund).toMatchObject({ status: 'unknown' });
    await payments(hospital.strapi()).refunds.query({ refundNo: refund?.refundNo ?? '' }, { kind: 'system' });
    await reconciliation(hospital.strapi()).settled();
    expect((await detail(caseNo)).case.status).toBe('resolved');
    const given = hospital.sandbox.ledger.refunds({ gateway: 'alipay' });
    expect(given.filter(({ amountFen }) => amountFen === 70_000)).toHaveLength(1);
  }, 30_000);

  test('a refund that the channel refuses opens the case again and says why', async () => {
    hospital.sandbox.faults.add({
      channel: 'alipay',
      operation: 'refund',
      kind: 'business_error',
      code: 'SELLER_BALANCE_NOT_ENOUGH',
      times: 1,
    });
    const caseNo = await caseOf(numberOf('refused'));
    await propose(clerk, caseNo, 'online_refund');
    const found = await until(
      () => detail(caseNo),
      ({ steps }) => steps.length === 2,
    );
    expect(story(found)).toEqual(['finance online_refund refunding', 'system refund_failed open']);
    expect((await propose(clerk, caseNo, 'online_refund')).body.results[0]?.ok).toBe(true);
    await until(
      () => detail(caseNo),
      ({ case: entry }) => entry.status === 'resolved',
    );
  }, 30_000);

  test('one HIS entry is matched with two payments, and the match is undone as a whole', async () => {
    const [stray, half, rest] = [
      await caseOf('S1'),
      await caseOf(numberOf('half')),
      await caseOf(numberOf('rest')),
    ];
    const { body: others } = await clerk<{ cases: { caseNo: string }[] }>(
      'GET',
      `${base}/${stray}/counterparts`,
    );
    expect(others.cases.map(({ caseNo }) => caseNo)).toEqual(expect.arrayContaining([half, rest]));
    const match = <Body = Results>(caseNos: string[], more = {}) =>
      clerk<Body>('POST', `${base}/match`, { caseNos, ...more });
    const unequal = await match<Failure>([stray, half]);
    expect(unequal.body.error).toMatchObject({
      name: 'MATCH_SUM_DIFFERS',
      details: { differenceFen: 10_000 },
    });
    expect((await match([stray, half, rest])).body.results.map(({ status }) => status)).toEqual(
      Array(3).fill('resolved'),
    );
    expect((await handle(chief, half, { do: 'undo', note: '对错了' })).body.results).toMatchObject([
      { status: 'open' },
    ]);
    expect((await detail(stray)).case).toMatchObject({ status: 'open', groupNo: null });
    expect((await match([stray, half, rest])).status).toBe(200);
  }, 30_000);

  test('thresholds are data of the hospital’s administrator, and hold at once', async () => {
    const admin = await hospital.staff('admin');
    const rule = { name: '现金', action: 'cash', merchantCode, overFen: '1000', enabled: true };
    expect((await clerk('POST', '/api/approval-rules', { data: rule })).status).toBe(403);
    expect((await admin('POST', '/api/approval-rules', { data: rule })).status).toBe(201);
    expect((await admin<Failure>('POST', '/api/approval-rules', { data: rule })).body.error.name).toBe(
      'RULE_OVERLAPS',
    );
    const caseNo = await caseOf(numberOf('cash'));
    expect((await detail(caseNo)).offers.find(({ action }) => action === 'cash')?.needsApproval).toBe(true);
    expect((await propose(clerk, caseNo, 'cash')).body.results).toMatchObject([
      { status: 'pending_approval' },
    ]);
  }, 30_000);

  test('many are handled at once, each judged by itself', async () => {
    const cash = await caseOf(numberOf('cash'));
    const off = await caseOf(numberOf('off'));
    const done = await caseOf(numberOf('large'));
    const { body } = await handle(chief, [cash, off, done, 'D-none'], {
      do: 'propose',
      action: 'write_off',
      note: '小额核销',
    });
    expect(body.results).toMatchObject([
      { caseNo: cash, ok: false, error: { code: 'CASE_BUSY' } },
      { caseNo: off, ok: true, status: 'resolved' },
      { caseNo: done, ok: false, error: { code: 'CASE_CLOSED' } },
      { caseNo: 'D-none', ok: false, error: { code: 'CASE_NOT_FOUND' } },
    ]);
    expect((await judge(chief, [cash, off], { do: 'approve' })).body.results).toMatchObject([
      { ok: true, status: 'resolved' },
      { ok: false, error: { code: 'CASE_NOT_PENDING' } },
    ]);
    const tooMany = {
      caseNos: Array.from({ length: 201 }, (_, index) => `D${index}`),
      act: { do: 'approve' },
    };
    expect((await chief('POST', `${base}/judge`, tooMany)).status).toBe(400);
  }, 30_000);

  test('the statistics follow: handled, open and carried are all there are, and cash leaves the bank’s figure', async () => {
    const late = await caseOf(numberOf('late'));
    const nextDay = shiftDay(day, 1);
    await propose(clerk, late, 'carry', { day: nextDay });
    const figures = await statistics(day);
    expect(figures).toMatchObject({ handled: 8, open: 1, carriedOut: 1, abnormalRefundFen: 2500 });
    expect(figures.differenceDetail.filter(({ status }) => status !== 'void')).toHaveLength(10);
    expect(figures.bankArrivalFen).toBe(figures.platformFen - figures.abnormalRefundFen);
    expect((await statistics(nextDay)).carriedIn).toMatchObject([
      { orderNo: numberOf('late'), patientName: '李小四' },
    ]);
    const administrator = await hospital.staff('admin');
    for (const date of [day, nextDay]) {
      const { body } = await administrator('GET', `/api/reconciliation/statistics?date=${date}`);
      expect(body).toHaveProperty('differenceDetail');
      expect(JSON.stringify(body)).not.toContain('李小四');
    }
  }, 30_000);

  test('a shortage is locked until a late bill can no longer settle it, and runs leave alone what people did', async () => {
    const late = await caseOf(numberOf('late'));
    await propose(clerk, late, 'in_transit', { day: shiftDay(day, 1) });
    turnTo(shiftDay(day, 1), '10:30:00');
    await runAgain(day);
    const short = await caseOf(numberOf('unbilled'), 'channel');
    const until = shiftDay(day, 2);
    const refused = await propose<Failure>(clerk, short, 'write_off');
    expect(refused.body.error).toMatchObject({ name: 'CASE_LOCKED', details: { until } });
    await handle(clerk, short, { do: 'comment', note: '等迟到账单' });
    await handle(clerk, short, { do: 'assign', assignee: 'chief' });
    const before = JSON.stringify([
      await db()('discrepancies').orderBy('id'),
      await db()('case_steps').orderBy('id'),
    ]);
    await runAgain(day);
    expect(
      JSON.stringify([await db()('discrepancies').orderBy('id'), await db()('case_steps').orderBy('id')]),
    ).toBe(before);
    expect((await detail(short)).case).toMatchObject({ status: 'open', assignee: 'chief' });

    turnTo(shiftDay(day, 3), '09:00:00');
    await reconciliation(hospital.strapi()).handling.sweep();
    expect(story(await detail(late)).at(-1)).toBe('system overdue open');
    await book('L1', numberOf('late'), 800);
    expect(story(await detail(late)).at(-1)).toBe('system healed void');
    clerk = await hospital.staff('finance');
    expect((await propose(clerk, short, 'write_off')).body.results).toMatchObject([{ status: 'resolved' }]);
    await expect(access(hospital.strapi()).audit.verifyChain()).resolves.toMatchObject({ ok: true });
  }, 60_000);

  test('a case of another currency is decided on by two people, were its difference 0', async () => {
    const open = await db()('discrepancies').where({ status: 'open', leg: 'his' }).first();
    const row = () => db()('discrepancies').where({ case_no: open.case_no });
    await row().update({ currency: 'JPY', difference_fen: 0 });
    const { body } = await propose(clerk, open.case_no, 'write_off');
    expect(body.results).toMatchObject([{ status: 'pending_approval' }]);
    await row().update({ currency: 'CNY' });
  });

  test('cases of before they said their currency get it at the next start, once', async () => {
    const at = { type: 'strapi', name: 'content_types', key: 'schema' };
    const schema: Record<string, { attributes: Record<string, unknown> }> = Object(
      await hospital.strapi().store.get(at),
    );
    delete schema['api::discrepancy.discrepancy']?.attributes.currency;
    await hospital.strapi().store.set({ ...at, value: schema });
    const [first, ...others]: { id: number }[] = await db()('discrepancies').orderBy('id').select('id');
    await db()('discrepancies').update({ currency: null });
    await hospital.restart();
    expect(await db()('discrepancies').distinct('currency').pluck('currency')).toEqual(['CNY']);
    await db()('discrepancies').where({ id: first?.id }).update({ currency: null });
    await hospital.restart();
    expect(await db()('discrepancies').whereNotNull('currency')).toHaveLength(others.length);
  }, 60_000);
});
