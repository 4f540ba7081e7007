import fs from 'node:fs';
import { inflateSync } from 'node:zlib';
import { type Browser, devices, expect, type Page, test } from '@playwright/test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { extractText, getDocumentProxy } from 'unpdf';
import { signedHeaders } from '../harness/client';
import { application, type Hospital, startHospital } from '../harness/hospital';
import { openYenHospital } from '../patients/yen-hospital';
import { picture, signIn } from './person';

const wechatAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.47(0x18002f2c) NetType/4G Language/zh_CN';
const alipayAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20D47 Ariver/1.1.0 AliApp(AP/10.5.20.6000) Nebula AlipayClient/10.5.20.6000 Language/zh-Hans';
const phoneAgent = devices['iPhone 14'].userAgent;

let hospital: Hospital;
let count = 0;

test.beforeAll(async () => {
  hospital = await startHospital({ merchant: { name: '市第一人民医院（东院区）' } });
  hospital.sandbox.outcomes.byAmount = false;
});
test.afterAll(() => hospital?.stop());

async function newBill(changes: Record<string, unknown> = {}): Promise<{ url: string; businessNo: string }> {
  count += 1;
  const { body } = await hospital.call<{ url: string; businessNo: string }>('POST', '/api/v1/payment-links', {
    merchantOrderNo: `H5${count}`,
    businessNo: `RX${count}`,
    amountFen: 12345,
    subject: '门诊处方（呼吸内科）',
    items: [
      { name: '盐酸氨溴索口服溶液 100ml:0.6g', quantity: '2瓶', amountFen: 8345 },
      { name: '诊查费', amountFen: 4000 },
    ],
    patientName: '欧阳明珠',
    department: '呼吸与危重症医学科',
    ...changes,
  });
  return body;
}

/** A phone of a common size, held by somebody who speaks Chinese. */
async function phone(browser: Browser, userAgent: string, inWallet?: 'wechat'): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    userAgent,
  });
  if (inWallet) {
    const bridge = await fetch(`${hospital.sandbox.baseUrl()}/wechat/browser/bridge.js`);
    await context.addInitScript({ content: await bridge.text() });
  }
  return context.newPage();
}

async function enterPassword(wallet: Page): Promise<void> {
  await wallet.getByLabel('支付密码').fill('123456');
  await wallet.getByRole('button', { name: /确认支付/ }).click();
}

/** The code in a PDF of ours: its one picture, as a scanner of the printed page would read it. */
function codeIn(pdf: Buffer): string | undefined {
  const text = pdf.toString('latin1');
  const at = text.search(/\/Subtype \/Image[^>]*\/ColorSpace \/DeviceRGB/);
  const [, width = '', height = ''] = /\/Width (\d+)\s+\/Height (\d+)/.exec(text.slice(at)) ?? [];
  const colours = inflateSync(pdf.subarray(text.indexOf('stream\n', at) + 'stream\n'.length));
  const pixels = new Uint8ClampedArray(Number(width) * Number(height) * 4);
  for (let pixel = 0; pixel < pixels.length / 4; pixel++)
    pixels.set([...colours.subarray(pixel * 3, pixel * 3 + 3), 255], pixel * 4);
  return jsQR(pixels, Number(width), Number(height))?.data;
}

const taken = (businessNo: string) =>
  hospital
    .strapi()
    .db.query('api::order.order')
    .count({ where: { businessNo, status: 'paid' } });

/** Fingers need 48 px. */
async function expectTouchable(page: Page): Promise<void> {
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox();
    expect(box?.height, await button.innerText()).toBeGreaterThanOrEqual(48);
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
}

test('in Alipay: the bill, the wallet, the receipt, and the same receipt after a reload', async ({
  browser,
}) => {
  const bill = await newBill();
  const page = await phone(browser, alipayAgent);
  await page.goto(bill.url);
  await expect(page.getByRole('heading', { name: '市第一人民医院（东院区）' })).toBeVisible();
  await expect(page.getByTestId('amount')).toHaveText('¥123.45');
  await expect(page.getByText('欧**珠')).toBeVisible();
  await expect(page.getByText('欧阳明珠')).toHaveCount(0);
  await expectTouchable(page);
  await picture(page, 'h5-bill');
  await page.getByRole('button', { name: /确认支付/ }).click();
  await enterPassword(page);
  await page.getByRole('link', { name: '完成' }).click();
  await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  await expect(page.getByRole('article')).toContainText('¥123.45');
  await expect(page.getByText('医院已入账')).toBeVisible();
  await picture(page, 'h5-receipt');
  await page.reload();
  await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  expect(await taken(bill.businessNo)).toBe(1);
  await page.context().close();
});

test('a code printed on a prescription: read by a scanner, opened by the wallet, paid', async ({
  browser,
}) => {
  const bill = await newBill({ usage: 'prescription' });
  const path = `/api/v1/payment-links/H5${count}/qr.png`;
  const response = await fetch(hospital.url + path, {
    headers: signedHeaders(application, { method: 'GET', path, body: '' }),
  });
  const { data, width, height } = PNG.sync.read(Buffer.from(await response.arrayBuffer()));
  const scanned = jsQR(new Uint8ClampedArray(data), width, height);
  expect(scanned?.data).toBe(bill.url);
  // Coarse enough for a small print: no more than 33 modules a side.
  expect(scanned?.version).toBeLessThanOrEqual(4);
  const page = await phone(browser, alipayAgent);
  await page.goto(scanned?.data ?? '');
  await page.getByRole('button', { name: /确认支付/ }).click();
  await enterPassword(page);
  await page.getByRole('link', { name: '完成' }).click();
  await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  await page.context().close();
});

test('in WeChat: who pays is found out silently, the sheet opens over the page, a cancelled one can be tried again', async ({
  browser,
}) => {
  const bill = await newBill();
  const page = await phone(browser, wechatAgent, 'wechat');
  await page.goto(bill.url);
  const payButton = page.getByRole('button', { name: /确认支付|继续支付/ });
  await expect(payButton).toBeVisible();
  let sheet = page.waitForEvent('popup');
  await payButton.click();
  await (await sheet).close();
  await expect(page.getByText('您已取消支付')).toBeVisible();
  sheet = page.waitForEvent('popup');
  await payButton.click();
  await enterPassword(await sheet);
  await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  await expect(page.getByRole('article')).toContainText('微信');
  expect(await taken(bill.businessNo)).toBe(1);
  await page.context().close();
});

test('in a plain browser: a wallet is chosen, the page is closed on the way, and opening it again finds the payment', async ({
  browser,
}) => {
  const bill = await newBill();
  const page = await phone(browser, phoneAgent);
  await page.goto(bill.url);
  await expect(page.getByRole('button', { name: /支付宝支付/ })).toBeVisible();
  await page.getByRole('button', { name: /微信支付/ }).click();
  await page.waitForURL(/sandbox\/patient/);
  const wallet = page.url();
  await page.context().close();

  const again = await phone(browser, phoneAgent);
  await again.goto(bill.url);
  await expect(again.getByRole('heading', { name: /有一笔微信/ })).toBeVisible();
  await expectTouchable(again);
  await picture(again, 'h5-under-way');
  const other = await phone(browser, phoneAgent);
  await other.goto(wallet);
  await enterPassword(other);
  await expect(again.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  expect(await taken(bill.businessNo)).toBe(1);
  await again.context().close();
  await other.context().close();
});

test('a computer shows the one code; without a network the page says so and recovers; what cannot be paid says why', async ({
  browser,
}) => {
  const bill = await newBill();
  const page = await browser.newPage();
  await page.goto(bill.url);
  await expect(page.getByRole('img', { name: '请用手机扫码支付' })).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.getByText('网络不通')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText('网络不通')).toHaveCount(0);
  await hospital.call('POST', `/api/v1/payment-links/H5${count}/close`);
  await page.reload();
  await expect(page.getByRole('heading', { name: '缴费单已作废' })).toBeVisible();
  await page.goto(`${bill.url.slice(0, -2)}AA`);
  await expect(page.getByRole('heading', { name: /二维码无效/ })).toBeVisible();
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('heading', { name: /not valid/ })).toBeVisible();
  await page.close();
});

test('in the consulting room the doctor shows a prescription as a code and sees it paid', async ({
  browser,
}) => {
  const doctor = await signIn(browser, hospital.url, 'cashier');
  await doctor.goto('/room');
  await doctor.getByLabel('就诊卡号').fill('0099001234');
  await doctor.keyboard.press('Enter');
  await doctor.getByRole('row', { name: /处方/ }).getByRole('button', { name: '出示收款码' }).click();
  const code = doctor.getByRole('figure', { name: '收款码' });
  await expect(code).toBeVisible();
  await picture(doctor, 'room');
  const kept = doctor.waitForEvent('download');
  await doctor.getByRole('button', { name: '下载 PDF' }).click();
  const pdf = fs.readFileSync(await (await kept).path());
  expect(codeIn(pdf)).toBe(await code.getAttribute('data-text'));
  const { totalPages, text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)), {
    mergePages: true,
  });
  expect(totalPages).toBe(1);
  expect(text).toContain('市第一人民医院（东院区）');
  expect(text).toContain('诊间缴费单');
  const page = await phone(browser, phoneAgent);
  await page.goto((await code.getAttribute('data-text')) ?? '');
  await page.getByRole('button', { name: /支付宝支付/ }).click();
  await enterPassword(page);
  await expect(doctor.getByText('已缴费')).toBeVisible();
  await expect(doctor.getByText(/HIS已入账/)).toBeVisible();
  await page.context().close();
  await doctor.close();
});

/** What Safari puts into a page; the device behind it is played here, with real sessions, tokens and keys. */
async function safari(page: Page, answers: ((amount: string) => string | null)[]): Promise<number[]> {
  const shown: number[] = [];
  await page.exposeFunction('deviceToken', (amount: string) => answers.shift()?.(amount) ?? null);
  await page.exposeFunction('sheetShows', (status: number) => shown.push(status));
  await page.addInitScript((validationURL: string) => {
    const device: {
      deviceToken(amount: string): Promise<string | null>;
      sheetShows(status: number): Promise<void>;
    } = Object.assign(window);
    class Sheet {
      static STATUS_SUCCESS = 0;
      static STATUS_FAILURE = 1;
      static canMakePayments = () => true;
      onvalidatemerchant = (_: object) => undefined;
      onpaymentauthorized = (_: object) => undefined;
      oncancel = () => undefined;
      constructor(
        _version: number,
        readonly request: { total: { amount: string } },
      ) {}
      begin() {
        setTimeout(() => this.onvalidatemerchant({ validationURL }));
      }
      abort() {}
      async completeMerchantValidation(session: { domainName: string }) {
        if (session.domainName !== location.hostname) return;
        const token = await device.deviceToken(this.request.total.amount);
        if (token === null) this.oncancel();
        else this.onpaymentauthorized({ payment: { token: JSON.parse(token) } });
      }
      completePayment({ status }: { status: number }) {
        void device.sheetShows(status);
      }
    }
    Object.assign(window, { ApplePaySession: Sheet });
  }, `${hospital.sandbox.baseUrl()}/applepay/paymentservices/startSession`);
  return shown;
}

test('Apple Pay: a cancelled sheet, a declined card, then one that pays; no button where there is no Apple Pay', async ({
  browser,
}) => {
  const yen = await openYenHospital(hospital);
  const bill = await yen.newBill(12345);
  const elsewhere = await phone(browser, phoneAgent);
  await elsewhere.goto(bill.url);
  await expect(elsewhere.getByText('此浏览器无法支付')).toBeVisible();
  await elsewhere.context().close();

  const { applepay } = hospital.sandbox.gateways;
  const page = await phone(browser, phoneAgent);
  const shown = await safari(page, [
    () => null,
    (amount) => applepay.token(Number(amount), 'declined'),
    (amount) => applepay.token(Number(amount), 'pays'),
  ]);
  await page.goto(bill.url);
  await expect(page.getByTestId('amount')).toHaveText('¥12,345');
  const button = page.getByRole('button', { name: 'Apple Pay支付 ¥12,345' });
  await expectTouchable(page);
  await picture(page, 'h5-apple-pay');
  await button.click();
  await expect(page.getByText('您已取消支付')).toBeVisible();
  await button.click();
  await expect(page.getByText(/上次支付未成功/)).toBeVisible();
  await button.click();
  await expect(page.getByRole('heading', { name: '缴费成功' })).toBeVisible();
  await expect(page.getByRole('article')).toContainText('Apple Pay');
  expect(shown).toEqual([1, 0]);
  expect(await taken(bill.businessNo)).toBe(1);
  await page.context().close();
});
