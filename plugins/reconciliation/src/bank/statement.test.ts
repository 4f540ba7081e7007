import { describe, expect, test } from '@jest/globals';
import ExcelJS from 'exceljs';
import { guessMapping, lineIdentities, readMoney, readStatement, type StatementMapping } from './statement';
import { csvRows, readStatementTable } from './statement-file';

const text = [
  '账号:,6222****0001,币种:,人民币',
  '交易日期,交易时间,借方发生额(元),贷方发生额(元),余额,对方户名,摘要,流水号',
  '2026-10-19,09:30:01,,"12,345.67","20,000.00",财付通支付科技有限公司,提现,F001',
  '20261019,10:00:00,100.00,,19900.00,某供应商,"货款, 十月",F002',
  '2026/10/20,,,0.01,19900.01,支付宝（中国）,,F003',
  '合计,,100.00,"12,345.68",,,,',
].join('\r\n');
const file = (content: string) => Buffer.from(content);

async function read(bytes: Buffer, mapping?: StatementMapping) {
  const table = await readStatementTable(bytes);
  const used = mapping ?? guessMapping(table);
  if (!used) throw new Error('no mapping');
  return readStatement(table, used);
}

describe('a statement', () => {
  test('is read by its columns, which are found by their names', async () => {
    const { lines, problems } = await read(file(text));
    expect(problems).toEqual([]);
    expect(
      lines.map(({ lineNo, date, timeText, amountFen, balanceFen }) => [
        lineNo,
        date,
        timeText,
        amountFen,
        balanceFen,
      ]),
    ).toEqual([
      [3, '2026-10-19', '09:30:01', 1234567, 2000000],
      [4, '2026-10-19', '10:00:00', -10000, 1990000],
      [5, '2026-10-20', '', 1, 1990001],
    ]);
    expect(lines[1]).toMatchObject({ counterparty: '某供应商', summary: '货款, 十月', reference: 'F002' });
  });

  test('in GBK says the same as in UTF-8', async () => {
    // 交易日期,金额 / 财付通 in GBK.
    const gbk = Buffer.concat([
      Buffer.from('bdbbd2d7c8d5c6da2cbdf0b6ee2cb6d4b7bdbba7c3fb0a', 'hex'),
      Buffer.from('2026-10-19,19.99,'),
      Buffer.from('b2c6b8b6cda80a', 'hex'),
    ]);
    const table = await readStatementTable(gbk);
    expect(table.encoding).toBe('gb18030');
    expect((await read(gbk)).lines).toMatchObject([{ amountFen: 1999, counterparty: '财付通' }]);
  });

  test('as Excel says the same, dates and numbers as the bank formats them', async () => {
    const book = new ExcelJS.Workbook();
    const sheet = book.addWorksheet('流水');
    sheet.addRow(['交易日期', '金额', '对方户名', '余额']);
    sheet.addRow([new Date(Date.UTC(2026, 9, 19, 9, 30)), 12345.67, '财付通', 0.1 + 0.2]);
    sheet.addRow(['2026年10月20日', '-1,000.50', '某供应商', '']);
    const bytes = Buffer.from(await book.xlsx.writeBuffer());
    expect((await read(bytes)).lines).toMatchObject([
      { lineNo: 2, date: '2026-10-19', timeText: '09:30:00', amountFen: 1234567, balanceFen: 30 },
      { lineNo: 3, date: '2026-10-20', amountFen: -100050, balanceFen: null },
    ]);
  });

  test('with a direction column takes the amounts as in or out', async () => {
    const { lines } = await read(file('日期,借贷标志,交易金额\n2026-10-19,贷,5.00\n2026-10-19,借,3.00\n'));
    expect(lines.map(({ amountFen }) => amountFen)).toEqual([500, -300]);
  });

  test.each([
    ['贷', '借'],
    ['贷方', '借方'],
    ['收', '支'],
    ['收入', '支出'],
    ['C', 'D'],
    [' cr ', 'dr'],
    ['Credit', 'DEBIT'],
  ])('%s is money in and %s is money out', async (credit, debit) => {
    const { lines, problems } = await read(
      file(`日期,收支标志,交易金额\n2026-10-19,${credit},5.00\n2026-10-19,${debit},-3.00\n`),
    );
    expect(problems).toEqual([]);
    expect(lines.map(({ amountFen }) => amountFen)).toEqual([500, -300]);
  });

  test('a direction of no known word is told with its line, unless the mapping says its own word', async () => {
    const text = '日期,收支,交易金额\n2026-10-19,转入,5.00\n2026-10-19,转出,3.00\n2026-10-19,,1.00\n';
    expect(await read(file(text))).toEqual({
      lines: [],
      problems: [
        { lineNo: 2, column: '收支', value: '转入' },
        { lineNo: 3, column: '收支', value: '转出' },
        { lineNo: 4, column: '收支', value: '' },
      ],
    });
    const mapping = {
      headerLine: 1,
      date: '日期',
      amount: '交易金额',
      direction: '收支',
      creditWord: '转入',
    };
    const { lines, problems } = await read(file(text), mapping);
    expect(problems).toEqual([]);
    expect(lines.map(({ amountFen }) => amountFen)).toEqual([500, -300, -100]);
  });

  test.each([
    [
      'a day that is none',
      text.replace('20261019', '20261319'),
      { lineNo: 4, column: '交易日期', value: '20261319' },
    ],
    ['an amount that is none', text.replace('"12,345.67"', '1.2.3'), { lineNo: 3, value: '1.2.3' }],
    ['three decimals', text.replace('0.01', '0.011'), { lineNo: 5, value: '0.011' }],
    ['no day', text.replace('2026/10/20', ''), { lineNo: 5, value: '' }],
  ])('%s is told with its line', async (_, content, problem) => {
    expect((await read(file(content))).problems).toMatchObject([problem]);
  });

  test('without a column that it should have is refused by the name of the column', async () => {
    const mapping = { headerLine: 2, date: '交易日期', credit: '入账', debit: '借方发生额(元)' };
    await expect(read(file(text), mapping)).rejects.toMatchObject({
      code: 'BANK_COLUMNS',
      details: { lineNo: 2, missing: ['入账'] },
    });
  });

  test.each([
    ['an old Excel file', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'BANK_FILE_FORMAT'],
    ['a broken Excel file', Buffer.from('PK but no archive'), 'BANK_FILE_FORMAT'],
    ['bytes of no encoding', Buffer.from('日期,金额\n\xff\xff\xff', 'latin1'), 'BANK_FILE_ENCODING'],
    ['nothing', Buffer.from('\n\n\n\n'), 'BANK_FILE_EMPTY'],
  ])('%s is refused in words', async (_, bytes, code) => {
    await expect(readStatementTable(bytes)).rejects.toMatchObject({ code });
  });

  test('overlapping files share their lines, and two transfers that look alike are two', async () => {
    const { lines } = await read(file('日期,金额\n2026-10-19,5.00\n2026-10-19,5.00\n2026-10-20,5.00\n'));
    const later = await read(file('日期,金额\n2026-10-19,5.00\n2026-10-19,5.00\n2026-10-21,1.00\n'));
    const first = lineIdentities(lines);
    expect(new Set(first).size).toBe(3);
    expect(lineIdentities(later.lines).slice(0, 2)).toEqual(first.slice(0, 2));
  });
});

test.each([
  ['1,234.56', 123456],
  ['￥12', 1200],
  ['(3.50)', -350],
  ['-0.01', -1],
  ['1.500000', 150],
  ['-0', 0],
  ['', undefined],
  ['abc', undefined],
  ['1.234', undefined],
])('%s is %s fen', (written, fen) => {
  expect(readMoney(written)).toBe(fen);
});

test('CSV keeps quotes, separators and line ends within quotes', () => {
  expect(csvRows('a,"b,""c""",d\r\n"x\ny",,\n')).toEqual([
    ['a', 'b,"c"', 'd'],
    ['x y', '', ''],
  ]);
  expect(csvRows('a\tb\n1\t2\n')).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ]);
});
