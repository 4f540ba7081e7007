import path from 'node:path';
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { password } from '../harness/hospital';

/** Turns a browser's own clock ahead, timers untouched; what is loaded from then on believes it. */
export async function turnClock(context: BrowserContext, ms: number): Promise<void> {
  await context.addInitScript((shift: number) => {
    const Real = Date;
    const now = () => Real.now() + shift;
    globalThis.Date = new Proxy(Real, {
      construct: (target, given) =>
        given.length === 0 ? new target(now()) : Reflect.construct(target, given),
      get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
    });
  }, ms);
}

export async function fillSignIn(page: Page, username: string, secret: string): Promise<void> {
  await page.getByLabel('用户名').fill(username);
  await page.getByLabel('密码', { exact: true }).fill(secret);
  await page.keyboard.press('Enter');
}

/** A person at a computer of the hospital, signed in. */
export async function signIn(
  browser: Browser,
  url: string,
  username: string,
  options: { aheadMs?: number } = {},
): Promise<Page> {
  const context = await browser.newContext({ baseURL: url });
  if (options.aheadMs) await turnClock(context, options.aheadMs);
  const page = await context.newPage();
  await page.goto('/sign-in');
  await fillSignIn(page, username, password);
  await expect(page.getByRole('button', { name: '用户菜单' })).toBeVisible();
  return page;
}

/** Keeps a picture for the documentation when asked to (SCREENS=1). */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENS !== '1') return;
  await page.mouse.move(5, 700);
  await page.waitForTimeout(600);
  await page.screenshot({ path: path.join(__dirname, '..', '..', 'docs', 'screens', `${name}.png`) });
}
