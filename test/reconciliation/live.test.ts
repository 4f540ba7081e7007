import { access } from '@hospital-pay/access';
import { insertRow } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alipayCode, type Hospital, merchantCode, password, startHospital } from '../harness/hospital';

interface Figures {
  today: { takenFen: number; openDiscrepancies: number };
  byMerchant: { merchantCode: string; takenFen: number }[];
  orders: { orderNo: string; status: string; reconState: string; patientName: string | null }[];
  alerts: { orderNo: string; kind: string }[];
}
interface SignedIn {
  accessToken: string;
  refreshToken: string;
}

describe('live figures', () => {
  let hospital: Hospital;
  const leaving = new AbortController();
  beforeAll(async () => {
    // Long enough to be seen waiting on a busy machine.
    hospital = await startHospital({ database: 'postgres', merchant: { graceSeconds: 8 } });
  }, 120_000);
  afterAll(async () => {
    leaving.abort();
    await hospital?.stop();
  });

  const post = (path: string, body: object) =>
    fetch(hospital.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const signIn = async (username: string): Promise<SignedIn> =>
    (await post('/api/access/sign-in', { username, password })).json();

  /** Somebody who looks at the page; `until` waits for figures that show something. */
  async function look(username: string) {
    const session = await signIn(username);
    const response = await fetch(`${hospital.url}/api/reconciliation/live`, {
      headers: { authorization: `Bearer ${session.accessToken}` },
      signal: leaving.signal,
    });
    const shown: Figures[] = [];
    const ids: number[] = [];
    let isOver = false;
    const reading = (async () => {
      let text = '';
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const piece = await reader?.read();
        if (!piece || piece.done) return;
        text += piece.value;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          const id = /^id: (\d+)$/m.exec(event)?.[1];
          if (id) ids.push(Number(id));
          if (data && event.includes('event: figures')) shown.push(JSON.parse(data));
        }
      }
    })()
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    return {
      session,
      response,
      ids,
      ended: () => reading,
      async until(isShown: (figures: Figures) => boolean): Promise<Figures> {
        const end = Date.now() + 30_000;
        for (;;) {
          const found = shown.find(isShown);
          if (found) return found;
          if (isOver || Date.now() > end) throw new Error(`last shown: ${JSON.stringify(shown.at(-1))}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    };
  }

  let times = 0;
  async function pay(): Promise<string> {
    times += 1;
    const { body } = await hospital.call<{ orderNo: string; status: string }>('POST', '/api/v1/orders', {
      merchantOrderNo: `M-${times}`,
      amountFen: 1901,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: alipayCode(),
      businessNo: `SILENT-${times}`,
      patientName: '李小四',
    });
    expect(body.status).toBe('paid');
    return body.orderNo;
  }
  const book = (hisSerialNo: string, orderNo: string) =>
    hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo,
      kind: 'charge',
      amountFen: 1901,
      payType: 'alipay',
      orderNo,
      occurredAt: new Date().toISOString(),
    });
  const stateOf =
    (orderNo: string, reconState: string) =>
    ({ orders }: Figures): boolean =>
      orders.some((order) => order.orderNo === orderNo && order.reconState === reconState);

  test('a payment is shown, and becomes normal when HIS books it', async () => {
    const page = await look('finance');
    expect(page.response.headers.get('content-type')).toContain('text/event-stream');
    const before = await page.until(() => true);
    const orderNo = await pay();
    const taken = before.today.takenFen + 1901;
    const isTaken = ({ today }: Figures) => today.takenFen === taken;
    const paid = await page.until((figures) => stateOf(orderNo, 'waiting')(figures) && isTaken(figures));
    expect(paid.byMerchant).toMatchObject([{ merchantCode, takenFen: taken }]);
    await book('1', orderNo);
    const normal = await page.until(stateOf(orderNo, 'normal'));
    expect(normal.orders.find((order) => order.orderNo === orderNo)?.patientName).toBe('李小四');
    expect(page.ids).toEqual(page.ids.map((_, index) => index + 1));
  }, 60_000);

  test('an alert appears when the grace period ends and heals when HIS comes', async () => {
    const page = await look('finance');
    const orderNo = await pay();
    const isAlerted = ({ alerts }: Figures) => alerts.some((alert) => alert.orderNo === orderNo);
    const open = await page.until(isAlerted);
    expect(open.alerts.find((alert) => alert.orderNo === orderNo)?.kind).toBe('platform_only');
    await book('2', orderNo);
    const healed = await page.until((figures) => stateOf(orderNo, 'normal')(figures) && !isAlerted(figures));
    expect(healed.today.openDiscrepancies).toBe(open.today.openDiscrepancies - 1);
  }, 120_000);

  test('news of another process is shown too', async () => {
    const page = await look('finance');
    await page.until(() => true);
    await insertRow(hospital.strapi().db.connection, 'discrepancies', {
      caseNo: 'D-elsewhere',
      dedupeKey: 'elsewhere',
      leg: 'his',
      kind: 'his_only',
      tradeKind: 'payment',
      source: 'realtime',
      status: 'open',
      merchantCode,
      orderNo: 'elsewhere',
      date: '2026-10-18',
      occurredAt: new Date(),
      platformFen: 0,
      hisFen: 100,
      differenceFen: 100,
    });
    await page.until(({ alerts }) => alerts.some(({ orderNo }) => orderNo === 'elsewhere'));
  }, 60_000);

  test('everybody sees what his role and merchants allow', async () => {
    const admin = await (await look('admin')).until(() => true);
    expect(admin.orders[0]?.patientName).not.toBe('李小四');
    const ops = await (await look('ops')).until(() => true);
    expect(ops).toMatchObject({ orders: [], alerts: [] });
    expect(ops.today.takenFen).toBeGreaterThan(0);
    await access(hospital.strapi()).createAccount({
      username: 'elsewhere',
      password,
      displayName: '分院财务',
      roles: ['finance'],
      merchantCodes: ['H002'],
    });
    const other = await (await look('elsewhere')).until(() => true);
    expect(other).toMatchObject({ orders: [], alerts: [], byMerchant: [], today: { takenFen: 0 } });
    expect((await look('cashier')).response.status).toBe(403);
  }, 60_000);

  test('signing out ends it', async () => {
    const page = await look('finance');
    await page.until(() => true);
    await post('/api/access/sign-out', { refreshToken: page.session.refreshToken });
    await page.ended();
    await expect(page.until(() => false)).rejects.toThrow('last shown');
  }, 60_000);
});
