import { businessDay, insertRow, shiftDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ExcelJS from 'exceljs';
import { type Answer, readAnswer } from '../harness/client';
import { type Hospital, merchantCode, password, startHospital } from '../harness/hospital';

interface Arrivals {
  arrivals: {
    accountCode: string;
    date: string;
    expectedFen: number | null;
    arrivedFen: number | null;
    differenceFen: number;
    feeFen: number;
    status: string;
    matchNo: string | null;
  }[];
  unmatched: { documentId: string; amountFen: number; summary: string }[];
  unmatchedTotal: { count: number; sumFen: number };
}
interface Imported {
  importNo: string;
  lineCount: number;
  newCount: number;
  repeated: boolean;
  matched: number;
}
interface Refusal {
  error: { name: string; details: Record<string, unknown> };
}

/** Bills of a week as the archive keeps them, and what the bank says of it. */
describe('bank arrival', () => {
  const today = businessDay(new Date(), { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
  const ago = (days: number) => shiftDay(today, -days);
  let hospital: Hospital;
  let token: string;

  beforeAll(async () => {
    hospital = await startHospital({ database: 'postgres', env: { ROLE: 'web' } });
    const db = hospital.strapi().db.connection;
    const signIn = await fetch(`${hospital.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'finance', password }),
    });
    const { accessToken }: { accessToken: string } = await signIn.json();
    token = accessToken;
    const bill = (accountCode: string, date: string, paymentFen: number, refundFen: number, feeFen: number) =>
      insertRow(db, 'bill_archives', {
        accountCode,
        channel: accountCode.split('-')[0],
        date,
        kind: 'trade',
        version: 1,
        sha256: 'x',
        fileName: 'bill.csv',
        path: 'x',
        bytes: 1,
        payments: 1,
        refunds: 0,
        paymentFen,
        refundFen,
        feeFen,
        withdrawnFen: 0,
        source: 'schedule',
        fetchedBy: 'system',
        fetchedAt: new Date(),
      });
    await bill('wechat-1', ago(12), 100_000, 20_000, 480);
    await bill('wechat-1', ago(11), 50_000, 0, 300);
    await bill('wechat-1', ago(10), 31_000, 0, 186);
    await bill('alipay-1', ago(12), 70_000, 0, 420);
    await bill('alipay-1', ago(11), 10_000, 0, 60);
    await bill('alipay-1', ago(10), 0, 500, 0);
  }, 120_000);
  afterAll(() => hospital?.stop());

  const finance = <Body>(method: string, path: string, body?: unknown) =>
    hospital.staff('finance').then((call) => call<Body>(method, path, body));

  async function send<Body>(path: string, bytes: Buffer): Promise<Answer<Body>> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
    const body = new Uint8Array(bytes);
    return readAnswer<Body>(await fetch(hospital.url + path, { method: 'POST', headers, body }));
  }
  const imports = <Body = Imported>(bytes: Buffer, more = '') =>
    send<Body>(`/api/reconciliation/bank/statements?bankAccountCode=ICBC&fileName=f.csv${more}`, bytes);
  const arrivals = async () =>
    (await finance<Arrivals>('GET', `/api/reconciliation/bank/arrivals?from=${ago(12)}&to=${ago(10)}`)).body;
  const told = async () =>
    (await arrivals()).arrivals.map((row) => [
      row.accountCode,
      row.date,
      row.expectedFen,
      row.arrivedFen,
      row.status,
    ]);

  const statement = [
    '入账日,收入,支出,对方,摘要,流水',
    `${ago(11)},795.20,,财付通,提现,1`,
    `${ago(9)},805.14,,财付通,提现 两日,2`,
    `${ago(10)},695.80,,支付宝,结算,3`,
    `${ago(10)},,35.00,工商银行,账户管理费,4`,
    `${ago(10)},3.21,,工商银行,利息,5`,
  ];
  const mapping = {
    headerLine: 1,
    date: '入账日',
    credit: '收入',
    debit: '支出',
    counterparty: '对方',
    summary: '摘要',
    reference: '流水',
  };

  test('finance says by itself which account is paid out where, without code', async () => {
    const account = { code: 'ICBC', name: '工行基本户', merchantCode, enabled: true };
    expect((await finance('POST', '/api/bank-accounts', { data: account })).status).toBe(201);
    for (const [accountCode, payer] of [
      ['wechat-1', '财付通'],
      ['alipay-1', '支付宝'],
    ]) {
      const rule = {
        accountCode,
        merchantCode,
        bankAccountCode: 'ICBC',
        payer,
        expectedBy: 'bill',
        feesDeducted: true,
      };
      const data = { ...rule, settleDays: 1, windowDays: 5, enabled: true };
      expect((await finance('POST', '/api/bank-settlements', { data })).status).toBe(201);
    }
    expect(await told()).toEqual([
      ['alipay-1', ago(10), -500, null, 'nothing'],
      ['wechat-1', ago(10), 30_814, null, 'overdue'],
      ['alipay-1', ago(11), 9940, null, 'overdue'],
      ['wechat-1', ago(11), 49_700, null, 'overdue'],
      ['alipay-1', ago(12), 69_580, null, 'overdue'],
      ['wechat-1', ago(12), 79_520, null, 'overdue'],
    ]);
  }, 30_000);

  test('a rule about the account of another merchant is refused, new or changed', async () => {
    const other = { code: 'OTHER', name: '他院', merchantCode: 'OTHER', enabled: true };
    expect((await finance('POST', '/api/bank-accounts', { data: other })).status).toBe(201);
    const data = { merchantCode: 'OTHER', accountCode: 'wechat-1', bankAccountCode: 'OTHER' };
    const written = await finance<Refusal>('POST', '/api/bank-settlements', { data });
    expect([written.status, written.body.error]).toMatchObject([
      422,
      { name: 'BANK_SETTLEMENT_MERCHANT', details: { fields: ['accountCode'] } },
    ]);
    const { body } = await finance<{ data: { documentId: string }[] }>('GET', '/api/bank-settlements');
    const path = `/api/bank-settlements/${body.data[0]?.documentId}`;
    const changed = await finance<Refusal>('PUT', path, { data: { bankAccountCode: 'OTHER' } });
    expect([changed.status, changed.body.error]).toMatchObject([
      422,
      { name: 'BANK_SETTLEMENT_MERCHANT', details: { fields: ['bankAccountCode'] } },
    ]);
    expect((await finance('PUT', path, { data: { settleDays: 1 } })).status).toBe(200);
  }, 30_000);

  test('a preview tells what the file holds and which columns nobody has named yet', async () => {
    const path = '/api/reconciliation/bank/statements/preview?bankAccountCode=ICBC';
    const bytes = Buffer.from(statement.join('\n'));
    expect((await send(path, bytes)).body).toMatchObject({ origin: 'none', mapping: null, lineCount: 0 });
    const named = await send(`${path}&mapping=${encodeURIComponent(JSON.stringify(mapping))}`, bytes);
    expect(named.body).toMatchObject({
      origin: 'given',
      lineCount: 5,
      problemCount: 0,
      creditFen: 229_935,
      debitFen: 3500,
    });
  }, 30_000);

  test('a line that cannot be read is told, and nothing at all is imported', async () => {
    const broken = Buffer.from([...statement, `${ago(9)},12.3.4,,财付通,,6`].join('\n'));
    const query = `&mapping=${encodeURIComponent(JSON.stringify(mapping))}`;
    const { status, body } = await imports<Refusal>(broken, query);
    expect({ status, ...body.error }).toMatchObject({
      status: 422,
      name: 'BANK_LINE',
      details: { lineNo: 7, column: '收入', value: '12.3.4', count: 1 },
    });
    expect((await arrivals()).unmatched).toEqual([]);
  }, 30_000);

  test('what fits to the fen is matched by itself, a weekend in one sum as well', async () => {
    const query = `&mapping=${encodeURIComponent(JSON.stringify(mapping))}`;
    const { body } = await imports(Buffer.from(statement.join('\n')), query);
    expect(body).toMatchObject({ lineCount: 5, newCount: 5, repeated: false, matched: 4 });
    expect(await told()).toEqual([
      ['alipay-1', ago(10), -500, null, 'nothing'],
      ['wechat-1', ago(10), 30_814, 30_814, 'arrived'],
      ['alipay-1', ago(11), 9940, null, 'overdue'],
      ['wechat-1', ago(11), 49_700, 49_700, 'arrived'],
      ['alipay-1', ago(12), 69_580, 69_580, 'arrived'],
      ['wechat-1', ago(12), 79_520, 79_520, 'arrived'],
    ]);
    const { unmatched, unmatchedTotal } = await arrivals();
    expect(unmatched.map(({ summary }) => summary).toSorted()).toEqual(['利息', '账户管理费']);
    expect(unmatchedTotal).toEqual({ count: 2, sumFen: 321 - 3500 });
  }, 30_000);

  test('the same file again adds nothing; an overlapping one in Excel adds what is new', async () => {
    expect((await imports(Buffer.from(statement.join('\n')))).body).toMatchObject({
      repeated: true,
      matched: 0,
    });
    const book = new ExcelJS.Workbook();
    const sheet = book.addWorksheet('流水');
    // The saved columns are found by name, wherever they stand now.
    sheet.addRow(['摘要', '对方', '流水', '入账日', '支出', '收入']);
    sheet.addRow(['利息', '工商银行', '5', ago(10), '', '3.21']);
    sheet.addRow(['结算', '支付宝', '7', ago(8), '', 90.0]);
    const { body } = await imports(Buffer.from(await book.xlsx.writeBuffer()));
    expect(body).toMatchObject({ lineCount: 2, newCount: 1, repeated: false, matched: 0 });
  }, 30_000);

  test('by hand, a sum that differs needs a note, stays a difference, and can be undone', async () => {
    const later = `/api/reconciliation/bank/arrivals?from=${ago(12)}&to=${today}`;
    const all = (await finance<Arrivals>('GET', later)).body.unmatched;
    const line = all.find(({ amountFen }) => amountFen === 9000)?.documentId;
    const days = [
      { accountCode: 'alipay-1', date: ago(11) },
      { accountCode: 'alipay-1', date: ago(10) },
    ];
    const path = '/api/reconciliation/bank/matches';
    const without = await finance<Refusal>('POST', path, { arrivals: days, lines: [line] });
    expect(without.body.error).toMatchObject({
      name: 'BANK_MATCH_NOTE',
      details: { expectedFen: 9440, arrivedFen: 9000 },
    });
    const note = '渠道扣除技术服务费';
    const { body } = await finance<{ matchNo: string }>('POST', path, {
      arrivals: days,
      lines: [line],
      note,
    });
    const again = await finance<Refusal>('POST', path, { arrivals: days, lines: [line], note });
    expect(again.body.error.name).toBe('BANK_MATCH_TAKEN');
    const own = (await arrivals()).arrivals.filter(({ matchNo }) => matchNo === body.matchNo);
    expect(own.map(({ arrivedFen, differenceFen, status }) => [arrivedFen, differenceFen, status])).toEqual([
      [-940, -440, 'differs'],
      [9940, 0, 'arrived'],
    ]);
    expect((await finance('POST', `${path}/${body.matchNo}/undo`)).status).toBe(200);
    expect((await arrivals()).arrivals.filter(({ matchNo }) => matchNo === body.matchNo)).toEqual([]);
  }, 30_000);

  test('a line that is no arrival is put aside, with the reason', async () => {
    const interest = (await arrivals()).unmatched.find(({ summary }) => summary === '利息')?.documentId;
    const path = `/api/reconciliation/bank/lines/${interest}/ignore`;
    expect((await finance('POST', path, { ignored: true, note: '存款利息' })).status).toBe(200);
    expect((await arrivals()).unmatched.map(({ summary }) => summary)).toEqual(['账户管理费']);
    expect((await finance<Refusal>('POST', path, { ignored: true })).body.error.name).toBe(
      'BANK_LINE_UNKNOWN',
    );
  }, 30_000);

  test('who has no right to the bank sees and imports nothing', async () => {
    const cashier = await hospital.staff('cashier');
    const path = `/api/reconciliation/bank/arrivals?from=${ago(12)}&to=${ago(10)}`;
    expect((await cashier('GET', path)).status).toBe(403);
    const unknown = await send<Refusal>(
      '/api/reconciliation/bank/statements/preview?bankAccountCode=NONE',
      Buffer.from('a'),
    );
    expect(unknown.body.error.name).toBe('BANK_ACCOUNT_UNKNOWN');
  }, 30_000);

  test('what the screen shows is exported by its report', async () => {
    const { exports } = reconciliation(hospital.strapi());
    const question = { from: ago(12), to: ago(10) };
    const asked = { code: 'bank-arrivals', format: 'csv', question };
    const { status, body } = await finance<{ exportNo: string }>(
      'POST',
      '/api/reconciliation/exports',
      asked,
    );
    expect(status).toBe(202);
    await exports.execute(body.exportNo, new AbortController().signal);
    const done = await finance('GET', `/api/reconciliation/exports/${body.exportNo}`);
    expect(done.body).toMatchObject({ status: 'done', rowsDone: 7 });
  }, 30_000);
});
