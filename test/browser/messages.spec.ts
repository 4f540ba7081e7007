import { monitoring } from '@hospital-pay/monitoring';
import { payments } from '@hospital-pay/payments';
import { expect, test } from '@playwright/test';
import { type Hospital, startHospital } from '../harness/hospital';
import { startTarget, type TargetServer } from '../monitoring/targets';
import { picture, signIn } from './person';
import { rowsOf } from './tables';

let hospital: Hospital;
let hook: TargetServer;

test.beforeAll(async () => {
  hospital = await startHospital();
  hook = await startTarget();
});
test.afterAll(async () => {
  await hospital?.stop();
  await hook?.stop();
});

const ring = (name: string) =>
  payments(hospital.strapi()).events.emit('alarm', {
    kind: 'his_silent',
    level: 'critical',
    zh: `HIS 无应答 ${name}`,
    en: `HIS is silent ${name}`,
    orderNo: null,
    dedupeKey: name,
    about: name,
  });

test('operations sets up a target, is told live, acknowledges, and sees who got it', async ({ browser }) => {
  const page = await signIn(browser, hospital.url, 'ops');
  await page.goto('/message-targets');
  await page.getByRole('button', { name: /新\s*建/ }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('编码').fill('hook');
  await form.getByLabel('名称').fill('值班群');
  await form.getByLabel('类型').click();
  await page.getByTitle('Webhook', { exact: true }).click();
  await form.getByLabel('地址').fill(hook.url);
  await form.getByLabel('签名密钥').fill('a-webhook-secret-of-ours');
  await form.getByRole('button', { name: /保\s*存/ }).click();
  await expect(form).toBeHidden();
  await rowsOf(page).first().getByRole('button', { name: '测试发送' }).click();
  await expect(page.getByText(/已送达/)).toBeVisible();
  expect(JSON.parse(hook.taken[0]?.body ?? '{}')).toMatchObject({ state: 'test' });

  await page.goto('/message-routes');
  await rowsOf(page).first().getByRole('button', { name: '编辑' }).click();
  const route = page.getByRole('dialog');
  await route.getByLabel('通知渠道').click();
  await page.getByTitle('值班群').click();
  await page.keyboard.press('Escape');
  await route.getByRole('button', { name: /保\s*存/ }).click();
  await expect(route).toBeHidden();

  await expect(page.getByRole('button', { name: '未读消息 0 条' })).toBeVisible();
  ring('A');
  await expect(page.getByText('HIS 无应答 A')).toBeVisible();
  await page.getByRole('button', { name: '未读消息 1 条' }).click();
  const row = rowsOf(page).filter({ hasText: 'HIS 无应答 A' });
  await expect(row).toContainText('待处理');
  await expect(row).toContainText('HIS 无应答');
  await expect(row).toContainText('ops');
  await row.getByRole('button', { name: '查看' }).click();
  const detail = page.getByRole('dialog');
  await expect(detail.getByRole('row').filter({ hasText: '值班群' })).toContainText('已送达');
  await expect(detail.getByRole('row').filter({ hasText: '站内消息' }).first()).toBeVisible();
  await picture(page, 'messages');
  await detail.getByRole('button', { name: '确认，我来处理' }).click();
  await expect(detail.getByText('已有人处理，不再升级')).toBeVisible();
  await expect(page.getByRole('button', { name: '未读消息 0 条' })).toBeVisible();
  await page.close();
});

test('a rule is tried on the last day and fired, in English', async ({ browser }) => {
  const page = await signIn(browser, hospital.url, 'ops');
  await page.getByRole('button', { name: '切换语言' }).click();
  await page.goto('/alert-rules');
  const row = rowsOf(page).filter({ hasText: 'success-rate' });
  await row.getByRole('button', { name: 'Edit' }).click();
  const form = page.getByRole('dialog').first();
  await form.getByRole('button', { name: 'Try on the last 24 hours' }).click();
  await expect(page.getByText('It would not have rung in the last 24 hours')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('It would not have rung in the last 24 hours')).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(form).toBeHidden();
  await row.getByRole('button', { name: 'Test' }).click();
  await page.getByRole('tooltip').getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('(Test) Low success rate of a channel, by ops')).toBeVisible();
  await monitoring(hospital.strapi()).flush();
  await page.goto('/message-templates');
  await rowsOf(page).first().getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByText('[Warning Alert] This is a test message')).toBeVisible();
  await page.close();
});
