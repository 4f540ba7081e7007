import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import ExcelJS from 'exceljs';
import fc from 'fast-check';
import type { Wording } from './cells';
import { writeCsv } from './csv';
import type { Field, Row, Table } from './report';
import { sheetName, writeWorkbook } from './workbook';

const wording: Wording = {
  language: 'zh',
  merchantName: (code) => code,
  channelName: (code) => code,
  nameOf: (_, code) => code,
  zoneOf: () => 'Asia/Shanghai',
};
const columns: Field[] = [
  { name: 'no', kind: 'string', title: { zh: '订单号', en: 'Order no.' } },
  { name: 'fen', kind: 'money', title: { zh: '金额', en: 'Amount' } },
  { name: 'at', kind: 'datetime', title: { zh: '时间', en: 'Time' } },
];
const tableOf = (rows: Row[]): Table => ({
  title: { zh: '订单列表', en: 'Orders' },
  columns,
  rows,
  count: rows.length,
  totals: true,
});
const orders = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({ no: `N${index}`, fen: index * 7 - 3, at: new Date(1e12) }));

async function workbookOf(rows: Row[], rowsPerSheet = 1000): Promise<ExcelJS.Workbook> {
  const out = new PassThrough();
  const passed = () => undefined;
  const about = (count: number): [string, string][] => [['行数', String(count)]];
  const writing = writeWorkbook(out, [tableOf(rows)], { wording, passed, about, rowsPerSheet });
  const bytes = await buffer(out);
  expect(await writing).toBe(rows.length);
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load(new Uint8Array(bytes).buffer);
  return workbook;
}
const cells = (sheet: ExcelJS.Worksheet | undefined) =>
  Array.from({ length: sheet?.rowCount ?? 0 }, (_, index) =>
    columns.map((_column, column) => sheet?.getCell(index + 1, column + 1).value),
  );

test('the heading is bold, stays in sight and filters the rows, totals left out', async () => {
  const sheet = (await workbookOf(orders(3))).getWorksheet('订单列表');
  expect(sheet?.getCell('A1')).toMatchObject({ value: '订单号', font: { bold: true } });
  expect(sheet?.views).toMatchObject([{ state: 'frozen', ySplit: 1 }]);
  expect(sheet?.autoFilter).toBe('A1:C4');
  expect(sheet?.getCell('B2')).toMatchObject({ value: -0.03, numFmt: '#,##0.00;[Red]-#,##0.00' });
  expect(sheet?.getCell('C2').numFmt).toBe('yyyy-mm-dd hh:mm:ss');
  expect(sheet?.getCell('A5')).toMatchObject({ value: '合计', font: { bold: true } });
  expect(sheet?.getCell('B5').value).toBe(0.12);
});

test('a table that does not fit one sheet goes on in the next, with one total at the end', async () => {
  const workbook = await workbookOf(orders(7), 3);
  expect(workbook.worksheets.map(({ name }) => name)).toEqual([
    '订单列表',
    '订单列表(2)',
    '订单列表(3)',
    '筛选条件',
  ]);
  expect(workbook.worksheets.map((sheet) => sheet.rowCount)).toEqual([4, 4, 3, 2]);
  const last = cells(workbook.getWorksheet('订单列表(3)'));
  expect(last.map(([no]) => no)).toEqual(['订单号', 'N6', '合计']);
  expect(last[2]?.[1]).toBe(1.26);
});

test('a total that finds its sheet full stands on the next', async () => {
  const workbook = await workbookOf(orders(6), 3);
  expect(workbook.worksheets.map((sheet) => sheet.rowCount)).toEqual([4, 4, 2, 2]);
});

test('an empty table is a heading, a total of nothing and what was asked', async () => {
  const workbook = await workbookOf([]);
  expect(cells(workbook.getWorksheet('订单列表')).map(([, fen]) => fen)).toEqual(['金额', 0]);
  expect(workbook.getWorksheet('筛选条件')?.getCell('B2').value).toBe('0');
});

const row = fc.record({
  // What XML cannot hold is left out on the way.
  no: fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => text.trim() === text && !/\p{Cc}|_x/u.test(text)),
  fen: fc.integer({ min: -99_999_999_999, max: 99_999_999_999 }),
  at: fc.date({ min: new Date('2000-01-01'), max: new Date('2050-01-01'), noInvalidDate: true }),
});

test('whatever is written is read back to the fen, the second and the letter', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (rows, perSheet) => {
        const workbook = await workbookOf(rows, perSheet);
        const data = workbook.worksheets
          .slice(0, -1)
          .flatMap((sheet) => cells(sheet).slice(1))
          .slice(0, rows.length);
        expect(data.map(([no, fen]) => [no, Math.round(Number(fen) * 100)])).toEqual(
          rows.map(({ no, fen }) => [no, fen]),
        );
        for (const [index, [, , at]] of data.entries()) {
          const wall = (rows[index]?.at.getTime() ?? 0) + 8 * 3_600_000;
          expect(Math.abs((at instanceof Date ? at.getTime() : 0) - wall)).toBeLessThan(1000);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('CSV holds several tables one below the other, headed by their titles', async () => {
  const out = new PassThrough();
  const writing = writeCsv(out, [tableOf(orders(1)), tableOf([])], wording, () => undefined);
  const text = (await buffer(out)).toString('utf8');
  await writing;
  expect(text).toBe(
    '\uFEFF订单列表\r\n订单号,金额,时间\r\nN0,-0.03,2001-09-09 09:46:40\r\n\r\n订单列表\r\n订单号,金额,时间\r\n',
  );
});

test('sheets have names that Excel accepts, each once', () => {
  const taken = new Set<string>();
  expect(sheetName('a/b:c', taken)).toBe('a b c');
  expect(sheetName('A B C', taken)).toBe('A B C(2)');
  expect(sheetName('x'.repeat(40), taken)).toHaveLength(31);
});
