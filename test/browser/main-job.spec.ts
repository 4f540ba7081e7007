import { expect, type Page, type Route, test } from '@playwright/test';
import { type Hospital, startHospital } from '../harness/hospital';
import { startDay } from './day';
import { fillSignIn, picture, signIn } from './person';

const morning = startDay(10);

let hospital: Hospital;

test.beforeAll(async () => {
  hospital = await startHospital({ clock: morning.clock });
  hospital.sandbox.his.connect({ baseUrl: hospital.url, ...hospital.application });
});
test.afterAll(() => hospital?.stop());
test.describe.configure({ mode: 'serial' });

const as = (browser: Parameters<typeof signIn>[0], username: string) =>
  signIn(browser, hospital.url, username, { aheadMs: morning.aheadMs() });
const orders = () =>
  hospital
    .strapi()
    .db.query('api::order.order')
    .findMany({ orderBy: { id: 'asc' } });
const taken = (gateway: 'alipay' | 'wechat') =>
  hospital.sandbox.ledger.payments({ gateway }).filter(({ state }) => state === 'paid');

async function enter(page: Page, sale: { amount: string; businessNo: string }): Promise<void> {
  await page.getByLabel('收款金额（元）').fill(sale.amount);
  await page.getByLabel('HIS业务单号').fill(sale.businessNo);
  await page.getByLabel('病人姓名').fill('林小满');
  await page.getByLabel('就诊卡号').fill('0099001234');
}

/** A keyboard wedge: digits in quick succession, then Enter. */
async function scan(page: Page, code: string): Promise<void> {
  await page.getByLabel('付款码', { exact: true }).focus();
  await page.keyboard.type(code);
  await page.keyboard.press('Enter');
}

const next = (page: Page) => page.getByRole('button', { name: '下一笔' }).click();

test('the counter takes, HIS forgets one, finance gives it back, and the day adds up to the fen', async ({
  browser,
}) => {
  const cashier = await as(browser, 'cashier');
  await expect(cashier.getByRole('heading', { name: '收银台' })).toBeVisible();

  await test.step('¥12.34 by payment code', async () => {
    await enter(cashier, { amount: '12.34', businessNo: 'MZ20260001' });
    await scan(cashier, hospital.sandbox.patient.issueCode('alipay'));
    await expect(cashier.getByText('收款成功')).toBeVisible();
    const receipt = cashier.getByRole('article', { name: '收款凭证' });
    await expect(receipt).toContainText('¥12.34');
    await expect(receipt).toContainText('支付宝');
    await expect(receipt).toContainText('林小满');
    await expect(cashier.getByText('HIS已入账')).toBeVisible();
    await next(cashier);
  });

  await test.step('¥19.99 by QR, paid on the patient’s phone', async () => {
    await enter(cashier, { amount: '19.99', businessNo: 'SILENT0002' });
    await cashier
      .getByText('微信支付', { exact: true })
      .or(cashier.getByText('微信', { exact: true }))
      .click();
    await cashier.getByRole('button', { name: '生成二维码' }).click();
    const qr = cashier.getByRole('figure', { name: '收款二维码' });
    await expect(qr).toBeVisible();
    await expect(cashier.getByText(/剩余 1[45]:\d\d/)).toBeVisible();
    await picture(cashier, 'cashier');

    const phone = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
    await phone.goto(`${hospital.sandbox.baseUrl()}/patient`);
    await phone.getByLabel('扫描收款二维码').fill((await qr.getAttribute('data-text')) ?? '');
    await phone.getByRole('button', { name: '打开' }).click();
    await expect(phone.getByTestId('amount')).toHaveText('¥19.99');
    await phone.getByLabel('支付密码').fill('12');
    await phone.getByLabel('支付密码').fill('123456');
    await phone.getByRole('button', { name: '确认支付 ¥19.99' }).click();
    await expect(phone.getByTestId('state')).toHaveText('支付成功');
    await phone.close();

    await expect(cashier.getByText('收款成功')).toBeVisible();
    await expect(cashier.getByRole('article', { name: '收款凭证' })).toContainText('¥19.99');
    await picture(cashier, 'receipt');
    await next(cashier);
  });

  const [first, second] = await orders();
  expect([first.amountFen, second.amountFen].map(Number)).toEqual([1234, 1999]);

  await test.step('HIS has pushed its record of the first and nothing of the second', async () => {
    await expect.poll(() => hospital.sandbox.his.pushes().map(({ status }) => status)).toEqual([201]);
  });
  await cashier.close();

  const finance = await as(browser, 'finance');
  await test.step('finance sees the one-sided entry', async () => {
    await finance.getByRole('menuitem', { name: '单边账预警' }).click();
    const row = finance.getByRole('row', { name: new RegExp(second.orderNo) });
    await expect(async () => {
      if (!(await row.isVisible())) await finance.getByRole('button', { name: '查询' }).click();
      await expect(row).toBeVisible({ timeout: 1000 });
    }).toPass();
    await expect(row).toContainText('19.99');
    await expect(row).toContainText('-19.99');
    await expect(finance.getByRole('row', { name: new RegExp(first.orderNo) })).toHaveCount(0);
    await row.getByRole('button', { name: '查看' }).click();
  });

  await test.step('locates it and gives it back', async () => {
    await expect(finance.getByRole('heading', { name: '定位单边账' })).toBeVisible();
    await expect(finance.getByRole('region', { name: 'HIS支付订单' })).toContainText('HIS没有这笔交易的记录');
    const side = finance.getByRole('region', { name: '第三方支付订单' });
    await expect(side).toContainText('19.99');
    await picture(finance, 'locate');
    await side.getByRole('button', { name: '退款' }).click();
    const dialog = finance.getByRole('dialog', { name: '订单退款' });
    await expect(dialog.getByLabel('退款金额（元）')).toHaveValue('19.99');
    await dialog.getByLabel('退款原因').fill('HIS未入账');
    // Lost on its way there, then on its way back: the refund stays the one that was asked for.
    await finance.route('**/refunds', (route) => route.abort(), { times: 1 });
    await dialog.getByRole('button', { name: '确认退款' }).click();
    await expect(dialog.getByRole('alert')).toContainText('无法连接服务器');
    await dialog.getByRole('button', { name: '取消' }).click();
    await expect(dialog).toBeHidden();
    await side.getByRole('button', { name: '退款' }).click();
    await expect(dialog).toContainText('上次退款请求没有收到结果');
    await expect(dialog.getByLabel('退款金额（元）')).toBeDisabled();
    await expect(dialog.getByLabel('退款原因')).toBeDisabled();
    await expect(dialog.getByLabel('退款原因')).toHaveValue('HIS未入账');
    const lose = async (route: Route) => {
      await route.fetch();
      await route.abort();
    };
    await finance.route('**/refunds', lose, { times: 1 });
    await dialog.getByRole('button', { name: '确认退款' }).click();
    await expect(dialog.getByRole('alert')).toContainText('无法连接服务器');
    await dialog.getByRole('button', { name: '确认退款' }).click();
    await expect(dialog).toBeHidden();
    await expect(async () => {
      await finance.reload();
      await expect(finance.getByRole('alert').filter({ hasText: 'HIS合计' })).toContainText(
        /第三方合计\s*0\.00\s*差额（HIS − 平台）\s*0\.00/,
        { timeout: 2000 },
      );
    }).toPass({ timeout: 20_000 });
    await expect(side).toContainText('-19.99');
    await expect(finance.getByText('线上退款').first()).toBeVisible();
    await expect(side.getByRole('button', { name: '退款' })).toBeDisabled();
  });
  await finance.close();

  await test.step('the next morning finance reconciles the day', async () => {
    morning.turnTo({ daysLater: 1, hour: 10, minute: 30 });
    const page = await as(browser, 'finance');
    await page.getByRole('menuitem', { name: '对账汇总' }).click();
    await page
      .getByRole('row', { name: new RegExp(morning.date) })
      .getByRole('button', { name: '执行对账' })
      .click();
    await page.getByRole('tooltip').getByRole('button', { name: '确定' }).click();
    await expect(page).toHaveURL(/reconciliation-runs/);
    await expect(page.getByRole('row').filter({ hasText: '微信' }).first()).toContainText('完成');
    await expect(page.getByRole('row').filter({ hasText: '支付宝' }).first()).toContainText('完成');

    await page.goto(`/summary?from=${morning.date}&to=${morning.date}`);
    const byType = page.getByRole('region', { name: '按支付类型', exact: true });
    await expect(byType).toBeVisible();
    const figures = async (name: string) =>
      (await byType.getByRole('row').filter({ hasText: name }).getByRole('cell').allInnerTexts()).slice(1);
    expect(await figures('支付宝')).toEqual(['12.34', '12.34', '0.00']);
    expect(await figures('微信')).toEqual(['0.00', '0.00', '0.00']);
    expect(await figures('合计')).toEqual(['12.34', '12.34', '0.00']);
    await page.close();
  });

  await test.step('and the channels’ own books say the same', async () => {
    const { ledger } = hospital.sandbox;
    expect(ledger.payments().map(({ amountFen, refundedFen }) => [amountFen, refundedFen])).toEqual([
      [1234, 0],
      [1999, 1999],
    ]);
    expect(ledger.refunds().map(({ amountFen, state }) => [amountFen, state])).toEqual([[1999, 'succeeded']]);
    const totals = await hospital.strapi().db.query('api::daily-total.daily-total').findMany({});
    expect(
      totals.map(({ payType, hisFen, platformFen, channelFen, differenceFen }) =>
        [payType, hisFen, platformFen, channelFen, differenceFen].map(String),
      ),
    ).toEqual(
      expect.arrayContaining([
        ['alipay', '1234', '1234', '1234', '0'],
        ['wechat', '0', '0', '0', '0'],
      ]),
    );
  });
});

test('a wrong password says so and lets nobody in', async ({ browser }) => {
  const page = await (await browser.newContext({ baseURL: hospital.url })).newPage();
  await page.goto('/');
  await expect(page).toHaveURL(/sign-in/);
  await fillSignIn(page, 'cashier', 'not the password');
  await expect(page.getByRole('alert')).toContainText('用户名或密码');
  await expect(page).toHaveURL(/sign-in/);
  await page.close();
});

test('a cashier is shown no screen of finance, by menu or by address', async ({ browser }) => {
  const page = await as(browser, 'cashier');
  await expect(page.getByRole('menuitem', { name: '收银台' })).toBeVisible();
  for (const path of ['/summary', '/discrepancies', '/locate', '/statistics', '/interface-logs']) {
    await expect(page.locator(`a[href="${path}"]`)).toHaveCount(0);
    await page.goto(path);
    await expect(page.getByText('当前账号没有查看此页面的权限')).toBeVisible();
  }
  const asked = await (await hospital.staff('cashier'))('GET', '/api/discrepancies');
  expect(asked.status).toBe(403);
  await page.close();
});

test('a refused payment says why, what to do, and whether to try again', async ({ browser }) => {
  const cashier = await as(browser, 'cashier');
  await enter(cashier, { amount: '1.07', businessNo: 'MZ20260003' });
  await scan(cashier, hospital.sandbox.patient.issueCode('alipay'));
  await expect(cashier.getByText('收款失败')).toBeVisible();
  await expect(cashier.getByText('患者支付宝余额不足')).toBeVisible();
  await expect(cashier.getByRole('alert')).toHaveText(/请患者更换付款方式\s*可重新发起/);
  await cashier.close();
});

test('pressing 收款 twice charges once', async ({ browser }) => {
  const before = (await orders()).length;
  const paidBefore = taken('wechat').length;
  const page = await as(browser, 'cashier');
  await enter(page, { amount: '8.88', businessNo: 'MZ20260003' });
  await page.getByLabel('付款码', { exact: true }).fill(hospital.sandbox.patient.issueCode('wechat'));
  await page.getByRole('button', { name: '收款', exact: true }).dblclick();
  await expect(page.getByText('收款成功')).toBeVisible();
  expect((await orders()).length).toBe(before + 1);
  expect(taken('wechat').length).toBe(paidBefore + 1);
  await page.close();
});

test('a gateway that went away leaves the sale 结果确认中, never failed, until it tells', async ({
  browser,
}) => {
  const paidBefore = taken('alipay').length;
  const page = await as(browser, 'cashier');
  await enter(page, { amount: '6.66', businessNo: 'MZ20260004' });
  // The money is taken; the answer, the notification and every question after it are lost.
  hospital.sandbox.faults.add({ channel: 'alipay', operation: 'notify', kind: 'lost_notify', times: 0 });
  hospital.sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind: 'reset', phase: 'after' });
  hospital.sandbox.faults.add({
    channel: 'alipay',
    operation: 'query',
    kind: 'reset',
    phase: 'before',
    times: 0,
  });
  await scan(page, hospital.sandbox.patient.issueCode('alipay'));
  await expect(page.getByText('结果确认中', { exact: true })).toBeVisible();
  await expect(page.getByText('请勿重复收款')).toBeVisible();
  await expect(page.getByText('收款失败')).toHaveCount(0);
  hospital.sandbox.faults.clear();
  await expect(page.getByText('收款成功')).toBeVisible({ timeout: 30_000 });
  expect(taken('alipay').length).toBe(paidBefore + 1);
  await page.close();
});
