import { sandbox } from '@hospital-pay/sandbox';
import { plugInCardTerminals, seedMinimal } from '@hospital-pay/seeds';
import { expect, type Page, test } from '@playwright/test';
import { type Platform, startPlatform } from '../harness/platform';
import { picture, signIn } from './person';

/** The demo hospital's counter, with its simulated terminals beside the real agents. */
let platform: Platform;
let terminals: Awaited<ReturnType<typeof plugInCardTerminals>>;

test.beforeAll(async () => {
  platform = await startPlatform({
    env: { SANDBOX: 'true' },
    prepare: async (strapi) => {
      await seedMinimal(strapi);
    },
  });
  terminals = await plugInCardTerminals(platform.strapi());
});
test.afterAll(async () => {
  await terminals?.close();
  await platform?.stop();
});

const ledger = () => sandbox(platform.strapi()).ledger;
const chargedFen = (amountFen: number) =>
  ledger()
    .payments({ gateway: 'mispos' })
    .filter((payment) => payment.amountFen === amountFen).length;

/** What the next card at a window does, said as somebody who shows the demo would. */
async function nextCard(terminalCode: string, fate: string): Promise<void> {
  const response = await fetch(`${platform.url}/sandbox/control/mispos/cards`, {
    method: 'POST',
    body: JSON.stringify({ terminalId: terminals.terminalIdOf(terminalCode), fates: [fate] }),
  });
  expect(response.status).toBe(200);
}

async function chooseTerminal(page: Page, name: string): Promise<void> {
  await page.getByLabel('终端').click({ force: true });
  await page.locator('.ant-select-item-option').filter({ hasText: name }).click();
}

async function swipe(page: Page, amount: string): Promise<void> {
  await page.getByLabel('收款金额（元）').fill(amount);
  await page.getByLabel('HIS业务单号').fill(`MZ${amount.replace('.', '')}`);
  await page.getByLabel('病人姓名').fill('林小满');
  await page.getByRole('button', { name: '刷卡收款' }).click();
  await expect(page.getByText('请患者在终端上插卡、挥卡并输入密码')).toBeVisible();
}
const next = (page: Page) => page.getByRole('button', { name: '下一笔' }).click();

test('a cashier takes cards at the terminal, and finance gives one back', async ({ browser }) => {
  const cashier = await signIn(browser, platform.url, 'cashier');
  await expect(cashier.getByRole('button', { name: '刷卡收款' })).toBeDisabled();
  await expect(cashier.getByText('先选择本窗口的终端')).toBeVisible();
  await chooseTerminal(cashier, '1号收费窗口');
  await picture(cashier, 'cashier-card');

  await test.step('a card is charged, the receipt names it, HIS books it', async () => {
    await swipe(cashier, '12.34');
    await expect(cashier.getByText('收款成功')).toBeVisible();
    const receipt = cashier.getByRole('article', { name: '收款凭证' });
    await expect(receipt).toContainText('¥12.34');
    await expect(receipt).toContainText('银行卡');
    await expect(cashier.getByText('HIS已入账')).toBeVisible();
    await next(cashier);
  });

  await test.step('a refused card says why, and nothing is charged', async () => {
    await nextCard('E-C1', 'no_money');
    await swipe(cashier, '5.55');
    await expect(cashier.getByText('收款失败')).toBeVisible();
    await expect(cashier.getByText('余额不足')).toBeVisible();
    expect(chargedFen(555)).toBe(0);
    await next(cashier);
  });

  await test.step('an approval whose answer was lost is learnt from the terminal’s last transaction', async () => {
    await chooseTerminal(cashier, '2号收费窗口');
    await nextCard('E-C2', 'lost');
    await swipe(cashier, '66.66');
    await expect(cashier.getByText('收款失败')).toHaveCount(0);
    await expect(cashier.getByText('收款成功')).toBeVisible();
    expect(chargedFen(6666)).toBe(1);
    await next(cashier);
  });

  await test.step('without an agent no card is asked for', async () => {
    await terminals.close();
    await cashier.getByLabel('收款金额（元）').fill('7.77');
    await cashier.getByRole('button', { name: '刷卡收款' }).click();
    await expect(cashier.getByText('刷卡终端未连接')).toBeVisible();
    terminals = await plugInCardTerminals(platform.strapi());
    await next(cashier);
  });
  await cashier.close();

  const finance = await signIn(browser, platform.url, 'finance');
  await finance.goto('/orders');
  const row = finance.getByRole('row', { name: /12\.34/ });
  await row.getByRole('button', { name: '退款' }).click();
  const dialog = finance.getByRole('dialog', { name: '订单退款' });
  await dialog.getByLabel('退款原因').fill('重复收费');
  await finance.keyboard.press('Tab');
  await dialog.getByRole('button', { name: '确认退款' }).click();
  await expect(dialog).toBeHidden();
  await expect
    .poll(() => ledger().refunds({ gateway: 'mispos' }))
    .toMatchObject([{ amountFen: 1234, state: 'succeeded' }]);
  await finance.close();
});
