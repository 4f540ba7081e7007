import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { signedHeaders } from '../harness/client';
import { application, type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { association, openYenHospital } from './yen-hospital';

interface Answer {
  code: string;
  merchantOrderNo: string;
  url: string;
  state: string;
  amountFen: number;
  businessNo: string;
  order: { orderNo: string; scene: string; channel: string; merchantOrderNo: string } | null;
}
interface Bill {
  state: string;
  patient: string | null;
  subject: string;
  hospital: string;
  ways: { channel: string; scene: string; needsPayer: boolean }[];
  payment: { scene: string; action: Record<string, unknown> | null } | null;
  receipt: { orderNo: string; paidFen: number; receiptNo: string | null; hisState: string } | null;
}

jest.setTimeout(60_000);

let hospital: Hospital;
let count = 0;

beforeAll(async () => {
  hospital = await startHospital();
  hospital.sandbox.outcomes.byAmount = false;
});
afterAll(() => hospital?.stop());

const body = (changes: Record<string, unknown> = {}) => {
  count += 1;
  return {
    merchantOrderNo: `CF2026${count}`,
    businessNo: `RX${count}`,
    amountFen: 1999,
    subject: '欧阳明珠 门诊处方',
    items: [
      { name: '阿莫西林胶囊 0.25g×24粒', quantity: '2盒', amountFen: 1299 },
      { name: '诊查费', amountFen: 700 },
    ],
    patientName: '欧阳明珠',
    cardNo: '0099001234',
    department: '呼吸内科',
    ...changes,
  };
};
const create = async (changes: Record<string, unknown> = {}): Promise<Answer> => {
  const { status, body: link } = await hospital.call<Answer>('POST', '/api/v1/payment-links', body(changes));
  expect({ status, link }).toMatchObject({ status: 200 });
  return link;
};
const tokenOf = ({ url }: { url: string }) => url.split('/').at(-1) ?? '';

/** As a patient's browser asks: nobody is signed in. */
const patient = async (path: string, payload?: unknown) => {
  const response = await fetch(`${hospital.url}/api/pay/${path}`, {
    redirect: 'manual',
    ...(payload === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(payload),
        }),
  });
  const answer: Bill & { error?: { details: { code: string; zh: string } } } = await response
    .json()
    .catch(() => ({}));
  return { response, answer, status: response.status, code: answer.error?.details.code };
};
const pay = (link: Answer, channel = 'alipay', scene = 'h5') =>
  patient(`${tokenOf(link)}/payments`, { channel, scene });
const ordersOf = (link: Answer) =>
  hospital
    .strapi()
    .db.query('api::order.order')
    .findMany({ where: { businessNo: link.businessNo }, orderBy: { id: 'asc' } });
const taken = async (link: Answer) => {
  const numbers = new Set((await ordersOf(link)).map(({ orderNo }) => orderNo));
  return hospital.sandbox.ledger
    .payments()
    .filter(
      ({ outTradeNo, paidAt, refundedFen }) =>
        numbers.has(outTradeNo) && paidAt !== null && refundedFen === 0,
    );
};

describe('HIS makes a payment link', () => {
  test('a repeat answers the same link, another content is a conflict, items must add up', async () => {
    const first = body();
    const made = await hospital.call<Answer>('POST', '/api/v1/payment-links', first);
    expect(made.body).toMatchObject({ state: 'payable', amountFen: 1999 });
    expect(made.body.url).toMatch(new RegExp(`^${hospital.url}/pay/[\\w-]{24}$`));
    const again = await hospital.call<Answer>('POST', '/api/v1/payment-links', first);
    expect(again.body.url).toBe(made.body.url);
    const other = await hospital.call('POST', '/api/v1/payment-links', { ...first, subject: '别的' });
    expect(other.body).toMatchObject({ error: { details: { code: 'LINK_CONFLICT' } } });
    const wrong = await hospital.call('POST', '/api/v1/payment-links', body({ amountFen: 2000 }));
    expect(wrong.body).toMatchObject({ error: { details: { code: 'LINK_ITEMS', sumFen: 1999 } } });
  });

  test('it withdraws one, and a withdrawn one is not paid', async () => {
    const link = await create();
    const path = `/api/v1/payment-links/CF2026${count}`;
    await pay(link);
    expect((await hospital.call<Answer>('POST', `${path}/close`)).body.state).toBe('closed');
    expect((await pay(link)).code).toBe('LINK_CLOSED');
    expect((await hospital.call<Answer>('GET', path)).body.state).toBe('closed');
  });

  test('it prints one as a page of PDF, signed as every call', async () => {
    const { merchantOrderNo } = await create();
    const path = `/api/v1/payment-links/${merchantOrderNo}/slip.pdf`;
    expect((await fetch(hospital.url + path)).status).toBe(401);
    const headers = signedHeaders(application, { method: 'GET', path, body: '' });
    const pdf = Buffer.from(await (await fetch(hospital.url + path, { headers })).arrayBuffer());
    expect(pdf.toString('latin1')).toMatch(/^%PDF-.*%%EOF\s*$/s);
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)).toHaveLength(1);
  });

  test('the document of the open API describes links', async () => {
    const { paths } = (await (await fetch(`${hospital.url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, unknown>;
    };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/v1/payment-links/{merchantOrderNo}/close']),
    );
  });
});

describe('a patient opens it', () => {
  test('the bill is shown masked and never kept by a cache', async () => {
    const { response, answer } = await patient(tokenOf(await create()));
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(answer).toMatchObject({
      state: 'payable',
      hospital: '测试医院',
      patient: '欧**珠',
      subject: '欧**珠 门诊处方',
    });
    const text = JSON.stringify(answer);
    for (const secret of ['欧阳明珠', '0099001234', merchantCode, 'RX', 'CF2026'])
      expect(text).not.toContain(secret);
    expect(answer.ways).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ channel: 'wechat', scene: 'jsapi', needsPayer: true }),
        expect.objectContaining({ channel: 'alipay', scene: 'h5', needsPayer: false }),
      ]),
    );
  });

  test('a changed token is refused, and who guesses is stopped', async () => {
    const token = tokenOf(await create());
    const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    expect(await patient(changed)).toMatchObject({ status: 404, code: 'LINK_INVALID' });
    expect((await patient('short')).code).toBe('LINK_INVALID');
    const answers = [];
    for (let guess = 0; guess < 40; guess += 1) answers.push((await patient(changed)).code);
    expect(answers.at(-1)).toBe('TOO_MANY_TRIES');
    await hospital.restart();
  });

  test('an amount changed in the database breaks the signature', async () => {
    const link = await create();
    const { db } = hospital.strapi();
    await db.connection('payment_links').where({ code: link.code }).update({ amount_fen: 1 });
    expect((await patient(tokenOf(link))).code).toBe('LINK_INVALID');
  });

  test('after its time it cannot be paid', async () => {
    const link = await create({ expiresIn: 60 });
    await hospital
      .strapi()
      .db.connection('payment_links')
      .where({ code: link.code })
      .update({ status: 'expired' });
    expect((await patient(tokenOf(link))).answer.state).toBe('expired');
    expect((await pay(link)).code).toBe('LINK_EXPIRED');
  });
});

describe('it is paid once', () => {
  test('paid through Alipay, booked by HIS, and then closed to everybody', async () => {
    const link = await create();
    const { answer } = await pay(link);
    expect(answer.state).toBe('paying');
    const url = String(answer.payment?.action?.url);
    const page = await fetch(url, { redirect: 'manual' });
    const [order] = await ordersOf(link);
    expect(page.status).toBe(302);
    await hospital.sandbox.patient.pay('alipay', order.orderNo);
    const { answer: paid } = await patient(`${tokenOf(link)}/ask`, {});
    expect(paid).toMatchObject({ state: 'paid', receipt: { orderNo: order.orderNo, paidFen: 1999 } });
    expect((await pay(link)).code).toBe('LINK_PAID');
    const listed = await hospital
      .strapi()
      .db.query('api::payment-link.payment-link')
      .findOne({
        where: { code: link.code },
      });
    expect(listed).toMatchObject({ status: 'paid', orderNo: order.orderNo });
  });

  test('taps in quick succession, and two phones with one wallet, get one order', async () => {
    const link = await create();
    const answers = await Promise.all([pay(link), pay(link), pay(link)]);
    expect(new Set(answers.map(({ answer }) => String(answer.payment?.action?.url))).size).toBe(1);
    expect(await ordersOf(link)).toHaveLength(1);
  });

  test('another way closes the first at its channel before it begins', async () => {
    const link = await create();
    await pay(link, 'wechat', 'h5');
    const [first] = await ordersOf(link);
    const { answer } = await pay(link, 'alipay', 'h5');
    expect(answer.state).toBe('paying');
    expect(hospital.sandbox.ledger.payments({ outTradeNo: first.orderNo })[0]?.state).toBe('closed');
    // The first phone enters its password too late: the wallet has nothing to pay.
    await hospital.sandbox.patient.pay('wechat', first.orderNo);
    const [, second] = await ordersOf(link);
    await fetch(String(answer.payment?.action?.url), { redirect: 'manual' });
    await hospital.sandbox.patient.pay('alipay', second.orderNo);
    expect((await patient(`${tokenOf(link)}/ask`, {})).answer.state).toBe('paid');
    expect(await taken(link)).toHaveLength(1);
  });

  test('two phones with two wallets at once: one payment is offered, never two', async () => {
    const link = await create();
    await Promise.all([pay(link, 'wechat', 'h5'), pay(link, 'alipay', 'h5'), pay(link, 'wechat', 'h5')]);
    const open = (await ordersOf(link)).filter(({ status }) => status === 'pending' || status === 'unknown');
    expect(open).toHaveLength(1);
  });

  test('money that came while the way was changed is kept, and nothing more is asked', async () => {
    const link = await create();
    await pay(link, 'wechat', 'h5');
    const [first] = await ordersOf(link);
    hospital.sandbox.faults.add({ channel: 'wechat', operation: 'notify', kind: 'lost_notify' });
    await hospital.sandbox.patient.pay('wechat', first.orderNo);
    const late = await pay(link, 'alipay', 'h5');
    expect(late.code).toBe('LINK_PAID');
    expect((await patient(tokenOf(link))).answer.state).toBe('paid');
    expect(await ordersOf(link)).toHaveLength(1);
  });

  test('a business paid at the counter is paid on the link too', async () => {
    const link = await create();
    const cashier = await hospital.staff('cashier');
    const sale = await cashier('POST', '/api/payments/cashier/orders', {
      merchantCode,
      merchantOrderNo: `COUNTER${count}`,
      amountFen: 1999,
      subject: '门诊处方',
      scene: 'micropay',
      authCode: hospital.sandbox.patient.issueCode('alipay'),
      businessNo: link.businessNo,
    });
    expect(sale.body).toMatchObject({ status: 'paid' });
    expect((await patient(tokenOf(link))).answer.state).toBe('paid');
  });
});

describe('inside WeChat', () => {
  test('the payer is found out silently, is told to nobody, and pays with their own account', async () => {
    const link = await create();
    const token = tokenOf(link);
    expect((await pay(link, 'wechat', 'jsapi')).code).toBe('PAYER_UNKNOWN');
    const go = await patient(`${token}/payer/wechat`);
    const authorize = go.response.headers.get('location') ?? '';
    expect(new URL(authorize).searchParams.get('scope')).toBe('snsapi_base');
    const back = (await fetch(authorize, { redirect: 'manual' })).headers.get('location') ?? '';
    const known = await fetch(back, { redirect: 'manual' });
    expect(known.headers.get('location')).toBe(link.url);
    const cookie = known.headers.get('set-cookie') ?? '';
    expect(cookie).toContain('httponly');
    const response = await fetch(`${hospital.url}/api/pay/${token}/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: cookie.split(';')[0] ?? '' },
      body: JSON.stringify({ channel: 'wechat', scene: 'jsapi' }),
    });
    const answer: Bill = await response.json();
    expect(answer.payment?.action).toMatchObject({ kind: 'client', parameters: { signType: 'RSA' } });
    // Another visitor sees that a payment is under way, and nothing to pay it with.
    expect((await patient(token)).answer.payment?.action).toBeNull();
    const forged = new URL(back);
    forged.searchParams.set('state', 'x'.repeat(24));
    const refused = await fetch(forged, { redirect: 'manual' });
    expect(refused.headers.get('location')).toBe(`${link.url}?payer=unknown`);
  });
});

describe('the consulting room', () => {
  interface RoomLink extends Bill {
    code: string;
    url: string;
  }
  const unpaid = async (cardNo: string) => {
    const doctor = await hospital.staff('cashier');
    const { body: found } = await doctor<{
      patientName: string;
      bills: { billNo: string; amountFen: number }[];
      error?: { details: { code: string } };
    }>('POST', '/api/room/bills', { merchantCode, cardNo });
    return { doctor, found };
  };

  test('a bill of HIS is shown as a code, paid by the patient, and gone from what is owed', async () => {
    const cardNo = '0099001234';
    const { doctor, found } = await unpaid(cardNo);
    expect(found.bills).toHaveLength(2);
    const [bill] = found.bills;
    const ask = { merchantCode, cardNo, billNo: bill?.billNo };
    const { body: shown } = await doctor<RoomLink & { amountFen: number }>('POST', '/api/room/links', ask);
    expect(shown).toMatchObject({ state: 'payable', amountFen: bill?.amountFen });
    const again = await doctor<RoomLink>('POST', '/api/room/links', ask);
    expect(again.body.url).toBe(shown.url);
    const paying = await patient(`${shown.url.split('/').at(-1)}/payments`, {
      channel: 'wechat',
      scene: 'h5',
    });
    expect(paying.answer.state).toBe('paying');
    const [order] = await hospital
      .strapi()
      .db.query('api::order.order')
      .findMany({ where: { businessNo: bill?.billNo } });
    await hospital.sandbox.patient.pay('wechat', order.orderNo);
    const deadline = Date.now() + 10_000;
    let left = found.bills.length;
    while (left > 1 && Date.now() < deadline) left = (await unpaid(cardNo)).found.bills.length;
    expect(left).toBe(1);
    const seen = await doctor<RoomLink>('GET', `/api/room/links/${shown.code}`);
    expect(seen.body).toMatchObject({ state: 'paid', receipt: { hisState: 'confirmed' } });
    const gone = await doctor<{ error: { details: { code: string } } }>('POST', '/api/room/links', ask);
    expect(gone.body.error.details.code).toBe('BILL_GONE');
  });

  test('a card that HIS does not know, a HIS that does not answer, and who may not ask', async () => {
    expect((await unpaid('12340000')).found.error?.details.code).toBe('HIS_CARD_UNKNOWN');
    hospital.sandbox.faults.add({ channel: 'his', operation: 'query', kind: 'garbage' });
    expect((await unpaid('0099001234')).found.error?.details.code).toBe('HIS_SILENT');
    const finance = await hospital.staff('finance');
    expect((await finance('POST', '/api/room/bills', { merchantCode, cardNo: '0099001234' })).status).toBe(
      403,
    );
  });
});

test('the page itself loads nothing from elsewhere, is framed by nobody and tells nobody where it is', async () => {
  const { url } = await create();
  const response = await fetch(url);
  const html = await response.text();
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const script = /src="(\/pay\/assets\/[^"]+\.js)"/.exec(html)?.[1];
  const asset = await fetch(`${hospital.url}${script}`);
  expect(asset.headers.get('cache-control')).toContain('immutable');
  expect((await fetch(`${hospital.url}/pay/assets/..%2f..%2fpackage.json`)).status).not.toBe(200);
});

describe('Apple Pay on the page', () => {
  let yen: Awaited<ReturnType<typeof openYenHospital>>;
  beforeAll(async () => {
    yen = await openYenHospital(hospital);
  });
  const session = (token: string, validationUrl = yen.validationUrl, channel = 'applepay') =>
    patient(`${token}/wallets/${channel}/session`, { validationUrl });
  const token = (amount: number) => hospital.sandbox.gateways.applepay.token(amount, 'pays');

  test('is offered by a hospital of its currency; a session is opened, a token pays, and both stay out of the log', async () => {
    const bill = await yen.newBill(12345);
    const { answer } = await patient(bill.token);
    expect(answer).toMatchObject({
      currency: 'JPY',
      ways: [{ channel: 'applepay', scene: 'h5', takesToken: true }],
    });
    expect(await session(bill.token)).toMatchObject({
      status: 200,
      answer: { domainName: '127.0.0.1', merchantSessionIdentifier: expect.any(String) },
    });
    const way = { channel: 'applepay', scene: 'h5' };
    expect(await patient(`${bill.token}/payments`, way)).toMatchObject({ code: 'WAY_NOT_OFFERED' });
    const paid = await patient(`${bill.token}/payments`, { ...way, token: token(12345) });
    expect(paid.answer).toMatchObject({ state: 'paid', receipt: { paidFen: 12345 } });
    expect(await session(bill.token)).toMatchObject({ code: 'WAY_NOT_OFFERED' });
    const logs = await hospital.strapi().db.query('api::interface-log.interface-log').findMany();
    expect(JSON.stringify(logs)).not.toMatch(/EC_v1|merchantSessionIdentifier|47611200/);
  });

  test('a token for another amount pays nothing, and the bill stays payable', async () => {
    const bill = await yen.newBill(5000);
    const body = { channel: 'applepay', scene: 'h5', token: token(50) };
    const { answer } = await patient(`${bill.token}/payments`, body);
    expect(answer).toMatchObject({ state: 'payable', failure: { channelCode: 'TOKEN_AMOUNT' } });
  });

  test('a session is asked for at Apple’s hosts only, for a bill that is there and can be paid so, and not for ever', async () => {
    const bill = await yen.newBill(700);
    for (const elsewhere of ['https://evil.example/paymentservices/startSession', 'http://127.0.0.1:1/'])
      expect(await session(bill.token, elsewhere)).toMatchObject({ status: 502, code: 'WALLET_CLOSED' });
    expect(await session(bill.token, 'no address')).toMatchObject({ code: 'LINK_INPUT' });
    expect(await session(`${bill.token.slice(0, -2)}AA`)).toMatchObject({ code: 'LINK_INVALID' });
    expect(await session(bill.token, yen.validationUrl, 'alipay')).toMatchObject({ code: 'WAY_NOT_OFFERED' });
    const inYuan = tokenOf(await create());
    expect(await session(inYuan)).toMatchObject({ code: 'WAY_NOT_OFFERED' });
    const tries = await Promise.all(Array.from({ length: 20 }, () => session(bill.token)));
    expect(tries.at(-1)).toMatchObject({ code: 'TOO_MANY_TRIES' });
  });

  test('the file by which Apple verifies the domain is served as the account holds it, and no other', async () => {
    const file = await fetch(`${hospital.url}/.well-known/apple-developer-merchantid-domain-association`);
    expect(file.headers.get('content-type')).toContain('text/plain');
    expect(await file.text()).toBe(association);
    expect(await (await fetch(`${hospital.url}/.well-known/other`)).text()).not.toContain(association);
  });
});
