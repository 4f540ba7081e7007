import { exampleCode, seedDemo } from '@hospital-pay/seeds';
import { expect, type Locator, type Page, test } from '@playwright/test';
import ExcelJS from 'exceljs';
import { type Platform, startPlatform } from '../harness/platform';
import { picture, signIn } from './person';
import { expectTable, table } from './tables';

let platform: Platform;

test.beforeAll(async () => {
  platform = await startPlatform({
    env: { SANDBOX: 'true' },
    prepare: (strapi) => seedDemo(strapi, { now: new Date(), scale: 0.05 }),
  });
});
test.afterAll(() => platform?.stop());

type Sheets = Record<string, string[][]>;

/** A cell as Excel shows it by its format, in the way the screens write it. */
function shown({ value, numFmt }: ExcelJS.Cell): string {
  if (value === null || value === undefined) return '—';
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  if (typeof value === 'number' && numFmt.includes('0.00')) {
    return value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }
  return String(value);
}

/** Presses 导出Excel, waits for the file that comes by itself and reads it. */
async function exported(page: Page, place: Page | Locator = page): Promise<Sheets> {
  const arriving = page.waitForEvent('download');
  await place.getByRole('button', { name: '导出Excel' }).first().click();
  const file = await arriving;
  expect(file.suggestedFilename()).toMatch(/-\d{14}\.xlsx$/);
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile(await file.path());
  return Object.fromEntries(
    workbook.worksheets.map((sheet) => [
      sheet.name,
      Array.from({ length: sheet.rowCount }, (_, row) =>
        Array.from({ length: sheet.columnCount }, (_, column) => shown(sheet.getCell(row + 1, column + 1))),
      ),
    ]),
  );
}

/** The cells of a sheet under these headings, the heading left out. */
function cellsOf(sheet: string[][] | undefined, columns: string): string[] {
  const [head = [], ...rows] = sheet ?? [];
  return rows.map((row) =>
    columns
      .split(' | ')
      .map((name) => row[head.indexOf(name)])
      .join(' | '),
  );
}

test('a finance clerk finds the published figures on the screens and, cell by cell, in Excel', async ({
  browser,
}) => {
  const page = await signIn(browser, platform.url, 'finance');

  const orders =
    '下单时间 | 订单号 | 订单状态 | 异常说明 | 支付类型 | 支付状态 | 订单金额 | His收 | 平台退 | His退';
  const orderLines = [
    '2018-10-18 21:42:33 | 1301178801201810182143077001754 | 交易成功 | — | 微信 | 已支付 | 2,000.00 | 2,000.00 | 0.00 | 0.00',
    '2018-10-18 21:39:11 | 1301178801201810182139452241706 | 交易成功 | — | 微信 | 已支付 | 3,000.00 | 3,000.00 | 0.00 | 0.00',
    '2018-10-18 20:29:53 | 20181018203027978166 | 交易成功 | — | 支付宝 | 已支付 | 5,000.00 | 5,000.00 | 0.00 | 0.00',
    '2018-10-18 19:19:42 | 1301178801201810181920173951712 | 交易成功 | — | 微信 | 已支付 | 10,000.00 | 10,000.00 | 0.00 | 0.00',
    '2018-10-18 07:03:18 | 20181018070353264912 | 异常订单 | 收费金额不一样; 退费金额不一样 | 支付宝 | 已退款 | 130.00 | 0.00 | 130.00 | 0.00',
  ];
  await page.goto(`/orders?merchantCode=${exampleCode}&createdTime=2018-10-18~2018-10-18`);
  await expectTable(page, orders, orderLines);
  const orderSheets = await exported(page);
  expect(cellsOf(orderSheets.订单列表, orders)).toEqual([
    ...orderLines,
    '合计 | — | — | — | — | — | 20,130.00 | 20,000.00 | 130.00 | 0.00',
  ]);
  expect(cellsOf(orderSheets.订单列表, '订单标题')[4]).toBe('入职体检1');
  expect(orderSheets.筛选条件).toEqual(
    expect.arrayContaining([
      ['下单时间', '2018-10-18 ~ 2018-10-18'],
      ['商户', '对照示例医院'],
    ]),
  );

  const entries =
    '交易时间 | 商户名称 | 第三方订单号 | HIS流水号 | 业务类型 | 平台金额 | HIS金额 | 交易差额 | 支付方式 | 交易类型 | 就诊卡号 | 异常备注';
  const entryLines = [
    '2018-10-19 09:00:26 | 对照示例医院 | 1301178801201810190900081161779 | 428661561 | 自助机门诊 | 0.00 | 500.00 | 500.00 | 微信 | 收费 | 0003276083 | 单边账',
    '2018-10-19 08:58:51 | 对照示例医院 | 1301178801201810190858355241731 | 428661383 | 自助机门诊 | 0.00 | 100.00 | 100.00 | 微信 | 收费 | 0003821033 | 单边账',
    '2018-10-19 08:58:32 | 对照示例医院 | 1W20181019080744308517 | 428661355 | 小程序门诊 | 0.00 | -7.31 | -7.31 | 微信 | 退费 | 0003766789 | 单边账',
    '2018-10-19 08:58:23 | 对照示例医院 | 1301178801201810190858064361722 | 428661347 | 自助机门诊 | 0.00 | 660.00 | 660.00 | 微信 | 收费 | 0003818001 | 单边账',
  ];
  await page.goto(`/discrepancies?merchantCode=${exampleCode}&occurredAt=2018-10-19~2018-10-19`);
  await expectTable(page, entries, entryLines);
  const patients = (await table(page)).map((row) => row.病人姓名);
  const entrySheet = (await exported(page)).单边账预警;
  expect(cellsOf(entrySheet, entries).slice(0, -1)).toEqual(entryLines);
  expect(cellsOf(entrySheet, '平台金额 | HIS金额 | 交易差额').at(-1)).toBe('0.00 | 1,252.69 | 1,252.69');
  expect(cellsOf(entrySheet, '病人姓名').slice(0, -1)).toEqual(patients);

  const types = '支付类型 | 医院总收入 | 平台总收入 | 总差额';
  const days = '日期 | 支付类型 | 医院收入 | 平台收入 | 当日差帐';
  const summaryOf = async (from: string, to: string): Promise<Sheets> => {
    await page.goto(`/summary?merchantCode=${exampleCode}&from=${from}&to=${to}`);
    await expect(
      page.getByRole('region', { name: '按支付类型', exact: true }).locator('tr.ant-table-row'),
    ).toHaveCount(2);
    return exported(page);
  };
  for (const [from, to, lines, total] of [
    [
      '2018-10-01',
      '2018-10-07',
      [
        '支付宝 | 1,557,083.10 | 1,525,760.80 | -31,322.30',
        '微信 | 1,425,873.20 | 1,405,525.30 | -20,347.90',
      ],
      '合计 | 2,982,956.30 | 2,931,286.10 | -51,670.20',
    ],
    [
      '2018-07-01',
      '2018-09-30',
      [
        '支付宝 | 53,623,629.06 | 53,465,419.02 | -158,210.04',
        '微信 | 52,874,011.53 | 52,780,393.47 | -93,618.06',
      ],
      '合计 | 106,497,640.59 | 106,245,812.49 | -251,828.10',
    ],
  ] as const) {
    const sheets = await summaryOf(from, to);
    await expectTable(page.getByRole('region', { name: '按支付类型', exact: true }), types, [...lines]);
    expect(cellsOf(sheets.按支付类型, types)).toEqual([...lines, total]);
    // The heading of a day spans its rows on the screen: every row of the sheet names its day.
    const shownDays = await page
      .getByRole('region', { name: '按支付类型和日期' })
      .locator('tr.ant-table-row .money')
      .allInnerTexts();
    expect(cellsOf(sheets.按支付类型和日期, '医院收入 | 平台收入 | 当日差帐').slice(0, -1).join(' | ')).toBe(
      shownDays.join(' | '),
    );
    if (from === '2018-07-01') {
      expect(cellsOf(sheets.按支付类型和日期, days)).toEqual(
        expect.arrayContaining([
          '2018-09-10 | 微信 | 694,046.58 | 693,720.29 | -326.29',
          '2018-09-10 | 支付宝 | 946,095.63 | 947,074.09 | 978.46',
          '2018-09-24 | 微信 | 28,040.60 | 28,040.60 | 0.00',
          '2018-09-11 | 微信 | 485,962.17 | 486,462.27 | 500.10',
          '2018-09-11 | 支付宝 | 575,525.68 | 576,675.68 | 1,150.00',
          '2018-09-12 | 微信 | 675,262.86 | 673,732.86 | -1,530.00',
        ]),
      );
    }
  }

  await page.goto(`/statistics?merchantCode=${exampleCode}&date=2018-10-18`);
  const figures = [
    'HIS收入 | 785,185.42',
    '平台收入 | 674,428.29',
    '异常退款金额 | 4,385.00',
    '当日差帐 | 110,757.13',
    '银行实际到账金额 | 670,043.29',
  ];
  await expect(page.locator('.ant-statistic')).toHaveCount(figures.length);
  const cards = await page.locator('.ant-statistic').allInnerTexts();
  expect(cards.map((card) => card.trim().replace(/\s+/, ' | '))).toEqual(figures);
  const sheets = await exported(page);
  expect(cellsOf(sheets.统计报表, '项目 | 金额').slice(0, 5)).toEqual(figures);
  expect(cellsOf(sheets.统计报表, '项目 | 金额').slice(5, 8)).toEqual([
    '异常退款: 线上退 | 4,385.00',
    '异常退款: 现金 | 0.00',
    '异常退款: 其他 | 0.00',
  ]);

  const refunds = '差帐退款时间 | 差帐发生时间 | 就诊卡号 | 病人姓名 | 第三方订单号 | 退款金额 | 退款方式';
  const refundPlace = page.getByRole('region', { name: '异常退款金额明细' });
  const refundSheet = (await exported(page, refundPlace)).异常退款金额明细;
  expect(refundSheet).toEqual(sheets.异常退款金额明细);
  expect(cellsOf(refundSheet, '第三方订单号 | 退款金额 | 退款方式')).toEqual([
    '1301178801201811171541053111163 | 200.00 | 线上退款',
    '1301178801201811171557073521442 | 185.00 | 线上退款',
    '1301178801201811171813199251541 | 4,000.00 | 线上退款',
    '— | 4,385.00 | —',
  ]);
  const screenLines = async (place: Locator, columns: string) =>
    (await table(place)).map((row) =>
      columns
        .split(' | ')
        .map((name) => row[name]?.replace(/ 定位$/, ''))
        .join(' | '),
    );
  expect(cellsOf(refundSheet, refunds).slice(0, -1)).toEqual(await screenLines(refundPlace, refunds));

  const differences =
    '交易时间 | 就诊卡号 | 病人姓名 | 第三方订单号 | 平台金额 | HIS金额 | 交易差额 | 交易类型 | 退款时间 | 异常备注';
  const place = page.getByRole('region', { name: '当日差帐明细' });
  const differenceSheet = (await exported(page, place)).当日差帐明细;
  const seen: string[] = [];
  for (const number of ['1', '2', '3']) {
    await place.getByRole('listitem', { name: number, exact: true }).click();
    await expect(place.locator('.ant-pagination-item-active')).toHaveText(number);
    seen.push(...(await screenLines(place, differences)));
  }
  expect(cellsOf(differenceSheet, differences).slice(0, -1)).toEqual(seen);
  expect(cellsOf(differenceSheet, '平台金额 | HIS金额 | 交易差额').at(-1)).toBe(
    '0.00 | 110,757.13 | 110,757.13',
  );

  await page.getByRole('link', { name: '导出记录' }).first().click();
  await expect(page.locator('tr.ant-table-row')).toHaveCount(7);
  await expect(page.locator('tr.ant-table-row').first()).toContainText('导出完成');
  const again = page.waitForEvent('download');
  await page.getByRole('button', { name: '下载' }).first().click();
  expect((await again).suggestedFilename()).toMatch(/^当日差帐明细-/);
  await picture(page, 'exports');
  await page.close();
});
