import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dashboardFiles, files } from '@hospital-pay/dashboards';
import { monitoring } from '@hospital-pay/monitoring';
import { insertRow, payments } from '@hospital-pay/payments';
import { seedDemo } from '@hospital-pay/seeds';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { password } from '../harness/hospital';
import { type Platform, startPlatform } from '../harness/platform';
import { startDay } from './day';
import { fillSignIn, picture, signIn } from './person';

const afternoon = startDay(16);
const boards = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-boards-'));
let platform: Platform;

const query = (rawSql: string) => [{ refId: 'A', format: 'table', rawSql }];
const odd = {
  uid: 'odd',
  title: '另一块大屏',
  panels: [
    {
      id: 1,
      type: 'hologram',
      title: '全息',
      gridPos: { x: 0, y: 0, w: 8, h: 6 },
      targets: query('SELECT 1'),
    },
    {
      id: 2,
      type: 'stat',
      title: '写错的查询',
      gridPos: { x: 8, y: 0, w: 8, h: 6 },
      targets: query('SELECT no_such_column FROM wall.orders'),
    },
    {
      id: 3,
      type: 'stat',
      title: '好的查询',
      gridPos: { x: 16, y: 0, w: 8, h: 6 },
      targets: query('SELECT count(*) AS "院区" FROM wall.merchants'),
    },
  ],
};

test.beforeAll(async () => {
  for (const name of dashboardFiles)
    fs.writeFileSync(path.join(boards, path.basename(name)), files[name] ?? '');
  fs.writeFileSync(path.join(boards, 'odd.json'), JSON.stringify(odd));
  platform = await startPlatform({
    clock: afternoon.clock,
    env: { SANDBOX: 'true', DASHBOARDS_DIR: boards },
    prepare: (strapi) =>
      seedDemo(strapi, { now: afternoon.clock.now(), scale: process.env.SCREENS === '1' ? 1 : 0.1 }),
  });
  await monitoring(platform.strapi()).minutes.count();
});
test.afterAll(async () => {
  await platform?.stop();
  delete process.env.DASHBOARDS_DIR;
  fs.rmSync(boards, { recursive: true, force: true });
});

async function openWall(browser: Browser, search = ''): Promise<Page> {
  const page = await signIn(browser, platform.url, 'ops', { aheadMs: afternoon.aheadMs() });
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.goto(`/wall${search}`);
  await expect(page.locator('.wall-panel').first()).toBeVisible();
  return page;
}
const panel = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
const chartsOf = (page: Page) => page.locator('.wall canvas').count();

test('the wall shows the day on one screen, without a menu, and nothing is cut off', async ({ browser }) => {
  const page = await openWall(browser);
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await expect(panel(page, '今日收款')).toContainText(/¥[\d,]+\.\d\d\s*今日\s*¥[\d,]+\.\d\d\s*昨日此时/);
  await expect(panel(page, '成功率')).toContainText(/\d+\.\d\d%/);
  await expect(panel(page, '未处理差错')).toContainText(/¥[\d,]+\.\d\d/);
  await expect(panel(page, '实时订单')).toContainText(/\d\d:\d\d:\d\d.*¥[\d,.]+\s*…\w{6}/);
  await expect(panel(page, '渠道健康')).toContainText('支付宝');
  for (const title of ['每分钟收款', '渠道占比', '场景 × 小时'])
    await expect(panel(page, title).locator('canvas').first()).toBeVisible();
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(await page.locator('.wall').innerText()).not.toMatch(/undefined|NaN|\[object|Invalid Date|1970/);
  for (const [width, height] of [
    [1920, 1080],
    [3840, 2160],
  ] as const) {
    await page.setViewportSize({ width, height });
    const { scroll, cut, size } = await page.evaluate(() => ({
      scroll: [
        document.documentElement.scrollWidth - innerWidth,
        document.documentElement.scrollHeight - innerHeight,
      ],
      cut: [...document.querySelectorAll('.wall-figures')].filter(
        (box) => box.scrollWidth > box.clientWidth + 1,
      ).length,
      size: Number.parseFloat(getComputedStyle(document.querySelector('.wall') ?? document.body).fontSize),
    }));
    expect({ scroll, cut, size }).toEqual({ scroll: [0, 0], cut: 0, size: (20 * width) / 1920 });
  }
  await page.setViewportSize({ width: 1920, height: 1080 });
  await picture(page, 'wall');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a failing channel stands out', async ({ browser }) => {
  const { events } = payments(platform.strapi());
  const db = platform.strapi().db.connection;
  const now = afternoon.clock.now().getTime();
  const { code: merchantCode } = await db('merchants').where({ enabled: true }).orderBy('code').first('code');
  for (let index = 0; index < 40; index += 1) {
    const at = new Date(now - index * 20_000);
    const orderNo = `9${String(now).slice(0, 10)}${String(index).padStart(4, '0')}`;
    await insertRow(db, 'orders', {
      orderNo,
      merchantOrderNo: orderNo,
      merchantCode,
      channel: 'wechat',
      scene: 'micropay',
      currency: 'CNY',
      createdTime: at,
      status: index % 8 === 0 ? 'unknown' : 'failed',
      amountFen: 12_800,
      paidFen: 0,
    });
    events.emit('channel.call', {
      method: 'create_order',
      url: 'https://gateway.example/pay',
      request: '{}',
      response: '',
      httpStatus: 502,
      startedAt: at,
      durationMs: 8000 + index * 30,
      errorCode: 'SYSTEMERROR',
      errorMessage: '系统繁忙',
      channel: 'wechat',
      accountCode: null,
      orderNo,
      tradeType: 'weixin_micropay',
      direction: 'out',
    });
  }
  events.emit('alarm', {
    kind: 'channel_down',
    level: 'critical',
    zh: '微信连续下单失败，新订单已改走其他渠道',
    en: 'WeChat Pay fails again and again; new orders go elsewhere',
    orderNo: null,
    dedupeKey: 'wall-test',
  });
  await monitoring(platform.strapi()).flush();
  await monitoring(platform.strapi()).minutes.count();
  // What the last viewer was shown is shared for some seconds: the next round has it.
  const page = await openWall(browser, '?refresh=5');
  const red = 'rgb(255, 92, 108)';
  const row = panel(page, '渠道健康').getByRole('row').filter({ hasText: '微信' });
  await expect(row.getByRole('cell').nth(2)).toHaveCSS('color', red);
  await expect(panel(page, '渠道调用 P95').locator('b')).toHaveCSS('color', red);
  await expect(panel(page, '错误码前十')).toContainText('SYSTEMERROR');
  await expect(panel(page, '实时订单')).toContainText('支付失败');
  await expect(panel(page, '告警')).toContainText('微信连续下单失败');
  await picture(page, 'wall-failing');
  await page.context().close();
});

test('what it does not know and what goes wrong it says, beside what it shows', async ({ browser }) => {
  const page = await openWall(browser, '?board=odd');
  await expect(panel(page, '全息')).toContainText('hologram');
  await expect(panel(page, '写错的查询').getByRole('alert')).toContainText('no_such_column');
  await expect(panel(page, '好的查询')).toContainText('院区');
  await page.getByLabel('大屏', { exact: true }).selectOption({ label: '系统' });
  await expect(panel(page, 'CPU')).toContainText('Grafana');
  await page.context().close();
});

test('to who reads English it speaks English: titles, columns, names of lines and of codes, and why a panel is empty', async ({
  browser,
}) => {
  const page = await openWall(browser);
  await page.evaluate(() => localStorage.setItem('hospital-pay.language', 'en'));
  await page.reload();
  await expect(panel(page, 'Taken today')).toContainText(/¥[\d,]+\.\d\d\s*Today\s*¥[\d,]+\.\d\d\s*Yesterday/);
  await expect(panel(page, 'Channel health')).toContainText(/Success[\s\S]*Alipay/);
  await expect(panel(page, 'Orders as they come')).toContainText('Paid');
  const saysNoChinese = async (title: string) => {
    await expect(panel(page, title).locator('td').first()).toBeVisible();
    expect(await panel(page, title).innerText()).not.toMatch(/\p{Script=Han}/u);
  };
  await saysNoChinese('Alerts');

  const boards = page.getByLabel('Dashboard', { exact: true });
  for (const [label, title] of [
    ['Channel health', 'Call P95'],
    ['Reconciliation', 'Daily totals'],
    ['Calls and errors', 'Abnormal requests'],
    ['System', 'CPU'],
  ] as const) {
    await boards.selectOption({ label });
    await expect(panel(page, title)).toBeVisible();
    for (const said of await page.locator('.wall h1, .wall h2, .wall th').allInnerTexts())
      expect(said).not.toMatch(/\p{Script=Han}/u);
    if (label !== 'Calls and errors') continue;
    for (const title of ['Error code', 'Messages']) await saysNoChinese(title);
    await expect(panel(page, 'Error code').locator('th')).toHaveText([
      'Error code',
      'Error',
      'Times',
      'First',
      'Last',
      'Advice',
    ]);
  }
  await expect(panel(page, 'CPU')).toContainText('Prometheus');
  await page.context().close();
});

test('it comes back by itself when the server was away, and to the sign-in when the session has ended', async ({
  browser,
}) => {
  const page = await openWall(browser, '?refresh=2');
  await expect(panel(page, '今日收款')).toContainText('¥');
  await platform.restart(() => expect(page.getByRole('alert')).toContainText('正在重新连接'));
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 45_000 });
  await expect(panel(page, '今日收款')).toContainText('¥');

  await platform.strapi().db.query('admin::session').deleteMany({});
  await expect(page).toHaveURL(/\/sign-in\?to=%2Fwall/);
  await fillSignIn(page, 'ops', password);
  await expect(page).toHaveURL(/\/wall\?refresh=2/);
  await expect(panel(page, '今日收款')).toContainText('¥');
  await page.context().close();
});

test('weeks of rounds and dashboards leave nothing behind', async ({ browser }) => {
  const page = await openWall(browser, '?refresh=2');
  const cdp = await page.context().newCDPSession(page);
  const board = page.getByLabel('大屏', { exact: true });
  const tour = async () => {
    for (const [label, title] of [
      ['渠道健康', '调用次数'],
      ['支付监控大屏', '今日收款'],
    ] as const) {
      await board.selectOption({ label });
      await expect(panel(page, title)).toBeVisible();
      await expect(page.locator('.wall canvas').first()).toBeVisible();
    }
  };
  const held = async () => {
    await page.waitForTimeout(2500);
    await cdp.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters');
    return { nodes, jsEventListeners, charts: await chartsOf(page) };
  };
  await tour();
  const before = await held();
  for (let round = 0; round < 6; round += 1) await tour();
  const after = await held();
  expect(after.charts).toBe(before.charts);
  expect(after.nodes).toBeLessThan(before.nodes * 1.2);
  expect(after.jsEventListeners).toBeLessThan(before.jsEventListeners * 1.2);
  await page.context().close();
});
