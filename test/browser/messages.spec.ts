import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, payments } from '@hospital-pay/payments';
import { expect, type Page, test } from '@playwright/test';
import { type Hospital, startHospital } from '../harness/hospital';
import { startTarget, type TargetServer } from '../monitoring/targets';
import { picture, signIn } from './person';
import { fillRange, filterBy, rowsOf, table } from './tables';

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

async function choose(page: Page, name: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name, exact: true }).click();
  await page.locator('.ant-select-dropdown:visible').getByTitle(option, { exact: true }).click();
  await page.keyboard.press('Escape');
}

test('消息管理 shows who got a message, whether it arrived and was read; each filter keeps what it says', async ({
  browser,
}) => {
  const db = hospital.strapi().db.connection;
  const { events } = payments(hospital.strapi());
  const told = (kind: string, level: 'info' | 'warning' | 'critical', zh: string, orderNo: string | null) =>
    events.emit('alarm', { kind, level, zh, en: zh, orderNo, dedupeKey: zh, about: zh });
  const stateOf = async (title: string) =>
    (await db('messages').where({ title }).first('delivery'))?.delivery ?? null;
  const refusing = await startTarget();
  refusing.behave('refuse');
  const ops = await hospital.staff('ops');
  const robot = { code: 'robot', name: '机器人', kind: 'webhook' };
  const config = { url: refusing.url, secret: 'a-webhook-secret-of-ours' };
  const route = {
    name: '严重',
    minLevel: 'critical',
    step: 1,
    afterMinutes: 0,
    targets: 'robot',
    enabled: true,
  };
  expect((await ops('POST', '/api/monitoring/targets', { ...robot, config })).status).toBe(200);
  expect((await ops('POST', '/api/message-routes', { data: route })).status).toBe(201);

  told('refund_failed', 'warning', '退款失败甲', '1301178801201811130000000000001');
  await expect.poll(() => stateOf('退款失败甲')).toBe('delivered');
  told('his_refused', 'critical', 'HIS拒绝入账乙', '1301178801201811130000000000002');
  await expect.poll(() => stateOf('HIS拒绝入账乙')).toBe('failed');
  await refusing.stop();
  told('late_payment', 'info', '迟到付款丙', null);
  await expect.poll(() => stateOf('迟到付款丙')).toBe('delivered');
  const longAgo = dateValue(db, new Date('2018-11-13T02:36:11Z'));
  await db('messages').where({ title: '退款失败甲' }).update({ at: longAgo });

  const page = await signIn(browser, hospital.url, 'ops');
  await page.goto('/messages');
  await expect(rowsOf(page).filter({ hasText: '迟到付款丙' })).toBeVisible();
  expect(
    (await page.locator('thead').first().locator('th').allInnerTexts()).map((text) => text.trim()),
  ).toEqual('时间 级别 状态 标题 接收人 送达 阅读人 已读时间 确认人 次数 最近一次 订单号 操作'.split(' '));
  await page.getByRole('button', { name: '展开' }).click();
  expect(await page.locator('.filter-label').allInnerTexts()).toEqual(
    '时间 级别 状态 送达 已读 标题 类型 订单号'.split(' '),
  );

  const own = ['退款失败甲', 'HIS拒绝入账乙', '迟到付款丙'];
  /** Which of the three are left, and what all rows say in a column. */
  const left = async (column: string) => {
    const rows = await table(page);
    return {
      own: own.filter((title) => rows.some((row) => row.标题 === title)),
      say: [...new Set(rows.map((row) => row[column]))],
    };
  };
  const reset = async () => {
    await page.getByRole('button', { name: /重\s*置/ }).click();
    await expect.poll(async () => (await left('标题')).own).toEqual(own);
  };

  await reset();
  await fillRange(page, '2018-11-13', '2018-11-13');
  await expect.poll(() => left('时间')).toEqual({ own: ['退款失败甲'], say: ['2018-11-13 10:36:11'] });
  await reset();
  await choose(page, '级别', '提示');
  await expect.poll(() => left('级别')).toEqual({ own: ['迟到付款丙'], say: ['提示'] });
  await reset();
  await choose(page, '送达', '未送达');
  await expect.poll(() => left('送达')).toEqual({ own: ['HIS拒绝入账乙'], say: ['未送达'] });
  await reset();
  await filterBy(page, '标题', '退款失败甲');
  await expect.poll(() => left('标题')).toEqual({ own: ['退款失败甲'], say: ['退款失败甲'] });
  await reset();
  await choose(page, '类型', 'HIS 拒绝入账');
  await expect.poll(() => left('标题')).toEqual({ own: ['HIS拒绝入账乙'], say: ['HIS拒绝入账乙'] });
  await reset();
  await filterBy(page, '订单号', '1301178801201811130000000000001');
  await expect.poll(() => left('接收人')).toEqual({ own: ['退款失败甲'], say: ['finance、ops'] });
  await reset();

  await choose(page, '已读', '否');
  await expect.poll(() => left('已读时间')).toEqual({ own, say: ['—'] });
  const row = rowsOf(page).filter({ hasText: '退款失败甲' });
  await row.getByRole('button', { name: '查看' }).click();
  const detail = page.getByRole('dialog');
  await detail.getByRole('button', { name: '标记为已恢复' }).click();
  await expect(row, 'read, it leaves the list of the unread').toBeHidden();
  await expect(detail.getByText('已恢复', { exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(detail).toBeHidden();
  await reset();
  await choose(page, '状态', '已恢复');
  await expect.poll(() => left('状态')).toMatchObject({ own: ['退款失败甲'], say: ['已恢复'] });
  await reset();
  await choose(page, '已读', '是');
  await expect.poll(async () => (await left('阅读人')).own).toEqual(['退款失败甲']);
  await expect(row).toContainText('ops');
  await page.close();
});

test('a rule is tried on the last day and fired, in English', async ({ browser }) => {
  const page = await signIn(browser, hospital.url, 'ops');
  await page.getByRole('button', { name: '切换语言' }).click();
  await page.goto('/message-routes');
  await expect(rowsOf(page).filter({ hasText: 'Warnings and above' })).toBeVisible();
  await page.goto('/alert-rules');
  await expect(rowsOf(page).filter({ hasText: 'No orders in working hours' })).toBeVisible();
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
