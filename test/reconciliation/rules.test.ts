import { access } from '@hospital-pay/access';
import { type Clock, systemClock } from '@hospital-pay/jobs';
import { businessDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';

interface Order {
  orderNo: string;
  status: string;
}
interface Rule {
  data: { documentId: string };
}
interface Failure {
  error: { name: string; details: { fields?: string[] } };
}
interface Trial {
  speaks: boolean;
  before: { openCases: number; counts: Record<string, number> };
  after: { openCases: number; counts: Record<string, number> };
  changes: { change: string; before: { orderNo: string; patientName: string } | null }[];
}

/** Rules are plain rows: what finance writes on the screen is what the comparison follows. */
describe('reconciliation rules', () => {
  let aheadMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs), after: systemClock.after };
  let hospital: Hospital;
  let finance: Awaited<ReturnType<Hospital['staff']>>;
  beforeAll(async () => {
    hospital = await startHospital({ database: 'postgres', clock, merchant: { graceSeconds: 600 } });
    finance = await hospital.staff('finance');
  }, 120_000);
  afterAll(() => hospital?.stop());

  const today = () => businessDay(clock.now(), { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
  const create = <Body = Rule>(data: object) => finance<Body>('POST', '/api/reconciliation-rules', { data });
  const sweep = () => reconciliation(hospital.strapi()).realtime.sweep();
  const casesOf = (orderNo: string) =>
    hospital.strapi().db.connection('discrepancies').where({ order_no: orderNo }).select('kind', 'status');

  async function pay(bizType: string, amountFen: number): Promise<string> {
    const { body } = await hospital.call<Order>('POST', '/api/v1/orders', {
      merchantOrderNo: `M-${amountFen}`,
      amountFen,
      subject: '缴费',
      scene: 'micropay',
      authCode: alipayCode(),
      businessNo: `SILENT-${amountFen}`,
      bizType,
      patientName: '李小四',
    });
    expect(body.status).toBe('paid');
    await reconciliation(hospital.strapi()).settled();
    return body.orderNo;
  }

  async function book(hisSerialNo: string, orderNo: string, amountFen: number, bizType?: string) {
    await hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo,
      kind: 'charge',
      amountFen,
      payType: 'alipay',
      orderNo,
      bizType,
      occurredAt: clock.now().toISOString(),
    });
    await reconciliation(hospital.strapi()).settled();
  }

  test('give every business type a grace period of its own, over the merchant’s', async () => {
    expect((await create({ name: '预交金', bizType: '住院预交金', graceMinutes: 30 })).status).toBe(201);
    expect((await create({ name: '挂号', bizType: '窗口挂号', graceMinutes: 1 })).status).toBe(201);
    const deposit = await pay('住院预交金', 1901);
    const registration = await pay('窗口挂号', 2001);
    const other = await pay('窗口缴费', 2101);
    await book('stray', 'nobody', 2201, '窗口挂号');

    aheadMs += 2 * 60_000;
    await sweep();
    expect(await casesOf(registration)).toEqual([{ kind: 'platform_only', status: 'open' }]);
    expect(await casesOf('nobody')).toEqual([{ kind: 'his_only', status: 'open' }]);
    expect([await casesOf(deposit), await casesOf(other)]).toEqual([[], []]);

    aheadMs += 9 * 60_000;
    await sweep();
    expect(await casesOf(other)).toEqual([{ kind: 'platform_only', status: 'open' }]);
    expect(await casesOf(deposit)).toEqual([]);

    await book('late', registration, 2001);
    expect(await casesOf(registration)).toEqual([{ kind: 'platform_only', status: 'void' }]);
    aheadMs += 20 * 60_000;
    await sweep();
    expect(await casesOf(deposit)).toEqual([{ kind: 'platform_only', status: 'open' }]);
  }, 30_000);

  test('that contradict each other or reach too far are refused, and what is stored is audited', async () => {
    const first = await create({ name: '全院', merchantCode, validTo: '2099-12-31' });
    expect(first.status).toBe(201);
    const rival = await create<Failure>({ name: '又一条', merchantCode });
    expect([rival.status, rival.body.error.name]).toEqual([409, 'RULE_OVERLAPS']);
    const wild = await create<Failure>({ name: '离谱', channel: 'alipay', midnightMinutes: 999 });
    expect(wild.body.error).toMatchObject({ name: 'RULE_INVALID', details: { fields: ['midnightMinutes'] } });
    const inVain = await create<Failure>({ name: '无效', bizType: '诊间缴费', feePpm: 6000 });
    expect(inVain.body.error).toMatchObject({ name: 'RULE_BIZ_TYPE', details: { fields: ['feePpm'] } });

    const path = `/api/reconciliation-rules/${first.body.data.documentId}`;
    const later = await create({ name: '百年后', merchantCode, validFrom: '2100-01-01' });
    expect(later.status).toBe(201);
    const stretched = await finance<Failure>('PUT', path, { data: { validTo: null } });
    expect(stretched.body.error.name).toBe('RULE_OVERLAPS');
    expect((await finance('PUT', path, { data: { toleranceFen: '3' } })).status).toBe(200);
    expect((await finance('DELETE', path)).status).toBe(204);
    const trail: unknown = await hospital
      .strapi()
      .db.connection('audit_entries')
      .where({ subject: 'reconciliation-rule', actor: 'finance' })
      .orderBy('id', 'desc')
      .limit(2)
      .select('action', 'actor');
    expect(trail).toEqual([
      { action: 'delete', actor: 'finance' },
      { action: 'update', actor: 'finance' },
    ]);
    await expect(access(hospital.strapi()).audit.verifyChain()).resolves.toMatchObject({ ok: true });
  }, 30_000);

  test('are tried on a day before they are saved, and the trial writes nothing', async () => {
    const near = await pay('诊间缴费', 2000);
    await book('near', near, 1999);
    const rowsOf = async (table: string): Promise<unknown[]> =>
      hospital.strapi().db.connection(table).orderBy('id');
    const books = async () => JSON.stringify([await rowsOf('discrepancies'), await rowsOf('orders')]);
    const before = await books();
    const draft = { name: '一分钱', toleranceFen: '1', enabled: true };
    const trial = await finance<Trial>('POST', '/api/reconciliation/rules/trial', {
      accountCode: 'alipay-1',
      date: today(),
      rules: draft,
    });
    expect(trial.status).toBe(200);
    expect(trial.body.speaks).toBe(true);
    expect(trial.body.before.counts['his.amount']).toBe(1);
    expect(trial.body.after.counts['his.amount']).toBeUndefined();
    expect(trial.body.changes).toMatchObject([{ change: 'disappears', before: { orderNo: near } }]);
    expect(await books()).toBe(before);

    const ops = await hospital.staff('ops');
    const refused = await ops('POST', '/api/reconciliation/rules/trial', {
      accountCode: 'alipay-1',
      date: today(),
      rules: draft,
    });
    expect(refused.status).toBe(403);
  }, 30_000);
});
