import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';

interface Shown {
  token: string;
  state: string;
  amountFen: number;
  patient: string | null;
  subject: string;
  receipt: { orderNo: string; paidFen: number } | null;
  bills: { billNo: string; amountFen: number }[];
  error?: { details: { code: string } };
}

jest.setTimeout(60_000);

const card = '0099001234';
let hospital: Hospital;
let token: string;

/** As a kiosk asks: by its own token. */
async function kiosk(path: string, payload?: unknown, by: { code?: string; token?: string } = {}) {
  const response = await fetch(`${hospital.url}/api/kiosk${path}`, {
    headers: {
      authorization: `Bearer ${by.token ?? token}`,
      'x-terminal': by.code ?? 'Z01',
      'content-type': 'application/json',
    },
    ...(payload === undefined ? {} : { method: 'POST', body: JSON.stringify(payload) }),
  });
  const body: Shown = await response.json();
  return { status: response.status, body, code: body.error?.details.code };
}
const rows = (uid: 'api::order.order' | 'api::terminal.terminal', where: object) =>
  hospital.strapi().db.query(uid).findMany({ where });
const issue = async (code: string) => {
  const admin = await hospital.staff('admin');
  return admin<{ token: string }>('POST', `/api/kiosks/${code}/token`);
};
const terminal = (code: string, kind: string, of = merchantCode) =>
  hospital
    .strapi()
    .db.query('api::terminal.terminal')
    .create({ data: { code, name: code, merchantCode: of, kind, enabled: true } });

beforeAll(async () => {
  hospital = await startHospital();
  hospital.sandbox.outcomes.byAmount = false;
  await terminal('Z01', 'kiosk');
  token = (await issue('Z01')).body.token;
});
afterAll(() => hospital?.stop());

describe('a kiosk is known by a token of its own', () => {
  test('the token is told once and kept as a hash; no list shows it', async () => {
    expect(token).toMatch(/^[\w-]{43}$/);
    const [row] = await rows('api::terminal.terminal', { code: 'Z01' });
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row?.kioskTokenHash).toMatch(/^[0-9a-f]{64}$/);
    const admin = await hospital.staff('admin');
    const { body } = await admin('GET', '/api/terminals');
    expect(JSON.stringify(body)).toContain('kioskTokenSince');
    expect(JSON.stringify(body)).not.toContain(String(row?.kioskTokenHash));
    expect((await kiosk('')).body).toEqual({ code: 'Z01', name: 'Z01', hospital: '测试医院' });
  });

  test('another terminal, a person, a revoked token and a disabled kiosk are refused', async () => {
    await terminal('Z02', 'kiosk');
    const second = (await issue('Z02')).body.token;
    expect(await kiosk('', undefined, { code: 'Z01', token: second })).toMatchObject({
      status: 401,
      code: 'KIOSK_UNKNOWN',
    });
    const admin = await hospital.staff('admin');
    expect((await admin('GET', '/api/orders')).status).toBe(200);
    await admin('DELETE', '/api/kiosks/Z02/token');
    expect((await kiosk('', undefined, { code: 'Z02', token: second })).status).toBe(401);
    const third = (await issue('Z02')).body.token;
    const fourth = (await issue('Z02')).body.token;
    expect((await kiosk('', undefined, { code: 'Z02', token: third })).status).toBe(401);
    expect((await kiosk('', undefined, { code: 'Z02', token: fourth })).status).toBe(200);
    await hospital
      .strapi()
      .db.query('api::terminal.terminal')
      .updateMany({ where: { code: 'Z02' }, data: { enabled: false } });
    expect((await kiosk('', undefined, { code: 'Z02', token: fourth })).status).toBe(401);
    const asPerson = await fetch(`${hospital.url}/api/orders`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(asPerson.status).toBe(401);
  });

  test('only who keeps the terminals makes tokens, only for kiosks, and the trail says who', async () => {
    const cashier = await hospital.staff('cashier');
    expect((await cashier('POST', '/api/kiosks/Z01/token')).status).toBe(403);
    expect((await issue('W01')).body).toMatchObject({ error: { details: { code: 'KIOSK_NONE' } } });
    const entries = await hospital
      .strapi()
      .db.query('api::audit-entry.audit-entry')
      .findMany({ where: { subject: 'terminal', subjectKey: 'Z01' } });
    expect(entries).toMatchObject([{ actor: 'admin', action: 'update' }]);
    expect(JSON.stringify(entries)).not.toContain(token);
  });
});

describe('a patient at the kiosk', () => {
  test('a bill is paid by payment code, at the amount that HIS says, as an order of this terminal', async () => {
    const owed = await kiosk('/bills', { cardNo: card });
    const bill = owed.body.bills[0];
    const shown = await kiosk('/links', { cardNo: card, billNo: bill?.billNo });
    expect(shown.body).toMatchObject({ state: 'payable', amountFen: bill?.amountFen });
    expect(owed.body.patient).toMatch(/\*/);
    expect(JSON.stringify(shown.body)).not.toContain(card);
    const paid = await kiosk(`/links/${shown.body.token}/payments`, { authCode: alipayCode() });
    expect(paid.body).toMatchObject({ state: 'paid', receipt: { paidFen: bill?.amountFen } });
    const [order] = await rows('api::order.order', { businessNo: bill?.billNo });
    expect(order).toMatchObject({ terminalCode: 'Z01', cardNo: card, scene: 'micropay', operatorCode: null });
    const again = await kiosk(`/links/${shown.body.token}/payments`, { authCode: alipayCode() });
    expect(again.code).toBe('LINK_PAID');
  });

  test('an amount in the request is refused, and a bill that HIS does not have is none', async () => {
    const named = { cardNo: card, billNo: `JC${card}` };
    expect((await kiosk('/links', { ...named, amountFen: 1 })).code).toBe('LINK_INPUT');
    expect((await kiosk('/links', { cardNo: card, billNo: 'CF1' })).code).toBe('BILL_GONE');
    expect((await kiosk('/bills', { cardNo: '990000' })).code).toBe('HIS_CARD_UNKNOWN');
  });

  test('a deposit is booked as 住院预交金 on the card, within its bounds', async () => {
    const shown = await kiosk('/deposits', { cardNo: card, amountFen: 50_000 });
    expect(shown.body).toMatchObject({ state: 'payable', amountFen: 50_000, subject: '住院预交金' });
    const paid = await kiosk(`/links/${shown.body.token}/payments`, { authCode: alipayCode() });
    const [order] = await rows('api::order.order', { orderNo: paid.body.receipt?.orderNo });
    expect(order).toMatchObject({
      bizType: '住院预交金',
      cardNo: card,
      terminalCode: 'Z01',
    });
    expect(Number(order?.paidFen)).toBe(50_000);
    for (const amountFen of [0, 99, 5_000_001, 100.5]) {
      expect((await kiosk('/deposits', { cardNo: card, amountFen })).code).toBe('LINK_INPUT');
    }
  });

  test('two codes held to one bill at once take its money once', async () => {
    const { body } = await kiosk('/deposits', { cardNo: card, amountFen: 12_300 });
    const answers = await Promise.all(
      [alipayCode(), alipayCode()].map((authCode) => kiosk(`/links/${body.token}/payments`, { authCode })),
    );
    expect(answers.map(({ code }) => code ?? 'paid').sort()).toEqual(['LINK_PAID', 'paid']);
    const taken = hospital.sandbox.ledger.payments().filter(({ amountFen }) => amountFen === 12_300);
    expect(taken).toHaveLength(1);
  });

  test('an answer that is lost is being confirmed, never failed', async () => {
    const { body } = await kiosk('/deposits', { cardNo: card, amountFen: 45_600 });
    hospital.sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind: 'http_5xx' });
    hospital.sandbox.faults.add({ channel: 'alipay', operation: 'query', kind: 'http_5xx', times: 0 });
    hospital.sandbox.faults.add({ channel: 'alipay', operation: 'notify', kind: 'lost_notify', times: 0 });
    const asked = await kiosk(`/links/${body.token}/payments`, { authCode: alipayCode() });
    expect(asked.body).toMatchObject({ state: 'confirming', failure: null });
    const second = await kiosk(`/links/${body.token}/payments`, { authCode: alipayCode() });
    expect(second.code).toBe('LINK_BUSY');
    hospital.sandbox.faults.clear();
    let now = asked;
    for (let tries = 0; now.body.state === 'confirming' && tries < 20; tries += 1) {
      now = await kiosk(`/links/${body.token}?wait=2000`);
    }
    expect(now.body).toMatchObject({ state: 'paid', receipt: { paidFen: 45_600 } });
  });

  test('a bill of another hospital is none here', async () => {
    await hospital
      .strapi()
      .db.query('api::merchant.merchant')
      .create({
        data: {
          code: 'H002',
          name: '另一家医院',
          kind: 'hospital',
          zone: 'Asia/Shanghai',
          dayCutoff: '00:00',
          hisRefusal: 'case',
          graceSeconds: 2,
          enabled: true,
        },
      });
    await terminal('Z99', 'kiosk', 'H002');
    const elsewhere = (await issue('Z99')).body.token;
    const { body } = await kiosk('/deposits', { cardNo: card, amountFen: 100 });
    const other = { code: 'Z99', token: elsewhere };
    expect((await kiosk(`/links/${body.token}`, undefined, other)).code).toBe('LINK_INVALID');
    const taking = await kiosk(`/links/${body.token}/payments`, { authCode: alipayCode() }, other);
    expect(taking.code).toBe('LINK_INVALID');
  });
});
