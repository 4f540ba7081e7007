import fs from 'node:fs';
import path from 'node:path';
import { access } from '@hospital-pay/access';
import { logTypes, monitoring } from '@hospital-pay/monitoring';
import { formatAmount } from '@hospital-pay/payments';
import { reconciliation, type Table } from '@hospital-pay/reconciliation';
import { branches, exampleCode, seedDemo } from '@hospital-pay/seeds';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ExcelJS from 'exceljs';
import { z } from 'zod';
import { readAnswer } from '../harness/client';
import { password } from '../harness/hospital';
import { type Platform, startPlatform } from '../harness/platform';
import { until } from '../harness/waiting';

interface View {
  exportNo: string;
  status: string;
  rowsDone: number;
  rowsTotal: number;
  fileName: string;
  error: { code: string; zh: string; en: string } | null;
}
type Row = Record<string, string | number | null | undefined>;
interface Page {
  data: Row[];
  meta: { pagination: { total: number } };
}
const branch = branches[0].code;

/** A report that goes on until it is told to end; registered anew at every boot. */
const endless = { ends: true, rows: 3000 };
async function* slowly(): AsyncGenerator<Row> {
  for (let no = 1; !endless.ends || no <= endless.rows; no += 1) {
    yield { no };
    if (no % 100 === 0) await new Promise((resolve) => setTimeout(resolve, endless.ends ? 0 : 5));
  }
}
const slowTables = async (): Promise<Table[]> => [
  {
    title: { zh: '慢', en: 'Slow' },
    columns: [{ name: 'no', kind: 'integer', title: { zh: '序号', en: 'No.' } }],
    rows: slowly(),
    count: endless.rows,
    totals: false,
  },
];

describe.each(['sqlite', 'postgres'] as const)('exports on %s', (database) => {
  let platform: Platform;
  const tokens: Record<string, string> = {};
  const rooms = () => reconciliation(platform.strapi());

  beforeAll(async () => {
    platform = await startPlatform({
      database,
      env: { SANDBOX: 'true' },
      async prepare(strapi) {
        await seedDemo(strapi, { now: new Date(), scale: 0.05 });
        await access(strapi).createAccount({
          username: 'branch',
          password,
          displayName: '分院财务',
          roles: ['finance'],
          merchantCodes: [branch],
        });
        const common = {
          title: { zh: '慢', en: 'Slow' },
          subject: 'summary',
          params: z.object({}),
          asked: [],
        };
        reconciliation(strapi).reports.register({ ...common, code: 'slow', tables: slowTables });
        reconciliation(strapi).reports.register({
          ...common,
          code: 'broken',
          tables: () => Promise.reject(new Error('no such table')),
        });
      },
    });
    for (const username of ['super', 'admin', 'finance', 'branch', 'cashier', 'ops']) {
      const signIn = await fetch(`${platform.url}/api/access/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, password }),
      });
      tokens[username] = (await readAnswer<{ accessToken: string }>(signIn)).body.accessToken;
    }
  }, 120_000);
  afterAll(() => platform?.stop());

  const send = (username: string, method: string, question: string, body?: unknown) =>
    fetch(`${platform.url}/api${question}`, {
      method,
      headers: { authorization: `Bearer ${tokens[username]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  async function ask<Body>(username: string, method: string, question: string, body?: unknown) {
    return readAnswer<Body>(await send(username, method, question, body));
  }
  const at = '/reconciliation/exports';

  async function begin(
    username: string,
    code: string,
    question: object = {},
    format = 'xlsx',
  ): Promise<View> {
    const { status, body } = await ask<View>(username, 'POST', at, { code, format, question });
    expect(status).toBe(202);
    return body;
  }
  const reached = (username: string, { exportNo }: View, isReached: (view: View) => boolean) =>
    until(async () => (await ask<View>(username, 'GET', `${at}/${exportNo}`)).body, isReached);
  const ended = (username: string, view: View) =>
    reached(username, view, ({ status }) => status !== 'queued' && status !== 'running');

  async function bytesOf(username: string, view: View): Promise<Buffer> {
    const done = await ended(username, view);
    expect(done).toMatchObject({ status: 'done', error: null });
    const file = await send(username, 'GET', `${at}/${done.exportNo}/file`);
    expect(file.status).toBe(200);
    return Buffer.from(await file.arrayBuffer());
  }
  async function sheetsOf(username: string, view: View): Promise<Record<string, unknown[][]>> {
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.load(new Uint8Array(await bytesOf(username, view)).buffer);
    return Object.fromEntries(
      workbook.worksheets.map((sheet) => [
        sheet.name,
        Array.from({ length: sheet.rowCount }, (_, index) =>
          Array.from(
            { length: sheet.columnCount },
            (_, column) => sheet.getCell(index + 1, column + 1).value,
          ),
        ),
      ]),
    );
  }
  const exported = async (username: string, code: string, question: object = {}) =>
    sheetsOf(username, await begin(username, code, question));

  /** Every row of a list, page by page as its screen asks. */
  async function listed(username: string, list: string, query: string): Promise<Row[]> {
    const rows: Row[] = [];
    for (let page = 1; ; page += 1) {
      const { body } = await ask<Page>(
        username,
        'GET',
        `/${list}?${query}&pagination[page]=${page}&pagination[pageSize]=200`,
      );
      rows.push(...body.data);
      if (rows.length >= body.meta.pagination.total) return rows;
    }
  }
  const yuan = (fen: unknown) => Number(formatAmount(Number(fen)));
  /** Excel's cells know no zone: they read as the hospital's clock. */
  const hospitalClock = (moment: unknown) => new Date(Date.parse(String(moment)) + 8 * 3_600_000);

  test('a list in Excel is what the screen shows: same rows, same order, same columns, to the fen', async () => {
    const day = '2018-10-18T00:00:00.000Z';
    const filters = {
      createdTime: { $gte: day },
      status: { $in: ['paid', 'refunded', 'partially_refunded'] },
    };
    const query = `filters[createdTime][$gte]=${day}&filters[status][$in][0]=paid&filters[status][$in][1]=refunded&filters[status][$in][2]=partially_refunded`;
    const rows = await listed('finance', 'orders', `${query}&sort[0]=createdTime:desc&sort[1]=id:desc`);
    const sheets = await exported('finance', 'order', {
      filters,
      sort: ['createdTime:desc'],
      title: '订单列表',
    });
    const [head, ...lines] = sheets.订单列表 ?? [];
    expect(head).toEqual([
      '下单时间',
      '订单号',
      '订单状态',
      '异常说明',
      '支付类型',
      '支付状态',
      '订单金额',
      'His收',
      '平台退',
      'His退',
      '订单标题',
    ]);
    const totals = lines.pop();
    expect(rows.length).toBeGreaterThan(300);
    expect(lines.map((cells) => [cells[0], cells[1], ...cells.slice(6)])).toEqual(
      rows.map((row) => [
        hospitalClock(row.createdTime),
        row.orderNo,
        ...[row.amountFen, row.hisChargedFen, row.refundedFen, row.hisRefundedFen].map(yuan),
        row.subject,
      ]),
    );
    const sum = (name: string) => yuan(rows.reduce((fen, row) => fen + Number(row[name]), 0));
    expect(totals?.slice(0, 1)).toEqual(['合计']);
    expect(totals?.slice(6, 10)).toEqual(
      ['amountFen', 'hisChargedFen', 'refundedFen', 'hisRefundedFen'].map(sum),
    );
    expect(sheets.筛选条件).toEqual(
      expect.arrayContaining([
        ['导出内容', '订单列表'],
        ['导出人', '钱会计 (finance)'],
        ['行数', String(rows.length)],
        ['下单时间', '自 2018-10-18 08:00:00'],
        ['支付状态', '已支付, 已退款, 部分退款'],
      ]),
    );
  });

  test('a list sorted by a field that some rows lack loses none of them', async () => {
    const sheets = await exported('finance', 'refund', { sort: ['refundedAt:asc'] });
    const rows = await listed('finance', 'refunds', 'sort=id');
    const [, ...lines] = sheets.退款 ?? [];
    const numbers = lines.slice(0, -1).map((cells) => cells[1]);
    expect(numbers.toSorted()).toEqual(rows.map(({ refundNo }) => refundNo).toSorted());
  });

  test('a log over days that lie in its archive as well is exported whole, in order, forwards and back', async () => {
    const filters = { at: { $gte: '2018-01-01T00:00:00Z' } };
    const kept = (type: (typeof logTypes)[number]): Promise<{ at: string }[]> =>
      platform
        .strapi()
        .db.query(`api::${type}.${type}`)
        .findMany({ where: filters, orderBy: [{ at: 'asc' }, { id: 'asc' }], select: ['at'] });
    const before = new Map<string, string[]>();
    for (const type of logTypes) {
      const rows = await kept(type);
      const clocks = rows.map(({ at: moment }) => hospitalClock(moment).toISOString().slice(0, 19));
      before.set(
        type,
        clocks.map((clock) => clock.replace('T', ' ')),
      );
    }
    await monitoring(platform.strapi()).logs.archive.sweep();
    for (const type of logTypes) {
      const clock = before.get(type) ?? [];
      expect((await kept(type)).length).toBeLessThan(clock.length);
      for (const [sort, expected] of [
        ['at:asc', clock],
        ['at:desc', clock.toReversed()],
      ] as const) {
        const view = await begin('ops', type, { filters, sort: [sort] }, 'csv');
        const [, ...lines] = (await bytesOf('ops', view)).toString('utf8').trim().split('\r\n');
        expect(lines.map((line) => line.split(',')[0])).toEqual(expected);
      }
    }
  });

  // How rows are read depends on the database; what follows does not.
  if (database === 'postgres') return;

  test('a list in CSV begins with a byte order mark and ends its lines as Excel wants them', async () => {
    const text = (await bytesOf('finance', await begin('finance', 'merchant', {}, 'csv'))).toString('utf8');
    const [head, ...lines] = text.split('\r\n');
    expect(head?.startsWith('\uFEFF商户编码,商户名称')).toBe(true);
    expect(lines.find((line) => line.startsWith(exampleCode))).toContain('对照示例医院');
  });

  test('what a list keeps by its code is exported by the name that the screen shows', async () => {
    const [head = [], ...lines] = (await exported('admin', 'account')).账号 ?? [];
    const line = lines.find(([username]) => username === 'branch') ?? [];
    expect(Object.fromEntries(head.map((name, index) => [name, line[index]]))).toMatchObject({
      姓名: '分院财务',
      角色: '财务',
      可见商户: branches[0].name,
    });
  });

  test('abnormal requests are exported in English to who reads English', async () => {
    const question = { filters: { at: { $gte: '2018-10-29T16:00:00Z', $lt: '2018-10-30T16:00:00Z' } } };
    const asked = { code: 'abnormal-request', format: 'csv', language: 'en', question };
    const { body } = await ask<View>('ops', 'POST', at, asked);
    const [, ...lines] = (await bytesOf('ops', body)).toString('utf8').trim().split('\r\n');
    expect(lines.map((line) => line.split(',').slice(2))).toEqual([
      [
        'AUTH_CODE_INVALID',
        'Order not made: The payment code is invalid or used',
        'weixin_micropay',
        'Create order',
      ],
      [
        'ACQ.TRADE_NOT_EXIST',
        'Order query failed: Alipay has no such trade (perhaps not scanned yet)',
        'alipay_native',
        'Query order',
      ],
    ]);
  });

  test('error knowledge is headed in English by what its rows say', async () => {
    const asked = { code: 'error-knowledge', format: 'csv', language: 'en', question: {} };
    const { body } = await ask<View>('admin', 'POST', at, asked);
    const text = (await bytesOf('admin', body)).toString('utf8');
    expect(text).toContain('Channel,Error code,Meaning,Cause,What to do,Try again?\r\n');
    expect(text).not.toMatch(/\p{Script=Han}/u);
  });

  test('one-sided entries say in English what is odd about them, wherever they are read', async () => {
    const remarkEn = 'One-sided: here, not in HIS';
    const filters = { merchantCode: exampleCode, remark: '单边账: 平台有, HIS无' };
    const asked = `filters[merchantCode]=${filters.merchantCode}&filters[remark]=${filters.remark}`;
    const [row] = (await ask<Page>('finance', 'GET', `/discrepancies?${asked}`)).body.data;
    expect(row).toMatchObject({ remarkEn });
    const located = await ask('finance', 'GET', `/reconciliation/locate/${row?.orderNo}`);
    expect(located.body).toMatchObject({
      discrepancies: [{ remarkEn }],
      timeline: expect.arrayContaining([
        expect.objectContaining({ kind: 'case', en: expect.stringContaining(remarkEn) }),
      ]),
    });
    const handled = await ask('finance', 'GET', `/reconciliation/discrepancies/${row?.caseNo}`);
    expect(handled.body).toMatchObject({ case: { remarkEn } });
    const day = { date: row?.date, merchantCode: exampleCode };
    const statistics = await ask(
      'finance',
      'GET',
      `/reconciliation/statistics?date=${day.date}&merchantCode=${exampleCode}`,
    );
    expect(statistics.body).toMatchObject({
      differenceDetail: expect.arrayContaining([expect.objectContaining({ remarkEn })]),
    });
    for (const [code, question] of [
      ['discrepancy', { filters: { caseNo: { $eq: row?.caseNo } } }],
      ['statistics-differences', day],
    ] as const) {
      const { body } = await ask<View>('finance', 'POST', at, {
        code,
        format: 'csv',
        language: 'en',
        question,
      });
      expect((await bytesOf('finance', body)).toString('utf8')).toContain(`"${remarkEn}"`);
    }
  });

  test('a report in Excel says what its screen says', async () => {
    const asked = { from: '2018-10-01', to: '2018-10-07', merchantCode: exampleCode };
    const sheets = await exported('finance', 'summary', asked);
    expect(sheets.按支付类型).toEqual([
      ['支付类型', '医院总收入', '平台总收入', '总差额'],
      ['支付宝', 1557083.1, 1525760.8, -31322.3],
      ['微信', 1425873.2, 1405525.3, -20347.9],
      ['合计', 2982956.3, 2931286.1, -51670.2],
    ]);
    expect(sheets.筛选条件).toEqual(
      expect.arrayContaining([
        ['商户', '对照示例医院'],
        ['开始日期', '2018-10-01'],
        ['结束日期', '2018-10-07'],
      ]),
    );
  });

  test('an account exports the rows of its own merchants and no others', async () => {
    const sheets = await exported('branch', 'order');
    const rows = await listed('branch', 'orders', 'sort=id');
    expect(new Set(rows.map(({ merchantCode }) => merchantCode))).toEqual(new Set([branch]));
    expect(
      (sheets.订单 ?? [])
        .slice(1, -1)
        .map((cells) => cells[1])
        .toSorted(),
    ).toEqual(rows.map(({ orderNo }) => orderNo).toSorted());
    const elsewhere = { from: '2018-10-01', to: '2018-10-07', merchantCode: exampleCode };
    const refused = await ask('branch', 'POST', at, { code: 'summary', format: 'xlsx', question: elsewhere });
    expect(refused).toMatchObject({ status: 403, body: { error: { name: 'MERCHANT_FORBIDDEN' } } });
  });

  test('who sees patients masked exports them masked, and cannot ask by what he may not read', async () => {
    const shown = await listed(
      'admin',
      'discrepancies',
      `filters[merchantCode]=${exampleCode}&sort[0]=occurredAt:desc&sort[1]=id:desc`,
    );
    const filters = { merchantCode: { $eq: exampleCode } };
    const sheets = await exported('admin', 'discrepancy', { filters });
    const [head = [], ...lines] = sheets.差错 ?? [];
    const column = (title: string) => lines.slice(0, -1).map((cells) => cells[head.indexOf(title)]);
    expect(column('病人姓名')).toEqual(shown.map(({ patientName }) => patientName));
    expect(column('病人姓名').every((name) => String(name).includes('*'))).toBe(true);
    expect(sheets.筛选条件).toContainEqual(['患者信息', '已脱敏']);
    const guess = { filters: { patientName: { $containsi: '王' } } };
    const refused = await ask('admin', 'POST', at, { code: 'discrepancy', format: 'csv', question: guess });
    expect(refused).toMatchObject({ status: 400, body: { error: { name: 'QUERY_FORBIDDEN' } } });
  });

  test('nobody exports what his role does not read', async () => {
    const body = { code: 'order', format: 'xlsx' };
    expect((await ask('ops', 'POST', at, body)).status).toBe(403);
    expect(
      (
        await ask('ops', 'POST', at, {
          ...body,
          code: 'summary',
          question: { from: '2018-10-01', to: '2018-10-01' },
        })
      ).status,
    ).toBe(403);
    expect((await ask('cashier', 'POST', at, body)).status).toBe(403);
    expect((await ask('finance', 'POST', at, { ...body, code: 'no-such-thing' })).status).toBe(404);
    expect(
      (
        await ask('finance', 'POST', at, {
          ...body,
          code: 'summary',
          question: { from: '2018-10-02', to: '2018-10-01' },
        })
      ).status,
    ).toBe(400);
  });

  test("a file is its owner's: others are refused, a super administrator is not", async () => {
    const view = await ended('finance', await begin('finance', 'merchant'));
    const file = `${at}/${view.exportNo}/file`;
    expect((await ask('admin', 'GET', file)).status).toBe(404);
    expect((await ask('admin', 'POST', `${at}/${view.exportNo}/cancel`)).status).toBe(404);
    expect((await send('super', 'GET', file)).status).toBe(200);
    const mine = await ask<{ exports: View[]; total: number }>('finance', 'GET', `${at}?pageSize=100`);
    expect(mine.body.exports.map(({ exportNo }) => exportNo)).toContain(view.exportNo);
    expect((await ask<{ total: number }>('super', 'GET', at)).body.total).toBe(0);
  });

  test('an owner whose role no longer reads the subject cannot fetch the file either', async () => {
    const view = await ended('branch', await begin('branch', 'order'));
    const accounts = platform.strapi().db.query('api::account.account');
    await accounts.update({ where: { username: 'branch' }, data: { roles: ['ops'] } });
    const refused = await ask('branch', 'GET', `${at}/${view.exportNo}/file`);
    await accounts.update({ where: { username: 'branch' }, data: { roles: ['finance'] } });
    expect(refused).toMatchObject({ status: 403, body: { error: { name: 'EXPORT_FORBIDDEN' } } });
  });

  test('a cancelled export stops, leaves no file and stays cancelled', async () => {
    endless.ends = false;
    const view = await begin('finance', 'slow');
    await reached('finance', view, ({ rowsDone }) => rowsDone > 0);
    const cancelled = await ask<View>('finance', 'POST', `${at}/${view.exportNo}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await ask('finance', 'POST', `${at}/${view.exportNo}/cancel`)).toMatchObject({ status: 409 });
    expect(await ask('finance', 'GET', `${at}/${view.exportNo}/file`)).toMatchObject({ status: 409 });
    const left = () =>
      fs.readdirSync(path.join(platform.folder, 'exports')).filter((name) => name.startsWith(view.exportNo));
    for (let tries = 0; left().length > 0 && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(left()).toEqual([]);
    expect((await ended('finance', view)).status).toBe('cancelled');
    endless.ends = true;
  });

  test('an export that fails says so with a code in both languages', async () => {
    const level = platform.strapi().log.level;
    platform.strapi().log.level = 'silent';
    const view = await ended('finance', await begin('finance', 'broken'));
    platform.strapi().log.level = level;
    expect(view).toMatchObject({
      status: 'failed',
      error: { code: 'EXPORT_FAILED', zh: '导出失败', en: 'The export failed' },
    });
  });

  test('an export whose process died is done again, and given up after the third time', async () => {
    const longAgo = new Date(Date.now() - 600_000);
    const exports = () => platform.strapi().db.query('api::export.export');
    const die = async ({ exportNo }: View, tries: number) =>
      exports().update({ where: { exportNo }, data: { status: 'running', tries, heartbeatAt: longAgo } });
    const view = await ended('finance', await begin('finance', 'merchant'));
    await die(view, 1);
    await rooms().exports.sweep();
    expect(await ended('finance', view)).toMatchObject({ status: 'done', rowsDone: view.rowsDone });
    await die(view, 3);
    await rooms().exports.sweep();
    expect(await ended('finance', view)).toMatchObject({
      status: 'failed',
      error: { code: 'EXPORT_INTERRUPTED' },
    });
  });

  test('after a week the file is gone and the record says so', async () => {
    const view = await ended('finance', await begin('finance', 'merchant'));
    const file = path.join(platform.folder, 'exports', `${view.exportNo}.1.xlsx`);
    expect(fs.existsSync(file)).toBe(true);
    await platform
      .strapi()
      .db.query('api::export.export')
      .update({ where: { exportNo: view.exportNo }, data: { expiresAt: new Date(Date.now() - 1) } });
    await rooms().exports.sweep();
    expect(fs.existsSync(file)).toBe(false);
    expect(await ask('finance', 'GET', `${at}/${view.exportNo}/file`)).toMatchObject({
      status: 410,
      body: { error: { name: 'EXPORT_EXPIRED' } },
    });
  });

  test('a restart in the middle of an export puts it back, and it is done afterwards', async () => {
    endless.ends = false;
    const view = await begin('finance', 'slow');
    await reached('finance', view, ({ rowsDone }) => rowsDone > 0);
    endless.ends = true;
    endless.rows = 1_000_000_000;
    await platform.restart();
    endless.rows = 3000;
    await rooms().exports.sweep();
    const sheets = await sheetsOf('finance', view);
    expect(sheets.慢).toHaveLength(3001);
  }, 30_000);
});
