import { type Clock, systemClock } from '@hospital-pay/jobs';
import { shiftDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DateTime } from 'luxon';
import { type Hospital, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';

interface Order {
  orderNo: string;
  status: string;
}
interface Refund {
  status: string;
}
interface Case {
  case_no: string;
  account_code: string;
  leg: string;
  kind: string;
  trade_kind: string;
  status: string;
  resolution: string | null;
  difference_fen: string | number;
  order_no: string | null;
}
interface Run {
  run_no: string;
  account_code: string;
  status: string;
  error_code: string | null;
}
interface Total {
  account_code: string;
  his_fen: string | number;
  platform_fen: string | number;
  abnormal_refund_fen: string | number;
  channel_fen: string | number;
  fee_fen: string | number;
  difference_fen: string | number;
}

const zone = 'Asia/Shanghai';
const day = DateTime.now().setZone(zone).toFormat('yyyy-MM-dd');
const nextDay = shiftDay(day, 1);
const at = (date: string, time: string) => DateTime.fromISO(`${date}T${time}`, { zone }).toMillis();
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** A day at the hospital, told by a clock that goes on by itself and is set forward from scene to scene. */
describe.each(['sqlite', 'postgres'] as const)('a day and its bills on %s', (database) => {
  let aheadMs = at(day, '10:00:00') - Date.now();
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs), after: systemClock.after };
  const turnTo = (date: string, time: string) => {
    aheadMs = at(date, time) - Date.now();
  };
  const orderNos = new Map<string, string>();
  let hospital: Hospital;

  beforeAll(async () => {
    hospital = await startHospital({ database, clock });
  }, 120_000);
  afterAll(() => hospital?.stop());

  const db = () => hospital.strapi().db.connection;
  const numberOf = (name: string) => orderNos.get(name) ?? `no order ${name}`;
  const nameOf = (orderNo: string | null) =>
    [...orderNos].find(([, known]) => known === orderNo)?.[0] ?? 'foreign';

  async function pay(name: string, channel: 'alipay' | 'wechat', amountFen: number): Promise<void> {
    const { body } = await hospital.call<Order>('POST', '/api/v1/orders', {
      merchantOrderNo: `M-${name}`,
      amountFen,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: hospital.sandbox.patient.issueCode(channel),
      businessNo: `SILENT-${name}`,
    });
    expect(body).toMatchObject({ status: 'paid' });
    orderNos.set(name, body.orderNo);
  }

  async function giveBack(name: string, amountFen: number): Promise<void> {
    const merchantRefundNo = `R-${name}`;
    const { status } = await hospital.call('POST', '/api/v1/refunds', {
      merchantRefundNo,
      merchantOrderNo: `M-${name}`,
      amountFen,
      reason: '退费',
    });
    expect(status).toBeLessThan(300);
    await until(
      () => hospital.call<Refund>('GET', `/api/v1/refunds/${merchantRefundNo}`),
      ({ body }) => body.status === 'succeeded',
    );
  }

  async function book(
    hisSerialNo: string,
    name: string,
    payType: 'alipay' | 'wechat',
    amountFen: number,
    kind = 'charge',
  ): Promise<void> {
    const { status } = await hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo,
      kind,
      amountFen,
      payType,
      orderNo: numberOf(name),
      ...(kind === 'refund' ? { refundNo: `R-${name}` } : {}),
      occurredAt: clock.now().toISOString(),
    });
    expect(status).toBe(201);
  }

  const runsOf = (date: string): Promise<Run[]> =>
    db()('reconciliation_runs').where({ date }).orderBy(['account_code', 'created_time']);
  const isOver = (runs: Run[]) =>
    runs.length > 0 && runs.every(({ status }) => status === 'done' || status === 'failed');
  const cases = (date: string): Promise<Case[]> =>
    db()('discrepancies').where({ date }).orderBy(['account_code', 'leg', 'kind', 'dedupe_key']);
  const totals = (date: string): Promise<Total[]> =>
    db()('daily_totals').where({ date }).orderBy('account_code');
  const books = async () =>
    JSON.stringify([await db()('discrepancies').orderBy('id'), await db()('daily_totals').orderBy('id')]);

  /** What the gateway's own ledger says of a day: what its bill holds, and what it really took. */
  function ledgerOf(gateway: 'alipay' | 'wechat', date: string) {
    const from = at(date, '00:00:00');
    const within = (moment: number | null) =>
      moment !== null && moment >= from && moment < from + 24 * 3_600_000;
    const { ledger } = hospital.sandbox;
    const paid = ledger.payments({ gateway }).filter((row) => within(row.paidAt));
    const refunds = ledger
      .refunds({ gateway })
      .filter((row) => row.state === 'succeeded' && within(row.createdAt));
    const refundedFen = sum(refunds.map(({ amountFen }) => amountFen));
    return {
      billFen: sum(paid.filter(({ billed }) => billed).map(({ amountFen }) => amountFen)) - refundedFen,
      ownFen: sum(paid.filter(({ foreign }) => !foreign).map(({ amountFen }) => amountFen)) - refundedFen,
    };
  }

  async function runAgain(date: string): Promise<void> {
    const finance = await hospital.staff('finance');
    const before = (await runsOf(date)).length;
    expect((await finance('POST', '/api/reconciliation/runs', { date })).status).toBe(202);
    await until(
      () => runsOf(date),
      (runs) => runs.length >= before + 2 && isOver(runs),
    );
  }

  test('the day happens: payments, refunds, and what goes wrong', async () => {
    await pay('agreed', 'alipay', 1201);
    await book('1', 'agreed', 'alipay', 1201);
    await pay('part', 'wechat', 5000);
    await book('2', 'part', 'wechat', 5000);
    await giveBack('part', 1500);
    await book('3', 'part', 'wechat', 1500, 'refund');
    await pay('whole', 'alipay', 9999);
    await book('4', 'whole', 'alipay', 9999);
    await giveBack('whole', 9999);
    await book('5', 'whole', 'alipay', 9999, 'refund');
    await pay('reversed', 'wechat', 1999);
    await giveBack('reversed', 1999);
    await pay('differs', 'wechat', 3000);
    await book('6', 'differs', 'wechat', 3100);
    await pay('twice', 'alipay', 4200);
    await book('7', 'twice', 'alipay', 4200);
    await book('8', 'twice', 'alipay', 4200);
    await pay('unbilled', 'wechat', 2500);
    await book('9', 'unbilled', 'wechat', 2500);
    expect(hospital.sandbox.ledger.dropFromBill(numberOf('unbilled'))).toBe(1);
    await pay('forgotten', 'alipay', 1234);
    hospital.sandbox.ledger.injectForeignPayment({ gateway: 'alipay', amountFen: 777 });
    await pay('later', 'alipay', 600);
    turnTo(day, '23:55:00');
    await pay('midnight', 'alipay', 880);
    turnTo(nextDay, '00:05:00');
    await book('10', 'midnight', 'alipay', 880);
    turnTo(nextDay, '09:20:00');
    await book('11', 'later', 'alipay', 600);
    await giveBack('forgotten', 1234);
    await reconciliation(hospital.strapi()).settled();
  }, 60_000);

  test('at half past ten one run for each account has been made, however often the clock looks', async () => {
    turnTo(nextDay, '10:30:00');
    const { runs } = reconciliation(hospital.strapi());
    await runs.sweep();
    await Promise.all([runs.sweep(), runs.sweep()]);
    const made = await until(() => runsOf(day), isOver);
    expect(made.map(({ account_code, status, error_code }) => [account_code, status, error_code])).toEqual([
      ['alipay-1', 'done', null],
      ['wechat-1', 'done', null],
    ]);
  }, 60_000);

  test('every difference is a case, by its name and to the fen, and nothing else is', async () => {
    const found = (await cases(day)).filter(({ status, kind }) => status !== 'void' || kind === 'in_transit');
    const told = found.map((row) => [
      row.account_code,
      row.leg,
      nameOf(row.order_no),
      row.kind,
      Number(row.difference_fen),
      row.resolution ?? row.status,
    ]);
    expect(told.toSorted()).toEqual(
      [
        ['alipay-1', 'channel', 'foreign', 'channel_only', 777, 'open'],
        ['alipay-1', 'his', 'forgotten', 'platform_only', -1234, 'online_refund'],
        ['alipay-1', 'his', 'later', 'in_transit', -600, 'healed'],
        ['alipay-1', 'his', 'midnight', 'in_transit', -880, 'healed'],
        ['alipay-1', 'his', 'twice', 'duplicate', 4200, 'open'],
        ['wechat-1', 'channel', 'unbilled', 'platform_only', -2500, 'open'],
        ['wechat-1', 'his', 'differs', 'amount', 100, 'open'],
      ].toSorted(),
    );
  });

  test('the daily totals are the ledger’s, and the cases explain what is left', async () => {
    for (const total of await totals(day)) {
      const gateway = total.account_code === 'alipay-1' ? 'alipay' : 'wechat';
      const ledger = ledgerOf(gateway, day);
      expect([total.account_code, Number(total.channel_fen)]).toEqual([total.account_code, ledger.billFen]);
      expect(Number(total.platform_fen) - Number(total.abnormal_refund_fen)).toBe(ledger.ownFen);
      const lasting = (await cases(day)).filter(
        (row) =>
          row.account_code === total.account_code && (row.status !== 'void' || row.kind === 'in_transit'),
      );
      const explained = (leg: string) =>
        sum(lasting.filter((row) => row.leg === leg).map((row) => Number(row.difference_fen)));
      expect(-Number(total.difference_fen)).toBe(explained('his'));
      expect(Number(total.channel_fen) - ledger.ownFen).toBe(explained('channel'));
    }
  });

  test('a second run leaves every byte as it was', async () => {
    const before = await books();
    await runAgain(day);
    expect(await books()).toBe(before);
  }, 60_000);

  test('what a person has resolved stays resolved', async () => {
    const foreign = (await cases(day)).find(({ kind }) => kind === 'channel_only');
    const finance = await hospital.staff('finance');
    const act = { do: 'propose', action: 'write_off', note: '渠道侧测试款' };
    const body = { caseNos: [foreign?.case_no], act };
    expect((await finance('POST', '/api/reconciliation/discrepancies/handle', body)).status).toBe(200);
    const before = await books();
    await runAgain(day);
    expect(await books()).toBe(before);
    expect((await cases(day)).find(({ kind }) => kind === 'channel_only')).toMatchObject({
      status: 'resolved',
      resolution: 'write_off',
    });
  }, 60_000);

  test('a line that only the bill knows is found as received, by who may see patients', async () => {
    const foreign = (await cases(day)).find(({ kind }) => kind === 'channel_only');
    const lineSeenBy = async (person: 'finance' | 'admin') => {
      const staff = await hospital.staff(person);
      const path = `/api/reconciliation/locate/${foreign?.order_no}`;
      return (await staff<{ billLines: { raw: string | null; date: string }[] }>('GET', path)).body.billLines;
    };
    const seen = await lineSeenBy('finance');
    expect(seen).toMatchObject([{ date: day, accountCode: foreign?.account_code }]);
    expect(seen[0]?.raw).toContain(foreign?.order_no);
    expect(await lineSeenBy('admin')).toMatchObject([{ date: day, raw: null }]);
  });

  test('the next day has the other halves, and the abnormal refund as a figure of its own', async () => {
    turnTo(shiftDay(day, 2), '10:30:00');
    await reconciliation(hospital.strapi()).runs.sweep();
    await until(() => runsOf(nextDay), isOver);
    const [alipay] = await totals(nextDay);
    expect(alipay).toMatchObject({ account_code: 'alipay-1' });
    expect(
      [
        alipay?.his_fen,
        alipay?.platform_fen,
        alipay?.abnormal_refund_fen,
        alipay?.channel_fen,
        alipay?.difference_fen,
      ].map(Number),
    ).toEqual([1480, 0, 1234, -1234, -1480]);
    expect(Number(alipay?.channel_fen)).toBe(ledgerOf('alipay', nextDay).billFen);
    const told = (await cases(nextDay)).map((row) => [nameOf(row.order_no), row.kind, row.status]);
    expect(told.toSorted()).toEqual([
      ['later', 'in_transit', 'void'],
      ['midnight', 'in_transit', 'void'],
    ]);
    const finance = await hospital.staff('finance');
    const { body } = await finance('GET', `/api/reconciliation/statistics?date=${nextDay}`);
    expect(body).toMatchObject({
      hisFen: 1480,
      platformFen: 0,
      abnormalRefundFen: 1234,
      differenceFen: 1480,
      bankArrivalFen: -1234,
      refundDetail: [{ orderNo: numberOf('forgotten'), amountFen: 1234, method: 'online_refund' }],
    });
  }, 60_000);

  test('over both days nothing is lost: income − abnormal refunds is what the gateways hold', async () => {
    const all = [...(await totals(day)), ...(await totals(nextDay))];
    const kept = sum(all.map((row) => Number(row.platform_fen) - Number(row.abnormal_refund_fen)));
    const own = (['alipay', 'wechat'] as const).flatMap((gateway) =>
      [day, nextDay].map((date) => ledgerOf(gateway, date).ownFen),
    );
    expect(kept).toBe(sum(own));
  });
});
