import { expect, type Locator, type Page } from '@playwright/test';

export const rowsOf = (scope: Page | Locator) => scope.locator('tr.ant-table-row');

/** The rows of the table in a place, each as heading → text. */
export async function table(scope: Page | Locator): Promise<Record<string, string>[]> {
  await expect(rowsOf(scope).first()).toBeVisible();
  const clean = (text: string) => text.replace(/\s+/g, ' ').trim();
  const heads = (await scope.locator('thead').first().locator('th').allInnerTexts()).map(clean);
  const lines = await rowsOf(scope).evaluateAll((rows) =>
    // A number cut short for its column still names itself in full to who listens.
    rows.map((row) =>
      [...row.querySelectorAll('td')].map(
        (cell) => cell.querySelector('[aria-label].number')?.getAttribute('aria-label') ?? cell.innerText,
      ),
    ),
  );
  return lines.map((cells) =>
    Object.fromEntries(heads.map((head, index) => [head, clean(cells[index] ?? '')])),
  );
}

/** Waits until a table shows these cells under these headings. */
export const expectTable = (scope: Page | Locator, columns: string, lines: string[]) =>
  expect
    .poll(async () =>
      (await table(scope)).map((row) =>
        columns
          .split(' | ')
          .map((name) => row[name])
          .join(' | '),
      ),
    )
    .toEqual(lines);

/** Nothing of the page is still being loaded. */
export const isSettled = (page: Page) =>
  expect(page.locator('.ant-spin-spinning, .ant-skeleton-active')).toHaveCount(0);

export async function fillRange(page: Page, from: string, to: string): Promise<void> {
  await page.getByPlaceholder('开始日期').fill(from);
  await page.keyboard.press('Enter');
  await page.getByPlaceholder('结束日期').fill(to);
  await page.keyboard.press('Enter');
}

/** Takes a choice of one filter of a list. */
export async function choose(page: Page, name: string, choice: string): Promise<void> {
  // What is chosen already lies over it.
  await page.getByRole('combobox', { name, exact: true }).click({ force: true });
  await page.locator('.ant-select-item-option-content:visible').getByText(choice, { exact: true }).click();
  await isSettled(page);
}

/** Types into one filter of a list. */
export async function filterBy(page: Page, name: string, value: string): Promise<void> {
  await page.getByRole('textbox', { name, exact: true }).fill(value);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(encodeURIComponent(value).replaceAll('.', '\\.')));
  await isSettled(page);
}
