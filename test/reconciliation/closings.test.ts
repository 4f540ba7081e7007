import { type Clock, systemClock } from '@hospital-pay/jobs';
import { businessDay, shiftDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';

interface Failure {
  error: { name: string; details: { checklist?: { code: string; count: number }[] } };
}
interface Period {
  period: string;
  status: string;
  figures: { takenFen: number; hisFen: number; differenceFen: number };
}
interface Checked {
  checklist: { code: string; isClean: boolean }[];
}
interface Closing {
  closingNo: string;
  status: string;
  hash: string;
  takenFen: number;
}
interface Shift {
  shiftNo: string;
  status: string;
  differenceFen: number;
  cashDifferenceFen: number;
  figures: { lines: { payType: string; netFen: number; hisFen: number }[] };
}
interface Mine {
  current: Shift | null;
  recent: Shift[];
}
interface Income {
  lines: { key: string; name: string | null; takenFen: number; hisFen: number }[];
}
interface Summary {
  byType: { hisFen: number; platformFen: number }[];
}

/** Shifts are closed at the counter, days in the finance office; both stay as they were. */
describe('shifts, income and closings', () => {
  let aheadMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs), after: systemClock.after };
  let hospital: Hospital;
  let finance: Awaited<ReturnType<Hospital['staff']>>;
  let second: Awaited<ReturnType<Hospital['staff']>>;
  const today = () => businessDay(clock.now(), { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
  const day = today();
  const tomorrow = shiftDay(day, 1);
  const path = `/api/reconciliation/closings/${merchantCode}/day/${day}`;

  beforeAll(async () => {
    hospital = await startHospital({ database: 'postgres', clock });
    finance = await hospital.staff('finance');
    second = await hospital.staff('super');
    const { body } = await hospital.call<{ orderNo: string }>('POST', '/api/v1/orders', {
      merchantOrderNo: 'M-1',
      amountFen: 1999,
      subject: '缴费',
      scene: 'micropay',
      authCode: alipayCode(),
      businessNo: 'SILENT-1',
      department: '内科',
      operatorCode: 'cashier',
      terminalCode: 'W01',
    });
    await book('h1', 'charge', body.orderNo, 1999);
  }, 120_000);
  afterAll(() => hospital?.stop());

  async function book(hisSerialNo: string, kind: string, orderNo: string, amountFen: number, more = {}) {
    const { status } = await hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo,
      kind,
      amountFen,
      payType: 'alipay',
      orderNo,
      occurredAt: new Date(clock.now().getTime() - aheadMs).toISOString(),
      ...more,
    });
    expect(status).toBeLessThan(300);
    await reconciliation(hospital.strapi()).settled();
  }
  const summary = async (from: string, to: string) =>
    (await finance<Summary>('GET', `/api/reconciliation/summary?from=${from}&to=${to}`)).body.byType;

  test('a cashier’s shift begins with the first payment, and is closed with what differs explained', async () => {
    const cashier = await hospital.staff('cashier');
    const mine = async () =>
      (await cashier<Mine>('GET', `/api/reconciliation/shifts/mine?merchantCode=${merchantCode}`)).body;
    const { current } = await mine();
    expect(current).toMatchObject({ status: 'open', differenceFen: 0 });
    expect(current?.figures.lines).toMatchObject([{ payType: 'alipay', netFen: 1999, hisFen: 1999 }]);
    const again = await cashier<Failure>('POST', '/api/reconciliation/shifts', { merchantCode });
    expect([again.status, again.body.error.name]).toEqual([409, 'SHIFT_OPEN_ALREADY']);

    const shift = `/api/reconciliation/shifts/${current?.shiftNo}`;
    const slip = { terminalTotals: [{ payType: 'mispos', takenFen: 100, refundedFen: 0 }], cashFen: 0 };
    const unexplained = await cashier<Failure>('POST', `${shift}/close`, slip);
    expect([unexplained.status, unexplained.body.error.name]).toEqual([409, 'SHIFT_NOTE_MISSING']);
    const closed = await cashier<Shift>('POST', `${shift}/close`, { ...slip, note: 'POS 昨日未结' });
    expect(closed.body).toMatchObject({ status: 'closed', cashDifferenceFen: 0 });
    expect((await cashier<Failure>('POST', `${shift}/close`, slip)).body.error.name).toBe(
      'SHIFT_NOTE_MISSING',
    );
    const twice = await cashier<Failure>('POST', `${shift}/close`, { note: '再' });
    expect([twice.status, twice.body.error.name]).toEqual([409, 'SHIFT_MOVED']);
    expect(await mine()).toMatchObject({ current: null, recent: [{ status: 'closed' }] });
  });

  test('finance reviews a shift, somebody else’s, once; others see none of it', async () => {
    const cashier = await hospital.staff('cashier');
    const path = `/api/reconciliation/shifts/mine?merchantCode=${merchantCode}`;
    const shiftNo = (await cashier<Mine>('GET', path)).body.recent[0]?.shiftNo;
    const shift = `/api/reconciliation/shifts/${shiftNo}`;
    expect((await cashier('POST', `${shift}/review`, {})).status).toBe(403);
    expect((await (await hospital.staff('ops'))('GET', shift)).status).toBe(403);
    expect((await finance<Shift>('POST', `${shift}/give-back`, { reason: '重点现金' })).body.status).toBe(
      'open',
    );
    expect((await cashier<Mine>('GET', path)).body).toMatchObject({
      current: null,
      recent: [{ shiftNo, status: 'open' }],
    });
    expect((await finance<Shift>('POST', `${shift}/close`, { cashFen: 0 })).body.status).toBe('closed');
    const own = await finance<Failure>('POST', `${shift}/review`, {});
    expect([own.status, own.body.error.name]).toEqual([403, 'SHIFT_SAME_PERSON']);
    expect((await second<Shift>('POST', `${shift}/review`, { note: '相符' })).body.status).toBe('reviewed');
    const late = await finance<Failure>('POST', `${shift}/give-back`, { reason: '再看' });
    expect([late.status, late.body.error.name]).toEqual([409, 'SHIFT_MOVED']);
    const { body } = await cashier<{ data?: unknown[] }>('GET', '/api/shifts');
    expect(body.data ?? []).toEqual([]);
  });

  test('income is told by operator and by department, with the entries behind it', async () => {
    const asked = (by: string) => `/api/reconciliation/income?from=${day}&to=${day}&by=${by}`;
    const { body } = await finance<Income>('GET', asked('operator'));
    expect(body.lines).toMatchObject([{ key: 'cashier', name: 'cashier', takenFen: 1999, hisFen: 1999 }]);
    expect((await finance<Income>('GET', asked('department'))).body.lines).toMatchObject([{ key: '内科' }]);
    const behind = `/api/reconciliation/income/entries?from=${day}&to=${day}&by=department&key=${encodeURIComponent('内科')}`;
    expect((await finance('GET', behind)).body).toMatchObject({ total: 2 });
    expect((await (await hospital.staff('cashier'))('GET', asked('operator'))).status).toBe(403);
    const queued = await finance('POST', '/api/reconciliation/exports', {
      code: 'income',
      format: 'xlsx',
      question: { from: day, to: day, by: 'operator' },
    });
    expect(queued.status).toBe(202);
  });

  test('a day that is not over, or that has no run, is not closed without a reason', async () => {
    expect((await finance<Failure>('POST', `${path}/close`, {})).body.error.name).toBe('PERIOD_NOT_OVER');
    aheadMs = 86_400_000;
    const refused = await finance<Failure>('POST', `${path}/close`, {});
    expect(refused.status).toBe(409);
    expect(refused.body.error.name).toBe('CLOSING_INCOMPLETE');
    expect(refused.body.error.details.checklist).toContainEqual(
      expect.objectContaining({ code: 'missing_runs', count: 2 }),
    );
    const { body } = await finance<Checked>('GET', `${path}/check`);
    expect(body.checklist.find(({ code }) => code === 'stale_runs')).toMatchObject({ isClean: true });
  });

  test('a closed day refuses runs, and what HIS tells late stands on the next day', async () => {
    const closed = await finance<Closing>('POST', `${path}/close`, { reason: '账单延迟' });
    expect(closed.status).toBe(200);
    expect(closed.body).toMatchObject({ status: 'closed', takenFen: 1999 });
    const run = await finance<Failure>('POST', '/api/reconciliation/runs', { date: day });
    expect([run.status, run.body.error.name]).toEqual([409, 'PERIOD_CLOSED']);

    await book('h2', 'charge', 'nobody', 500);
    await book('h1', 'charge', 'nobody', 1999, { status: 'voided' });
    expect(await summary(day, day)).toMatchObject([{ hisFen: 1999, platformFen: 1999 }]);
    expect(await summary(tomorrow, tomorrow)).toMatchObject([{ hisFen: -1499, platformFen: 0 }]);
    const verified = await finance('GET', `/api/reconciliation/closings/${closed.body.closingNo}/verify`);
    expect(verified.body).toMatchObject({ isIntact: true, hash: closed.body.hash });
    const month = `merchantCode=${merchantCode}&kind=day&within=${day.slice(0, 7)}`;
    const { body } = await finance<{ periods: Period[] }>(
      'GET',
      `/api/reconciliation/closings/periods?${month}`,
    );
    expect(body.periods.find(({ period }) => period === day)).toMatchObject({
      status: 'closed',
      figures: { takenFen: 1999, hisFen: 1999, differenceFen: 0 },
    });
  });

  test('reopening takes two people, is audited, and lets the day speak for itself again', async () => {
    expect((await finance('POST', `${path}/reopen`, { reason: 'HIS 更正' })).status).toBe(200);
    const alone = await finance<Failure>('POST', `${path}/reopen/confirm`, {});
    expect([alone.status, alone.body.error.name]).toEqual([403, 'CLOSING_SAME_PERSON']);
    expect((await second<Closing>('POST', `${path}/reopen/confirm`, {})).body.status).toBe('reopened');
    expect(await summary(day, day)).toMatchObject([{ hisFen: 500, platformFen: 1999 }]);
    expect(await summary(tomorrow, tomorrow)).toEqual([]);
    const trail: unknown = await hospital
      .strapi()
      .db.connection('audit_entries')
      .where({ subject: 'closing' })
      .orderBy('id')
      .select('actor', 'action', 'subject_key');
    expect(trail).toMatchObject([
      { actor: 'finance', action: 'create' },
      { actor: 'finance', action: 'update', subject_key: `${merchantCode}/day/${day}` },
      { actor: 'super', action: 'update' },
    ]);
  });

  test('cashiers and operations do not close the books', async () => {
    for (const name of ['cashier', 'ops'] as const) {
      const person = await hospital.staff(name);
      expect((await person('POST', `${path}/close`, { reason: '试' })).status).toBe(403);
    }
  });
});
