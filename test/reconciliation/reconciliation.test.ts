import { businessDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';

interface Order {
  orderNo: string;
  status: string;
  paidFen: number;
}
interface Case {
  caseNo: string;
  kind: string;
  status: string;
  resolution: string | null;
  differenceFen: number;
}
interface Located {
  order: { reconState: string; anomalies: string[]; patientName: string } | null;
  hisRecords: { hisSerialNo: string }[];
  discrepancies: Case[];
  timeline: { zh: string }[];
}
interface Summary {
  byType: { payType: string; hisFen: number; platformFen: number; differenceFen: number }[];
  byDay: { live: boolean }[];
}
interface Failure {
  error: { name: string };
}

describe.each(['sqlite', 'postgres'] as const)('reconciliation on %s', (database) => {
  let hospital: Hospital;
  let finance: Awaited<ReturnType<Hospital['staff']>>;
  beforeAll(async () => {
    hospital = await startHospital({ database });
    finance = await hospital.staff('finance');
  }, 120_000);
  afterAll(() => hospital?.stop());

  const today = () => businessDay(new Date(), { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
  const locate = async (number: string) =>
    (await finance<Located>('GET', `/api/reconciliation/locate/${number}`)).body;

  async function pay(merchantOrderNo: string, amountFen: number, businessNo: string): Promise<Order> {
    const { body } = await hospital.call<Order>('POST', '/api/v1/orders', {
      merchantOrderNo,
      amountFen,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: alipayCode(),
      businessNo,
      patientName: '李小四',
      cardNo: '0003276083',
    });
    expect(body).toMatchObject({ status: 'paid', paidFen: amountFen });
    return body;
  }

  test('a payment is normal within a second of HIS’s record, and one-sided after its grace period without', async () => {
    const booked = await pay('M-booked', 1201, 'SILENT-1');
    const lacking = await pay('M-lacking', 1901, 'SILENT-2');
    await hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo: '1',
      kind: 'charge',
      amountFen: 1201,
      payType: 'alipay',
      orderNo: booked.orderNo,
      occurredAt: new Date().toISOString(),
    });
    await until(
      () => locate(booked.orderNo),
      (found) => found.order?.reconState === 'normal',
      1000,
    );
    const found = await until(
      () => locate(lacking.orderNo),
      ({ order, discrepancies }) => order?.reconState === 'abnormal' && discrepancies.length === 1,
    );
    expect(found.order).toMatchObject({ anomalies: ['charge_differs'] });
    expect(found.discrepancies).toMatchObject([
      { kind: 'platform_only', status: 'open', differenceFen: -1901 },
    ]);
    expect(found.timeline.map((entry) => entry.zh)).toEqual(expect.arrayContaining(['支付成功 19.01']));
    expect((await locate('M-booked')).hisRecords).toMatchObject([{ hisSerialNo: '1' }]);
  }, 30_000);

  test('finance refunds the one-sided payment, and its case is resolved', async () => {
    const { discrepancies, order } = await locate('M-lacking');
    expect(order).not.toBeNull();
    const orders = await finance<{ data: Order[] }>(
      'GET',
      '/api/orders?filters[merchantOrderNo][$eq]=M-lacking',
    );
    const orderNo = orders.body.data[0]?.orderNo ?? '';
    const refund = await finance('POST', `/api/payments/orders/${orderNo}/refunds`, {
      amountFen: 1901,
      reason: 'HIS未入账',
      merchantRefundNo: 'RF-1',
    });
    expect(refund.status).toBeLessThan(300);
    const after = await until(
      () => locate(orderNo),
      (found) => found.discrepancies[0]?.status === 'resolved' && found.order?.anomalies?.length === 2,
    );
    expect(after.discrepancies).toMatchObject([
      { caseNo: discrepancies[0]?.caseNo, resolution: 'online_refund', status: 'resolved' },
    ]);
    expect(after.order?.anomalies).toEqual(['charge_differs', 'refund_differs']);
  }, 30_000);

  test('a bill that is not out yet defers the run, and the summary adds up to the fen as of now', async () => {
    const asked = await finance<{ runs: { runNo: string }[] }>('POST', '/api/reconciliation/runs', {
      date: today(),
      accountCode: 'alipay-1',
    });
    expect(asked.status).toBe(202);
    const runNo = asked.body.runs[0]?.runNo ?? '';
    const run = await until(
      () => reconciliation(hospital.strapi()).runs.get(runNo),
      (found) => found?.status === 'done' || found?.status === 'failed' || found?.status === 'deferred',
    );
    expect(run).toMatchObject({ status: 'deferred', nextAt: expect.any(Date) });
    const query = `from=${today()}&to=${today()}&merchantCode=${merchantCode}`;
    const { body } = await finance<Summary>('GET', `/api/reconciliation/summary?${query}`);
    expect(body.byType).toEqual([
      { payType: 'alipay', hisFen: 1201, platformFen: 1201, differenceFen: 0, abnormalRefundFen: 0 },
    ]);
    const figures = await finance('GET', '/api/reconciliation/today');
    expect(figures.body).toMatchObject({
      takenFen: 3102,
      refundedFen: 1901,
      takenCount: 2,
      openDiscrepancies: 0,
    });
    const statistics = await finance('GET', `/api/reconciliation/statistics?date=${today()}`);
    expect(statistics.body).toMatchObject({
      hisFen: 1201,
      platformFen: 1201,
      differenceFen: 0,
      abnormalRefundFen: 0,
      sameDayRefundFen: 1901,
      bankArrivalFen: 1201,
      handled: 1,
      open: 0,
    });
  }, 30_000);

  test('a stray charge is resolved by a person once, with a note', async () => {
    await hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo: '428661561',
      kind: 'charge',
      amountFen: 50000,
      payType: 'wechat',
      orderNo: 'X9',
      occurredAt: new Date().toISOString(),
    });
    const found = await until(
      () => locate('X9'),
      (located) => located.discrepancies.length === 1,
    );
    expect(found.order).toBeNull();
    const caseNo = found.discrepancies[0]?.caseNo ?? '';
    const path = '/api/reconciliation/discrepancies/handle';
    const resolve = (act: object) => finance<Failure>('POST', path, { caseNos: [caseNo], act });
    const booking = { do: 'propose', action: 'his_supplement' };
    expect((await resolve(booking)).body.error.name).toBe('REQUEST_INVALID');
    const body = { ...booking, note: '渠道他日到账, HIS补录单号' };
    expect((await resolve(body)).body).toMatchObject({ results: [{ caseNo, ok: true, status: 'resolved' }] });
    expect((await locate('X9')).discrepancies).toMatchObject([{ resolution: 'his_supplement' }]);
    expect((await resolve(body)).body.error.name).toBe('CASE_CLOSED');
  }, 30_000);

  test('a cashier may look at an order but neither run nor resolve', async () => {
    const cashier = await hospital.staff('cashier');
    expect((await cashier('POST', '/api/reconciliation/runs', { date: today() })).status).toBe(403);
    expect((await cashier('GET', `/api/reconciliation/summary?from=${today()}&to=${today()}`)).status).toBe(
      403,
    );
    const seen = (await cashier<Located>('GET', '/api/reconciliation/locate/M-booked')).body;
    expect(seen.order?.patientName).toBe('李*四');
    expect(seen.hisRecords).toEqual([]);
  });
});
