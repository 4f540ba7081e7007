import path from 'node:path';
import { monitoring } from '@hospital-pay/monitoring';
import { exampleCode, seedDemo } from '@hospital-pay/seeds';
import { type Browser, expect, type Locator, type Page, test } from '@playwright/test';
import { password } from '../harness/hospital';
import { type Platform, startPlatform } from '../harness/platform';
import { startDay } from './day';
import { fillSignIn, picture, signIn as signInAt } from './person';
import { choose, expectTable, fillRange, filterBy, isSettled, rowsOf, table } from './tables';

/** By four in the afternoon every named difference of the day has happened. */
const afternoon = startDay(16);
let platform: Platform;
const signIn = (browser: Browser, url: string, username: string) =>
  signInAt(browser, url, username, { aheadMs: afternoon.aheadMs() });

test.beforeAll(async () => {
  platform = await startPlatform({
    clock: afternoon.clock,
    env: { SANDBOX: 'true' },
    prepare: (strapi) =>
      seedDemo(strapi, { now: afternoon.clock.now(), scale: process.env.SCREENS === '1' ? 1 : 0.1 }),
  });
});
test.afterAll(() => platform?.stop());

const chinese = /\p{Script=Han}/u;

/** What the browser complains about while a page is open. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  return complaints;
}

async function menuPaths(page: Page): Promise<string[]> {
  await expect(page.getByRole('menuitem', { name: /收银台|Cashier/ })).toBeVisible();
  const paths = await page
    .getByRole('menu')
    .locator('a')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
  // The wall has the whole screen and no menu: a suite of its own looks at it.
  return paths.filter((href) => href !== '' && href !== '/wall');
}

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await isSettled(page);
}

/** By the menu. The screen before stays in sight until this one is there, which the menu's own words head. */
async function visit(page: Page, href: string): Promise<void> {
  const link = page.getByRole('menu').locator(`a[href="${href}"]`);
  await link.click();
  await expect(page.locator('.page-title')).toHaveText(await link.innerText());
  await isSettled(page);
}

/** Screens that are not a list of rows. */
const withoutRows = new Set(['/cashier', '/room', '/my-shift', '/locate', '/workbench']);
/** Lists that nothing has been written to on a fresh demo. */
const emptyAtFirst = new Set([
  '/approvals',
  '/audit-entries',
  '/exports',
  '/payment-links',
  '/bank-arrivals',
  '/bank-statement-lines',
  '/reconciliation-rules',
  '/approval-rules',
  '/log-archives',
  '/alert-events',
  '/duty-shifts',
  '/message-targets',
]);

test('every screen of the menu opens with its rows and nothing to complain about', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'super');
  const complaints = complaintsOf(page);
  const problems: string[] = [];
  for (const href of await menuPaths(page)) {
    await visit(page, href);
    if (!withoutRows.has(href) && !emptyAtFirst.has(href)) {
      const shown = await rowsOf(page)
        .first()
        .waitFor({ timeout: 5000 })
        .then(
          () => true,
          () => false,
        );
      if (!shown) problems.push(`${href} shows no rows`);
    }
    if ((await page.getByRole('alert').filter({ hasText: '错误码' }).count()) > 0)
      problems.push(`${href} shows an error`);
    const text = await page.locator('main, .page').first().innerText();
    const odd = /undefined|NaN|\[object|Invalid Date|1970-01-01/.exec(text);
    if (odd) problems.push(`${href} shows ${odd[0]}`);
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (isWide) problems.push(`${href} is wider than the screen`);
    if (complaints.length > 0)
      problems.push(...complaints.splice(0).map((complaint) => `${href}: ${complaint}`));
    if (process.env.SCREENS_ALL)
      await page.screenshot({ path: path.join(process.env.SCREENS_ALL, `${href.slice(1)}.png`) });
  }
  expect(problems).toEqual([]);
  await page.close();
});

test('in English no menu, heading, column, filter or button is left in Chinese', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'super');
  const paths = await menuPaths(page);
  await page.getByRole('button', { name: '切换语言' }).click();
  await expect(page.getByRole('menuitem', { name: 'Cashier' })).toBeVisible();
  const left: string[] = [];
  for (const href of paths) {
    await visit(page, href);
    const texts = await page
      .locator(
        'h1, h2, th, label, .filter-label, .ant-menu-title-content, .ant-tag, button:not(.user-button), .ant-pagination, .ant-statistic-title, .ant-card-head-title',
      )
      .allInnerTexts();
    const hints = await page
      .locator('input[placeholder]')
      .evaluateAll((inputs) => inputs.map((input) => input.getAttribute('placeholder') ?? ''));
    const cut = await page
      .locator('.ant-pro-base-menu-inline-item-text')
      .evaluateAll((items) =>
        items.filter((item) => item.scrollWidth > item.clientWidth).map((item) => item.textContent),
      );
    expect(cut).toEqual([]);
    for (const text of [...texts, ...hints]) {
      if (chinese.test(text) && text.trim() !== '中' && !left.includes(`${href}: ${text}`))
        left.push(`${href}: ${text}`);
    }
    if (process.env.SCREENS_ALL)
      await page.screenshot({ path: path.join(process.env.SCREENS_ALL, `en-${href.slice(1)}.png`) });
  }
  expect(left).toEqual([]);
  await page.close();
});

const byCode = '渠道 | 错误码 | 含义与处理办法 | 次数 | 首次出现 | 最近出现';
const examplesByCode = [
  '微信 | AUTH_CODE_INVALID | 付款码无效或已使用 请患者刷新付款码后重新扫码 | 1 | 2018-10-30 08:51:37 | 2018-10-30 08:51:37',
  '支付宝 | ACQ.TRADE_NOT_EXIST | 支付宝没有该交易（患者可能尚未扫码） 系统会自动查询结果，请勿换单重复收款 | 1 | 2018-10-30 08:49:02 | 2018-10-30 08:49:02',
];

test('abnormal requests by code tell when each was seen, how it came over the days, and what to do', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'ops');
  await open(page, '/abnormal-requests');
  await page.getByText('按错误码', { exact: true }).click();
  await expect(page.getByRole('columnheader', { name: '每日趋势' })).toBeVisible();
  await fillRange(page, '2018-10-29', '2018-10-31');
  await expectTable(page, byCode, examplesByCode);
  await expect(page.getByRole('img', { name: '10-29: 0 10-30: 1 10-31: 0' })).toHaveCount(2);
  await page
    .getByRole('row', { name: /AUTH_CODE_INVALID/ })
    .getByRole('link', { name: '查看' })
    .click();
  await expectTable(page, '订单号 | 错误码', ['1301178801201810300851362281845 | AUTH_CODE_INVALID']);
  await page.close();
});

test('abnormal requests tell who reads English what happened and what to do', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'super');
  await page.getByRole('button', { name: '切换语言' }).click();
  await open(page, '/abnormal-requests?errorCode=AUTH_CODE_INVALID&at=2018-10-30~2018-10-30');
  await expectTable(page, 'Error code | Error message | Action', [
    'AUTH_CODE_INVALID | Order not made: The payment code is invalid or used | Create order',
  ]);
  await page.getByRole('button', { name: 'View' }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer).toContainText('Ask the patient to refresh the code and scan again');
  // The account is called as the hospital calls it.
  expect((await drawer.innerText()).replace('对照示例医院微信支付', '')).not.toMatch(chinese);
  await open(page, '/abnormal-requests?at=2018-10-30~2018-10-30');
  await choose(page, 'Action', 'Query order');
  await expectTable(page, 'Error code | Action', ['ACQ.TRADE_NOT_EXIST | Query order']);
  await page.close();
});

test('one-sided entries tell who reads English what is odd about them, in the list and opened', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'super');
  await page.getByRole('button', { name: '切换语言' }).click();
  await open(page, '/discrepancies?status=open');
  const remarks = (await table(page)).map((row) => row.Remark ?? '');
  expect(remarks).not.toHaveLength(0);
  expect(remarks.filter((remark) => remark === '' || chinese.test(remark))).toEqual([]);
  await rowsOf(page).first().getByRole('button', { name: 'Handle' }).click();
  await expect(page.getByRole('dialog').locator('.facts')).toContainText(remarks[0] ?? '');
  await page.close();
});

test('the filters of the monitoring screens find the examples, also once their months are archived', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'super');
  await monitoring(platform.strapi()).logs.archive.sweep();

  await open(page, '/login-logs');
  await expect(page.getByText(/之前的日志已归档，选择日期范围即可查询/)).toBeVisible();
  await fillRange(page, '2018-11-13', '2018-11-13');
  await filterBy(page, '用户名', 'super');
  await expectTable(page, '登陆/登出时间 | 用户名 | 类型 | IP地址', [
    '2018-11-13 10:36:11 | super | 登陆 | 192.168.56.1',
  ]);

  await open(page, '/interface-logs');
  await fillRange(page, '2018-10-30', '2018-10-30');
  await filterBy(page, '订单号', '1301178801201810300718384501837');
  await filterBy(page, '交易类型', 'weixin_native');
  await filterBy(page, '方法名称', 'refund_order');
  await expectTable(page, '请求日期 | 订单号 | 交易类型 | 方法名称', [
    '2018-10-30 08:48:14 | 1301178801201810300718384501837 | weixin_native | refund_order',
  ]);
  await page.getByRole('button', { name: '查看' }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer).toContainText('412');
  await expect(drawer).toContainText('out_trade_no');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();

  await open(page, '/abnormal-requests');
  await fillRange(page, '2018-10-30', '2018-10-30');
  await expect(rowsOf(page)).toHaveCount(2);
  await choose(page, '交易动作', '订单创建');
  await expectTable(page, '错误码 | 错误信息 | 交易类型 | 交易动作', [
    'AUTH_CODE_INVALID | 下单失败:101 付款码已过期, 请退出重试 | weixin_micropay | 订单创建',
  ]);
  await choose(page, '交易动作', '订单查询');
  await filterBy(page, '交易类型', 'alipay_native');
  await expectTable(page, '错误码 | 错误信息 | 交易类型 | 交易动作', [
    'ACQ.TRADE_NOT_EXIST | 订单查询失败:交易不存在 | alipay_native | 订单查询',
  ]);

  await open(page, '/abnormal-requests?by=code&at=2018-10-29~2018-10-31');
  await expectTable(page, byCode, examplesByCode);
  await expect(page.getByText(/之前的已归档：所选日期内的一并统计/)).toBeVisible();

  await open(page, '/abnormal-requests');
  await filterBy(page, '订单号', 'nobody-has-this');
  await expect(rowsOf(page)).toHaveCount(0);
  await expect(page.getByText('没有符合条件的数据，请调整查询条件')).toBeVisible();
  await page.getByRole('button', { name: '重置' }).click();
  await expect(rowsOf(page).first()).toBeVisible();
  await page.close();
});

const logFilters = {
  '/login-logs': { 日期范围: '登陆/登出时间', 用户名: '用户名' },
  '/interface-logs': {
    请求日期: '请求日期',
    订单号: '订单号',
    交易类型: '交易类型',
    方法名称: '方法名称',
    追踪号: null,
  },
  '/abnormal-requests': {
    创建时间: '创建时间',
    订单号: '订单号',
    交易类型: '交易类型',
    交易动作: '交易动作',
    错误码: '错误码',
    渠道: null,
  },
} as const;
const logColumns = {
  '/login-logs': '登陆/登出时间 用户名 类型 IP地址',
  '/interface-logs': '请求日期 订单号 交易类型 方法名称',
  '/abnormal-requests': '创建时间 订单号 错误码 错误信息 交易类型 交易动作',
};

test('the three logs have the columns in their order, and each filter by itself keeps what it says', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'super');
  const texts = async (of: string) => (await page.locator(of).allInnerTexts()).map((text) => text.trim());
  for (const href of ['/login-logs', '/interface-logs', '/abnormal-requests'] as const) {
    await open(page, href);
    await expect(rowsOf(page).first()).toBeVisible();
    expect((await texts('thead th')).join(' ')).toMatch(new RegExp(`^${logColumns[href]}`));
    expect(await texts('.filter-label')).toEqual(Object.keys(logFilters[href]));
    for (const [filter, column] of Object.entries(logFilters[href])) {
      if (column === null) continue;
      await page.getByRole('button', { name: '重置' }).click();
      await isSettled(page);
      const values = (await table(page)).map((row) => row[column] ?? '').filter((text) => text !== '—');
      const value = values.find((text) => text !== values[0]) ?? values[0] ?? '';
      if (filter === '日期范围' || column.endsWith('时间') || column.endsWith('日期')) {
        const day = value.slice(0, 10);
        await fillRange(page, day, day);
        await expect
          .poll(async () => (await table(page)).every((row) => row[column]?.startsWith(day)))
          .toBe(true);
      } else {
        await (filter === '交易动作' ? choose : filterBy)(page, filter, value);
        await expect
          .poll(async () => [...new Set((await table(page)).map((row) => row[column]))])
          .toEqual([value]);
      }
    }
  }
  await page.close();
});

test('a call is read formatted and masked, copied as it was, and leads to its order and its trace and back', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'super');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, '/interface-logs?tradeType=weixin_micropay&method=create_order');
  const drawer = page.getByRole('dialog');
  await rowsOf(page).first().getByRole('button', { name: '查看' }).click();
  const request = drawer.getByRole('region', { name: '请求' });
  await expect(request.locator('pre')).toContainText(
    /^\{\n {2}"out_trade_no": "\d+",\n[\s\S]*"auth_code": "\*+"/,
  );
  await request.getByText('原文', { exact: true }).click();
  const raw = await request.locator('pre').innerText();
  expect(raw).toMatch(/^\{"out_trade_no":/);
  await request.getByRole('button', { name: '复制' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(raw);

  const trace = drawer.getByRole('link', { name: /^[0-9a-f]{32}$/ });
  const traceId = await trace.innerText();
  await trace.click();
  await expect(page).toHaveURL(new RegExp(`traceId=${traceId}`));
  await expect(drawer).toBeHidden();
  await rowsOf(page).first().getByRole('button', { name: '查看' }).click();
  await drawer.getByRole('link', { name: '查看订单' }).click();
  await expect(page).toHaveURL(/\/orders\?open=/);
  await drawer.getByRole('tab', { name: /接口调用/ }).click();
  await drawer
    .getByRole('tabpanel', { name: /接口调用/ })
    .getByRole('button', { name: '查看' })
    .first()
    .click();
  await expect(drawer.getByRole('link', { name: traceId })).toBeVisible();
  await page.close();
});

test('a log without numbered pages is turned on and back', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'ops');
  // Calls of this kind are made when somebody pays, so that none comes in between.
  await open(page, '/interface-logs?method=create_order');
  const times = () => page.locator('tr.ant-table-row td:first-child').allInnerTexts();
  const previous = page.getByRole('button', { name: /上一页/ });
  const next = page.getByRole('button', { name: /下一页/ });
  await expect(rowsOf(page).first()).toBeVisible();
  const first = await times();
  await expect(previous).toBeDisabled();
  await next.click();
  await expect.poll(times).not.toEqual(first);
  const second = await times();
  expect([...first, ...second]).toEqual([...first, ...second].sort().reverse());
  await previous.click();
  await expect.poll(times).toEqual(first);
  await page.close();
});

test('a list that cannot be loaded says so and tries again when asked', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'finance');
  await page.route('**/api/orders?**', (route) => route.abort());
  await page.getByRole('menuitem', { name: '订单列表' }).click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('无法连接服务器，请检查网络');
  await expect(page.getByText('暂无数据')).toHaveCount(0);
  await expect(rowsOf(page)).toHaveCount(0);
  await page.unroute('**/api/orders?**');
  await alert.getByRole('button', { name: '重试' }).click();
  await expect(rowsOf(page).first()).toBeVisible();
  await expect(alert).toBeHidden();

  for (const [address, api] of [
    ['/workbench', '**/api/reconciliation/today**'],
    ['/summary', '**/api/reconciliation/summary**'],
    ['/statistics', '**/api/reconciliation/statistics**'],
    ['/locate?no=1301178801201810190900081161779', '**/api/reconciliation/locate/**'],
  ] as const) {
    await page.route(api, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/json',
        body: JSON.stringify({
          data: null,
          error: { status: 503, name: 'ServiceUnavailable', message: 'no' },
        }),
      }),
    );
    await page.goto(address);
    await expect(page.getByRole('button', { name: '重试' }).first()).toBeVisible();
    await page.unroute(api);
    await page.getByRole('button', { name: '重试' }).first().click();
    await expect(page.getByRole('button', { name: '重试' })).toHaveCount(0);
  }
  await page.close();
});

test('Escape closes what was opened, and the address remembers what is open', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'finance');
  await open(page, '/orders');
  await rowsOf(page).first().getByRole('button', { name: '查看' }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer).toBeVisible();
  await expect(page).toHaveURL(/open=/);
  await page.reload();
  await expect(drawer).toBeVisible();
  await isSettled(page);
  await picture(page, 'order');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/open=/);
  await page.close();
});

test('the reference hospital’s orders, one-sided entries, summary and statistics stand on the screens', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'finance');

  await page.goto(`/orders?merchantCode=${exampleCode}&createdTime=2018-10-18~2018-10-18`);
  await expectTable(
    page,
    '下单时间 | 订单号 | 订单状态 | 异常说明 | 支付类型 | 支付状态 | 订单金额 | His收 | 平台退 | His退',
    [
      '2018-10-18 21:42:33 | 1301178801201810182143077001754 | 交易成功 | — | 微信 | 已支付 | 2,000.00 | 2,000.00 | 0.00 | 0.00',
      '2018-10-18 21:39:11 | 1301178801201810182139452241706 | 交易成功 | — | 微信 | 已支付 | 3,000.00 | 3,000.00 | 0.00 | 0.00',
      '2018-10-18 20:29:53 | 20181018203027978166 | 交易成功 | — | 支付宝 | 已支付 | 5,000.00 | 5,000.00 | 0.00 | 0.00',
      '2018-10-18 19:19:42 | 1301178801201810181920173951712 | 交易成功 | — | 微信 | 已支付 | 10,000.00 | 10,000.00 | 0.00 | 0.00',
      '2018-10-18 07:03:18 | 20181018070353264912 | 异常订单 | 收费金额不一样; 退费金额不一样 | 支付宝 | 已退款 | 130.00 | 0.00 | 130.00 | 0.00',
    ],
  );
  await expect(page.getByRole('row', { name: /20181018070353264912/ })).toContainText('入职体检1');

  await page.goto(`/discrepancies?merchantCode=${exampleCode}&occurredAt=2018-10-19~2018-10-19`);
  await expectTable(
    page,
    '交易时间 | 商户名称 | 第三方订单号 | HIS流水号 | 业务类型 | 平台金额 | HIS金额 | 交易差额 | 支付方式 | 交易类型 | 就诊卡号 | 异常备注',
    [
      '2018-10-19 09:00:26 | 对照示例医院 | 1301178801201810190900081161779 | 428661561 | 自助机门诊 | 0.00 | 500.00 | 500.00 | 微信 | 收费 | 0003276083 | 单边账',
      '2018-10-19 08:58:51 | 对照示例医院 | 1301178801201810190858355241731 | 428661383 | 自助机门诊 | 0.00 | 100.00 | 100.00 | 微信 | 收费 | 0003821033 | 单边账',
      '2018-10-19 08:58:32 | 对照示例医院 | 1W20181019080744308517 | 428661355 | 小程序门诊 | 0.00 | -7.31 | -7.31 | 微信 | 退费 | 0003766789 | 单边账',
      '2018-10-19 08:58:23 | 对照示例医院 | 1301178801201810190858064361722 | 428661347 | 自助机门诊 | 0.00 | 660.00 | 660.00 | 微信 | 收费 | 0003818001 | 单边账',
    ],
  );
  await rowsOf(page).first().getByRole('button', { name: '查看' }).click();
  await expect(page.getByRole('region', { name: 'HIS支付订单' })).toContainText('500.00');
  await expect(page.getByRole('region', { name: '第三方支付订单' })).toContainText(
    '第三方没有这笔交易的记录',
  );

  const expectTotals = async (from: string, to: string, totals: string[]) => {
    await page.goto(`/summary?merchantCode=${exampleCode}&from=${from}&to=${to}`);
    const byType = page.getByRole('region', { name: '按支付类型', exact: true });
    await expectTable(byType, '支付类型 | 医院总收入 | 平台总收入 | 总差额', totals);
  };
  await expectTotals('2018-10-01', '2018-10-07', [
    '支付宝 | 1,557,083.10 | 1,525,760.80 | -31,322.30',
    '微信 | 1,425,873.20 | 1,405,525.30 | -20,347.90',
  ]);
  await expectTotals('2018-07-01', '2018-09-30', [
    '支付宝 | 53,623,629.06 | 53,465,419.02 | -158,210.04',
    '微信 | 52,874,011.53 | 52,780,393.47 | -93,618.06',
  ]);
  const dayRow = async (day: string, payType: string) => {
    await page.goto(`/summary?merchantCode=${exampleCode}&from=${day}&to=${day}`);
    const row = page
      .getByRole('region', { name: '按支付类型和日期' })
      .getByRole('row')
      .filter({ hasText: payType });
    await expect(row).toHaveCount(1);
    const texts = await row.locator('td').allInnerTexts();
    return texts.filter((text) => /^-?[\d,]+\.\d\d$/.test(text));
  };
  expect(await dayRow('2018-09-10', '微信')).toEqual(['694,046.58', '693,720.29', '-326.29']);
  expect(await dayRow('2018-09-10', '支付宝')).toEqual(['946,095.63', '947,074.09', '978.46']);
  expect(await dayRow('2018-09-24', '微信')).toEqual(['28,040.60', '28,040.60', '0.00']);
  expect(await dayRow('2018-09-11', '微信')).toEqual(['485,962.17', '486,462.27', '500.10']);
  expect(await dayRow('2018-09-11', '支付宝')).toEqual(['575,525.68', '576,675.68', '1,150.00']);
  expect(await dayRow('2018-09-12', '微信')).toEqual(['675,262.86', '673,732.86', '-1,530.00']);

  await open(page, `/statistics?merchantCode=${exampleCode}&date=2018-10-18`);
  for (const [title, figure] of [
    ['HIS收入', '785,185.42'],
    ['平台收入', '674,428.29'],
    ['异常退款金额', '4,385.00'],
    ['当日差帐', '110,757.13'],
    ['银行实际到账金额', '670,043.29'],
  ] as const) {
    const card = page.locator('.ant-statistic').filter({ has: page.getByText(title, { exact: true }) });
    await expect(card).toContainText(figure);
  }
  const refunds = page.getByRole('region', { name: '异常退款金额明细' });
  await expect(refunds).toContainText(
    /总共退费\s*4,385\.00\s*线上退\s*4,385\.00\s*现金\s*0\.00\s*其他\s*0\.00/,
  );
  await expectTable(refunds, '第三方订单号 | 退款金额 | 退款方式', [
    '1301178801201811171541053111163 | 200.00 | 线上退款',
    '1301178801201811171557073521442 | 185.00 | 线上退款',
    '1301178801201811171813199251541 | 4,000.00 | 线上退款',
  ]);
  await page.close();
});

test('the dashboard and the books of the demo hospital', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'finance');
  const figures = async (): Promise<{ takenFen: number; hourly: { takenFen: number }[] }> => {
    const answer = page.waitForResponse(/reconciliation\/today/);
    await page.reload();
    return (await answer).json();
  };
  await open(page, '/workbench');
  await expect(page.getByText('今日收款', { exact: true })).toBeVisible();
  const today = await figures();
  expect(today.takenFen).toBeGreaterThan(0);
  expect(today.hourly.reduce((sum, { takenFen }) => sum + takenFen, 0)).toBe(today.takenFen);
  await expect(page.locator('canvas, svg').first()).toBeVisible();
  await picture(page, 'dashboard');
  await open(page, '/discrepancies');
  await expect(rowsOf(page).first()).toBeVisible();
  await picture(page, 'one-sided');
  await open(page, '/summary');
  await expect(rowsOf(page).first()).toBeVisible();
  await picture(page, 'summary');
  await rowsOf(page.getByRole('region', { name: '按支付类型和日期' }))
    .nth(2)
    .getByRole('button', { name: '查看' })
    .click();
  const drawer = page.getByRole('dialog');
  await expect(drawer).toBeVisible();
  await isSettled(page);
  await picture(page, 'analysis');
  const reason = drawer.locator('tr.clickable').last();
  const [, , kind = '', count = ''] = await reason.getByRole('cell').allInnerTexts();
  await reason.click();
  const kinds = drawer.locator('.ant-table').last().locator('tbody tr.ant-table-row td:nth-child(3)');
  await expect(kinds).toHaveText(Array.from({ length: Number(count) }, () => kind));
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await open(page, '/orders');
  await picture(page, 'orders');
  await page.close();
});

test('what waits for a second person is read whole, and money that leaves by approving is named before', async ({
  browser,
}) => {
  const maker = await signIn(browser, platform.url, 'finance');
  await open(maker, '/discrepancies?kind=platform_only&leg=his&status=open&sort=-platformFen');
  await rowsOf(maker).first().getByRole('button', { name: '处理' }).click();
  const drawer = maker.getByRole('dialog');
  await drawer.getByText('手工勾对').click();
  const candidates = drawer.getByRole('tabpanel', { name: '手工勾对' });
  await expect(candidates.getByText('HIS单边').first()).toBeInViewport();
  await expect(candidates.locator('tr.ant-table-row .money').first()).toBeInViewport();
  await drawer.getByRole('tab', { name: '处理方式' }).click();
  await drawer.getByRole('radio', { name: /线上退款给患者/ }).click();
  await drawer.getByRole('textbox', { name: '说明（必填）' }).fill('患者已在窗口另行缴费');
  await drawer.getByRole('button', { name: '提交审批' }).click();
  await expect(drawer).toContainText(/钱会计 于 .* 提交：线上退款给患者/);
  const amount = await drawer.locator('.ant-alert .money').innerText();
  await maker.close();

  const checker = await signIn(browser, platform.url, 'super');
  await open(checker, '/approvals');
  const row = rowsOf(checker).filter({ hasText: '患者已在窗口另行缴费' });
  for (const [name, otherLanguage] of [
    ['通过', '切换语言'],
    ['Approve', 'Switch language'],
  ] as const) {
    await expect(row.getByText(amount, { exact: true })).toBeInViewport({ ratio: 1 });
    await expect(row.getByText(`-${amount}`, { exact: true })).toBeInViewport({ ratio: 1 });
    const button = row.getByRole('button', { name });
    await expect(button).toBeInViewport({ ratio: 1 });
    await button.click();
    const asked = checker.getByRole('dialog');
    await expect(asked).toContainText(`CNY ${amount}`);
    await checker.keyboard.press('Escape');
    await expect(asked).toBeHidden();
    await checker.getByRole('button', { name: otherLanguage }).click();
  }
  await checker.close();
});

test('a failed run says in words which line of which file it was, and one that waits is cancelled where it is looked at', async ({
  browser,
}) => {
  const now = afternoon.clock.now();
  const run = {
    merchantCode: 'DEMO-E',
    channel: 'wechat',
    accountCode: 'wechat-demo-e',
    date: afternoon.date,
    createdTime: now,
    startedAt: now,
    requestedBy: 'finance',
  };
  const runs = platform.strapi().db.query('api::reconciliation-run.reconciliation-run');
  await runs.create({
    data: {
      ...run,
      runNo: 'R-FAILED',
      status: 'failed',
      stage: 'importing',
      errorCode: 'BILL_LINE',
      errorMessage: 'line 1234: 5 cells below 27 columns',
      fileName: 'wechat-trade.csv.gz',
      lineNo: 1234,
    },
  });
  await runs.create({
    data: { ...run, runNo: 'R-WAITS', status: 'deferred', nextAt: new Date(now.getTime() + 3600_000) },
  });
  const page = await signIn(browser, platform.url, 'finance');
  await open(page, '/reconciliation-runs?open=R-FAILED');
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByRole('alert')).toContainText('账单有无法识别的行 [BILL_LINE]');
  await expect(drawer.getByRole('alert')).toContainText('文件 wechat-trade.csv.gz 第 1234 行');
  await expect(drawer.getByText('读取账单')).toBeInViewport({ ratio: 1 });
  // Not on the page of the list that stands behind it.
  await open(page, '/reconciliation-runs?status=done&open=R-WAITS');
  await drawer.getByRole('button', { name: /取\s*消/ }).click();
  await page
    .getByRole('tooltip')
    .getByRole('button', { name: /确\s*定/ })
    .click();
  await expect(drawer).toContainText('已取消');
  await expect(drawer.getByRole('button', { name: '重新对账' })).toBeVisible();
  await page.close();
});

test('in English columns stand beside the actions, not under them, and tell branches apart', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'super');
  await page.getByRole('button', { name: '切换语言' }).click();
  let branches = 0;
  for (const [address, last] of [
    ['/orders', 'HIS refunded'],
    ['/discrepancies', 'Payment type'],
    ['/his-records', 'Patient'],
    ['/reconciliation-runs', 'Requested by'],
    ['/routes', 'Enabled'],
    ['/terminals', 'Enabled'],
  ] as const) {
    await open(page, address);
    await expect(rowsOf(page).first()).toBeVisible();
    const place = (name: string) =>
      page.getByRole('columnheader', { name }).evaluate((head) => {
        const { left, right } = head.getBoundingClientRect();
        return { left, right };
      });
    expect((await place(last)).right).toBeLessThanOrEqual((await place('Actions')).left + 1);
    const hospitals = page.locator('td .clipped').filter({ hasText: /^示例市人民医院.院区$/ });
    branches += await hospitals.count();
    const cut = await hospitals.evaluateAll((names) =>
      names.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth),
    );
    expect(cut).toEqual([]);
  }
  expect(branches).toBeGreaterThan(0);
  await page.close();
});

test('of cases handled at once each that is refused is called by its number, with the reason', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'finance');
  const writeOff = async (rows: Locator[]) => {
    for (const row of rows) await row.getByRole('checkbox').check();
    await page.getByRole('button', { name: '核销', exact: true }).click();
    const asked = page.getByRole('dialog');
    await asked.getByRole('textbox', { name: '说明' }).fill('差额不再追收');
    await asked.getByRole('button', { name: /确\s*定/ }).click();
  };
  await open(page, '/discrepancies?status=open&kind=his_only&sort=-hisFen');
  await writeOff([rowsOf(page).first()]);
  await expect(page.getByText('已处理 1 笔')).toBeVisible();

  await open(page, '/discrepancies?status=open,pending_approval&kind=his_only&sort=-hisFen');
  const [{ 第三方订单号: number = '' } = {}] = await table(page);
  await writeOff([rowsOf(page).first(), rowsOf(page).nth(1)]);
  const told = page.getByRole('dialog').filter({ hasText: '已处理 1 笔，1 笔未处理' });
  await expect(told.getByRole('listitem')).toHaveText(`${number} 差错正在审批或退款中, 请先等待结果或撤回`);
  await page.close();
});

test('a list opens with its own filters, also by the menu, and who takes them away sees all', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'finance');
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/discrepancies?')) asked.push(decodeURIComponent(request.url()));
  });
  await visit(page, '/discrepancies');
  await expect(page).toHaveURL(/status=open/);
  await expect(rowsOf(page).first()).toBeVisible();
  expect(asked.filter((url) => !url.includes('filters[status]'))).toEqual([]);
  await page.getByRole('button', { name: /重\s*置/ }).click();
  await expect(page).not.toHaveURL(/status=/);
  await expect.poll(() => asked.at(-1)).not.toContain('filters[status]');
  await page.close();
});

test('a page beyond the last one leads to the last', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'finance');
  await open(page, '/orders?page=9999');
  await expect(rowsOf(page).first()).toBeVisible();
  await expect(page).not.toHaveURL(/page=9999/);
  await page.close();
});

test('who signs in after somebody else in the same tab is shown nothing of theirs', async ({ browser }) => {
  const page = await signIn(browser, platform.url, 'super');
  await page.getByRole('menu').locator('a[href="/orders"]').click();
  await expect(rowsOf(page).first()).toBeVisible();
  await page.getByRole('button', { name: '用户菜单' }).click();
  await page.getByRole('menuitem', { name: '退出登录' }).click();
  await expect(page.getByLabel('用户名')).toBeVisible();
  const asked = page.waitForRequest('**/api/lowcode/screens/order');
  await fillSignIn(page, 'finance', password);
  await expect(page.getByRole('button', { name: '用户菜单' })).toBeVisible();
  await page.getByRole('menu').locator('a[href="/orders"]').click();
  await asked;
  await expect(rowsOf(page).first()).toBeVisible();
  await page.close();
});
