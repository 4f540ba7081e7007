import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32, gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { manifest as alipay } from '@hospital-pay/channel-alipay';
import { manifest as wechat } from '@hospital-pay/channel-wechat';
import { BillError, type BillReader, type BillTableReader, formatAmount } from '@hospital-pay/payments';
import { forkedEngine, importBill, writeLines, writeTable } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { engineProcesses } from '../harness/engine-processes';
import { until } from '../harness/waiting';

/** The same bill read twice: as a table in bulk, and line by line by the channel's own reader. */
const date = '2026-10-18';
const [sellerId, mchid] = ['2088000000000000', '1900000001'];

interface Row {
  word: 'payment' | 'refund' | 'reversal' | 'payment reversed';
  orderNo: string;
  refundNo: string;
  amountFen: number;
  givenFen: number;
  discountFen: number;
  feeUnits: number;
  second: number;
  title: string;
}

const fen = fc.oneof(fc.constantFrom(0, 1, 10, 100), fc.integer({ min: 1, max: 10_000_000_000 }));
const row: fc.Arbitrary<Row> = fc.record({
  word: fc.constantFrom('payment', 'payment', 'refund', 'reversal', 'payment reversed'),
  orderNo: fc.stringMatching(/^[A-Za-z0-9_|*@-]{1,32}$/),
  refundNo: fc.stringMatching(/^[A-Za-z1-9]{1,20}$/),
  amountFen: fen,
  givenFen: fen,
  discountFen: fc.constantFrom(0, 0, 1),
  feeUnits: fc.oneof(fc.constantFrom(0, 499, 500, -500, 1000), fc.integer({ min: -99_999, max: 99_999 })),
  second: fc.integer({ min: 0, max: 86_399 }),
  title: fc.constantFrom('fee', '', 'a "b" \\ c', "it's", "''", 'x;y', '"', 'a, "b",, c'),
});
const rows = fc.array(row, { minLength: 1, maxLength: 30 });

const sum = (numbers: number[]) => numbers.reduce((all, each) => all + each, 0);
const timeOf = (second: number) => `${date} ${new Date(second * 1000).toISOString().slice(11, 19)}`;
const tradeNo = (place: number) => `20261018${String(place).padStart(20, '0')}`;

/** `edit` spoils the text. All of it is bytes, Chinese words as Alipay writes them in GBK. */
const gbk: Record<string, string> = {
  支付宝交易号: '\xd6\xa7\xb8\xb6\xb1\xa6\xbd\xbb\xd2\xd7\xba\xc5',
  商户订单号: '\xc9\xcc\xbb\xa7\xb6\xa9\xb5\xa5\xba\xc5',
  业务类型: '\xd2\xb5\xce\xf1\xc0\xe0\xd0\xcd',
  商品名称: '\xc9\xcc\xc6\xb7\xc3\xfb\xb3\xc6',
  创建时间: '\xb4\xb4\xbd\xa8\xca\xb1\xbc\xe4',
  完成时间: '\xcd\xea\xb3\xc9\xca\xb1\xbc\xe4',
  订单金额: '\xb6\xa9\xb5\xa5\xbd\xf0\xb6\xee',
  商家实收: '\xc9\xcc\xbc\xd2\xca\xb5\xca\xd5',
  商家优惠: '\xc9\xcc\xbc\xd2\xd3\xc5\xbb\xdd',
  '退款批次号/请求号': '\xcd\xcb\xbf\xee\xc5\xfa\xb4\xce\xba\xc5/\xc7\xeb\xc7\xf3\xba\xc5',
  服务费: '\xb7\xfe\xce\xf1\xb7\xd1',
  元: '\xd4\xaa',
  交易合计: '\xbd\xbb\xd2\xd7\xba\xcf\xbc\xc6',
  退款合计: '\xcd\xcb\xbf\xee\xba\xcf\xbc\xc6',
  交易: '\xbd\xbb\xd2\xd7',
  退款: '\xcd\xcb\xbf\xee',
  笔: '\xb1\xca',
  共: '\xb9\xb2',
  列表结束: '\xc1\xd0\xb1\xed\xbd\xe1\xca\xf8',
  账号: '\xd5\xcb\xba\xc5',
  起始日期: '\xc6\xf0\xca\xbc\xc8\xd5\xc6\xda',
  年: '\xc4\xea',
  月: '\xd4\xc2',
  日: '\xc8\xd5',
};
const inGbk = (text: string): string =>
  Object.entries(gbk).reduce((all, [word, bytes]) => all.replaceAll(word, bytes), text);

function alipayBill(written: Row[], edit: (text: string) => string): Buffer {
  const trades = written.map((each) => ({
    ...each,
    sign: each.word === 'payment' || each.word === 'payment reversed' ? 1 : -1,
  }));
  const yuan = (sign: number, amountFen: number) => formatAmount(amountFen === 0 ? 0 : sign * amountFen);
  const totals = (sign: number, names: [string, string, string]) => {
    const side = trades.filter((each) => each.sign === sign);
    const received = sum(side.map(({ amountFen, discountFen }) => amountFen - discountFen));
    const discount = sum(side.map(({ discountFen }) => discountFen));
    return `#${names[0]}:${side.length}笔,${names[1]}共${yuan(sign, received)}元,${names[2]}共${yuan(sign, discount)}元`;
  };
  const lines = [
    `#账号:[${sellerId}0156]`,
    `#起始日期:[2026年10月18日 00:00:00]`,
    '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,订单金额(元),商家实收(元),商家优惠(元),退款批次号/请求号,服务费(元)',
    ...trades.map(({ sign, orderNo, refundNo, amountFen, discountFen, feeUnits, second, title }, place) =>
      [
        `${tradeNo(place)}\t`,
        `${orderNo}\t`,
        sign > 0 ? '交易' : '退款',
        title,
        timeOf(0),
        place % 3 === 0 ? '' : timeOf(second),
        yuan(sign, amountFen),
        yuan(sign, amountFen - discountFen),
        yuan(sign, discountFen),
        sign > 0 || place % 4 === 0 ? '' : `${refundNo}\t`,
        formatAmount(Math.trunc(feeUnits / 1000) || 0),
      ].join(','),
    ),
    '#列表结束',
    totals(1, ['交易合计', '商家实收', '商家优惠']),
    totals(-1, ['退款合计', '商家实收退款', '商家优惠退款']),
    '',
  ];
  return zip(Buffer.from(edit(inGbk(lines.join('\r\n'))), 'latin1'));
}

/** One stored file. */
function zip(content: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(1, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from('b'), content]);
  const entry = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    Buffer.from([20, 0]),
    fields,
    Buffer.alloc(14),
    Buffer.from('b'),
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

function wechatBill(written: Row[], edit: (text: string) => string): Buffer {
  const units = (value: number) =>
    `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100_000)}.${String(Math.abs(value) % 100_000).padStart(5, '0')}`;
  const trades = written.map((each) => {
    switch (each.word) {
      case 'payment':
        return { ...each, state: 'SUCCESS', taken: each.amountFen, given: 0 };
      case 'refund':
        return { ...each, state: 'REFUND', taken: 0, given: each.amountFen };
      case 'reversal':
        return { ...each, state: 'REVOKED', taken: 0, given: each.givenFen };
      default:
        return { ...each, state: 'REVOKED', taken: each.amountFen, given: each.givenFen };
    }
  });
  const lines = [
    '交易时间,商户号,微信订单号,商户订单号,交易状态,商户退款单号,商品名称,手续费,订单金额,申请退款金额',
    ...trades.map(({ state, orderNo, refundNo, taken, given, feeUnits, second, title }, place) =>
      [
        timeOf(second),
        mchid,
        tradeNo(place),
        orderNo,
        state,
        state === 'SUCCESS' ? '0' : refundNo,
        title,
        units(feeUnits),
        formatAmount(taken),
        formatAmount(given),
      ]
        .map((cell) => `\`${cell}`)
        .join(','),
    ),
    '总交易单数,订单总金额,申请退款总金额,手续费总金额',
    `\`${trades.length},\`${formatAmount(sum(trades.map(({ taken }) => taken)))},\`${formatAmount(sum(trades.map(({ given }) => given)))},\`${units(sum(trades.map(({ feeUnits }) => feeUnits)))}`,
    '',
  ];
  const text = Buffer.from(edit(lines.join('\r\n')));
  return written.length % 2 === 0 ? gzipSync(text, { level: 1 }) : text;
}

const channels = [
  { name: 'Alipay', file: alipay.billReader ?? '', pack: alipayBill, config: { sellerId } },
  { name: 'WeChat', file: wechat.billReader ?? '', pack: wechatBill, config: { mchid } },
].map((channel) => {
  const reader: { openBill: BillReader; openTable: BillTableReader } = require(channel.file);
  return { ...channel, ...reader, guard: { date, config: channel.config } };
});
type Channel = (typeof channels)[number];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-tables-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function keptLines(parquet: string): Promise<unknown> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const read = await connection.runAndReadAll(
    `SELECT line_no, kind, order_no, refund_no, channel_no, amount_fen, fee_fen, occurred_at, settled_on, raw
     FROM read_parquet('${parquet}') ORDER BY line_no, kind`,
  );
  connection.closeSync();
  instance.closeSync();
  return read.getRowsJson();
}

async function* none(): AsyncGenerator<never> {}

async function lineByLine({ openBill, guard }: Channel, bytes: Buffer) {
  const bill = await openBill(bytes, guard);
  const target = path.join(folder, 'lines.parquet');
  return {
    sums: await writeLines(bill.kind === 'ready' ? bill.lines() : none(), target, folder),
    lines: await keptLines(target),
  };
}

async function inBulk({ openTable, guard }: Channel, bytes: Buffer) {
  const table = await openTable(bytes, guard);
  if (table === undefined) throw new Error('no table');
  const target = path.join(folder, 'table.parquet');
  return { sums: await writeTable(table, target, folder), lines: await keptLines(target) };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    return error instanceof BillError ? error.code : 'in doubt';
  }
};

test.each(channels)('$name: a bill reads the same in bulk as line by line', async (channel) => {
  await fc.assert(
    fc.asyncProperty(rows, async (written) => {
      const plain = written.map((each) =>
        each.word === 'reversal' ? { ...each, givenFen: each.givenFen + 1 } : each,
      );
      const some = plain.map((each) =>
        each.word === 'payment reversed' ? { ...each, amountFen: each.amountFen + 1 } : each,
      );
      const bytes = channel.pack(some, (text) => text);
      expect(await inBulk(channel, bytes)).toEqual(await lineByLine(channel, bytes));
    }),
    { numRuns: 15 },
  );
});

const spoilings: [string, (text: string) => string][] = [
  [
    'a digit of an amount',
    (text) => text.replace(/(\d)(\.\d\d,)/, (_, digit, rest) => `${(Number(digit) + 1) % 10}${rest}`),
  ],
  ['no digit in an amount', (text) => text.replace(/\d(\.\d\d,)/, 'x$1')],
  ['three decimals', (text) => text.replace(/(\.\d\d)(,)/, '$15$2')],
  ['a row lost', (text) => text.replace(/\r\n[^#\r]*20261018[^\r]*\r\n/, '\r\n')],
  ['a row twice', (text) => text.replace(/\r\n([^#\r]*20261018[^\r]*\r\n)/, '\r\n$1$1')],
  ['a cell too few', (text) => text.replace(/20261018\d{20}\t?,/, '')],
  ['a cell too many', (text) => text.replace(/(20261018\d{20}\t?,)/, '$1,`x,')],
  ['another hour than there is', (text) => text.replace(/2026-10-18 \d\d:\d\d:\d\d/g, '2026-10-18 25:00:00')],
  ['another day', (text) => text.replaceAll('2026-10-18', '2026-10-19').replace(/18(\xc8\xd5)/, '19$1')],
  ['another merchant', (text) => text.replace(sellerId, '2088999999999999').replace(mchid, '1900000002')],
  [
    'another kind of row',
    (text) =>
      text.replace(/SUCCESS|REFUND|REVOKED/, 'LOST').replace(/,\xbd\xbb\xd2\xd7,|,\xcd\xcb\xbf\xee,/, ',?,'),
  ],
  ['cut off', (text) => text.slice(0, Math.floor(text.length * 0.7))],
  ['an empty row', (text) => text.replace(/\r\n/, '\r\n\r\n')],
  ['a lone carriage return', (text) => text.replace(/(20261018\d{5})/, '$1\r')],
  ['blanks in a number', (text) => text.replace(/(20261018\d{20})/, ' $1')],
  [
    'a column of another name',
    (text) => text.replace(/\xb6\xa9\xb5\xa5\xbd\xf0\xb6\xee|订单金额/g, 'amount'),
  ],
  ['text after the end', (text) => `${text}more\r\n`],
  ['a control character', (text) => text.replace(/(20261018\d{20})/, '$1\u0001')],
  ['what would be a numbered row', (text) => text.replace(/(20261018\d{5})/, '$1\r7\u0001$1')],
];

test.each(channels)(
  '$name: whatever the reader refuses is refused in bulk, and with its own code',
  async (channel) => {
    const target = path.join(folder, 'spoiled.parquet');
    const file = path.join(folder, 'spoiled');
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(...spoilings), async (written, [, spoil]) => {
        const bytes = channel.pack(written, spoil);
        const said = await codeOf(lineByLine(channel, bytes));
        const bulk = await codeOf(inBulk(channel, bytes));
        if (said !== 'accepted') expect(bulk).not.toBe('accepted');
        if (bulk === 'accepted')
          expect(await inBulk(channel, bytes)).toEqual(await lineByLine(channel, bytes));
        await writeFile(file, bytes);
        const { guard, file: reader } = channel;
        const imported = importBill({ file, reader, guard, target }, folder);
        expect(await codeOf(imported)).toBe(said);
      }),
      { numRuns: 30 },
    );
  },
);

const manyRows = (): Row[] =>
  Array.from(
    { length: 20_000 },
    (_, place): Row => ({
      word: place % 7 === 0 ? 'refund' : 'payment',
      orderNo: `N${(place * 7919) % 20_000}`,
      refundNo: `R${place}`,
      amountFen: place,
      givenFen: 0,
      discountFen: 0,
      feeUnits: place,
      second: place,
      title: 'x'.repeat(place % 200),
    }),
  );

test.each(channels)(
  '$name: a number of lines as only a large file has keep their places',
  async (channel) => {
    const bytes = channel.pack(manyRows(), (text) => text);
    expect(await inBulk(channel, bytes)).toEqual(await lineByLine(channel, bytes));
  },
);

/** An engine and a long bill that it reads. */
async function longBill(idleMs?: number) {
  const engine = forkedEngine({ client: 'better-sqlite3', connection: {} }, idleMs);
  const [channel] = channels;
  if (!channel) throw new Error('no channel');
  const { guard, file: reader } = channel;
  const file = path.join(folder, 'long');
  await writeFile(
    file,
    channel.pack(manyRows(), (text) => text),
  );
  const read = () => engine.importBill({ file, reader, guard, target: path.join(folder, 'long.parquet') });
  return { engine, read };
}

test('a process that has waited is not let go while it works again', async () => {
  const { engine, read } = await longBill(20);
  const sums = await read();
  expect(await read()).toEqual(sums);
  engine.close();
});

test('of a process that died while it waited nobody hears: another one does the work', async () => {
  const { engine, read } = await longBill();
  const sums = await read();
  const [waiting = 0] = await until(engineProcesses, (pids) => pids.length === 1);
  // Not dead yet when it is asked, and silent.
  process.kill(waiting, 'SIGSTOP');
  const again = read();
  await pause(200);
  process.kill(waiting, 'SIGKILL');
  expect(await again).toEqual(sums);
  expect(engineProcesses()).not.toContain(waiting);
  engine.close();
});
