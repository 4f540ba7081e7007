import { type Browser, expect, type Page, test } from '@playwright/test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { picture, signIn } from './person';

const card = '0099001234';
let hospital: Hospital;

test.beforeAll(async () => {
  hospital = await startHospital({ merchant: { name: '市第一人民医院（东院区）' } });
  hospital.sandbox.outcomes.byAmount = false;
  await hospital
    .strapi()
    .db.query('api::terminal.terminal')
    .create({
      data: { code: 'Z01', name: '门诊大厅1号自助机', merchantCode, kind: 'kiosk', enabled: true },
    });
});
test.afterAll(() => hospital?.stop());

/** A scanner that types: quick keys, then Enter, wherever the focus is. */
async function scan(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** Hands need 64 px, and nothing lies beyond the edges. */
async function expectTouchable(page: Page, size: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(size);
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox();
    const name = await button.innerText();
    expect(box?.height, name).toBeGreaterThanOrEqual(64);
    expect((box?.y ?? 0) + (box?.height ?? 0), name).toBeLessThanOrEqual(size.height);
  }
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over).toBeLessThanOrEqual(0);
}
const small = { width: 1280, height: 800 };
const large = { width: 1080, height: 1920 };
async function expectFits(page: Page, name?: string): Promise<void> {
  await expectTouchable(page, small);
  if (name) await picture(page, `${name}-small`);
  await expectTouchable(page, large);
  if (name) await picture(page, name);
}

async function registered(browser: Browser): Promise<Page> {
  const admin = await signIn(browser, hospital.url, 'admin');
  await admin.goto('/terminals');
  await admin.getByRole('row', { name: /Z01/ }).getByRole('button', { name: '口令' }).click();
  await admin.getByRole('button', { name: '生成自助机口令' }).click();
  const token = await admin.getByTestId('kiosk-token').innerText();
  await admin.close();
  const context = await browser.newContext({ baseURL: hospital.url, viewport: large, hasTouch: true });
  const page = await context.newPage();
  await page.goto('/kiosk');
  await page.getByLabel('终端编码').fill('Z01');
  await page.getByLabel('自助机口令').fill(token.trim());
  await page.getByRole('button', { name: '保存并启用' }).click();
  await expect(page.getByRole('button', { name: /门诊缴费/ })).toBeVisible();
  return page;
}

test('a kiosk is registered; a prescription is paid by payment code, a deposit by the code on the screen', async ({
  browser,
}) => {
  const page = await registered(browser);
  await page.reload();
  await expect(page.getByRole('heading', { name: '市第一人民医院（东院区）' })).toBeVisible();
  await expectFits(page, 'kiosk-home');

  await test.step('门诊缴费', async () => {
    await page.getByRole('button', { name: /门诊缴费/ }).click();
    await expectFits(page);
    await expect(page.getByTestId('countdown')).toContainText('秒后返回首页');
    await scan(page, card);
    await expectFits(page);
    await page.getByRole('button', { name: /处方/ }).click();
    await expect(page.getByRole('img', { name: '或用手机扫码' })).toBeVisible();
    await expectFits(page, 'kiosk-pay');
    await scan(page, card);
    await expect(page.getByRole('alert')).toContainText('这不是付款码');
    await scan(page, hospital.sandbox.patient.issueCode('alipay'));
    await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
    await expect(page.getByRole('article', { name: '缴费凭条' })).toContainText('门诊大厅1号自助机');
    await expect(page.getByText('医院已入账')).toBeVisible();
    await expectFits(page);
    await page.emulateMedia({ media: 'print' });
    await expect(page.getByRole('button', { name: '打印凭条' })).toBeHidden();
    await expect(page.getByRole('article', { name: '缴费凭条' })).toBeVisible();
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('button', { name: '返回首页' }).click();
  });

  await test.step('住院预交金', async () => {
    await page.getByRole('button', { name: /住院预交金/ }).click();
    for (const digit of card) await page.getByRole('button', { name: digit, exact: true }).click();
    await page.getByRole('button', { name: '确认' }).click();
    await page.getByRole('button', { name: '500', exact: true }).click();
    await expectFits(page);
    await page.getByRole('button', { name: '确认' }).click();
    const code = page.getByRole('img', { name: '或用手机扫码' });
    await expect(code).toBeVisible();
    const { data, width, height } = PNG.sync.read(await code.screenshot());
    const address = jsQR(new Uint8ClampedArray(data), width, height)?.data ?? '';
    expect(address).toContain('/pay/');
    const phone = await browser.newPage({
      viewport: { width: 390, height: 844 },
      userAgent: 'iPhone Mobile',
    });
    await phone.goto(address);
    await phone.getByRole('button', { name: /支付宝支付/ }).click();
    await phone.getByLabel('支付密码').fill('123456');
    await phone.getByRole('button', { name: /确认支付/ }).click();
    await expect(page.getByRole('heading', { name: '预交金已收到' })).toBeVisible();
    await expect(page.getByRole('article', { name: '缴费凭条' })).toContainText('¥500.00');
    await phone.close();
  });

  const orders = await hospital
    .strapi()
    .db.query('api::order.order')
    .findMany({ orderBy: { id: 'asc' } });
  expect(orders).toMatchObject([
    { status: 'paid', scene: 'micropay', terminalCode: 'Z01', businessNo: `CF${card}` },
    { status: 'paid', scene: 'h5', terminalCode: 'Z01', bizType: '住院预交金' },
  ]);
  await page.context().close();
});
