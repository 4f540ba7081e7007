import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { folderStorage } from '@hospital-pay/archive';
import { createManualClock, type ManualClock, type Queue } from '@hospital-pay/jobs';
import {
  type Bill,
  BillError,
  type BillLine,
  type ChannelDriver,
  type ChannelManifest,
  type Currency,
  type Events,
  insertRow,
  isPostgres,
  type PaymentEvents,
} from '@hospital-pay/payments';
import createKnex, { type Knex } from 'knex';
import { z } from 'zod';
import { type BillArchive, createBillArchive } from './bills/archive';
import { type Closings, createClosings } from './closings/closings';
import type { Portions } from './engine/clear';
import type { DayOutcome, DayTask } from './engine/day';
import { type Engine, localEngine } from './engine/engine';
import { createFigures, type Figures } from './figures';
import { createLocator, type Locator } from './locate';
import { createRealtime, type Realtime } from './realtime';
import { createRuns, type Runs } from './runs';
import type { DayCase } from './write-back';

/** For this room's own tests: its tables, as the content types describe them, on a database of their own. */
const types = [
  'merchant',
  'channel-account',
  'order',
  'attempt',
  'refund',
  'his-record',
  'discrepancy',
  'reconciliation-run',
  'bill-archive',
  'fund-flow-fetch',
  'bank-account',
  'bank-settlement',
  'bank-statement-line',
  'bank-match',
  'daily-total',
  'closing',
  'closing-figure',
  'shift',
  'terminal',
  'account',
  'reconciliation-rule',
  'notification',
  'outbox',
  'interface-log',
];

const schemaFile = z.object({
  collectionName: z.string(),
  attributes: z.record(z.string(), z.object({ type: z.string() })),
  indexes: z
    .array(z.object({ name: z.string(), columns: z.array(z.string()), type: z.string().optional() }))
    .optional(),
});

/** Strapi's own rule: a digit begins a new word. */
const snake = (name: string): string =>
  name.replace(/([a-z])(\d)/g, '$1_$2').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function createTables(db: Knex): Promise<void> {
  const api = path.resolve(__dirname, '../../../cms/src/api');
  for (const type of types) {
    const file = path.join(api, type, 'content-types', type, 'schema.json');
    const {
      collectionName,
      attributes,
      indexes = [],
    } = schemaFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    await db.schema.createTable(collectionName, (table) => {
      table.increments('id');
      table.string('document_id');
      table.string('locale');
      const moment = (name: string) =>
        isPostgres(db) ? table.timestamp(name, { useTz: false, precision: 6 }) : table.integer(name);
      for (const name of ['created_at', 'updated_at', 'published_at']) moment(name);
      for (const [attribute, { type: kind }] of Object.entries(attributes)) {
        const column = snake(attribute);
        if (kind === 'biginteger') table.bigInteger(column);
        else if (kind === 'integer') table.integer(column);
        else if (kind === 'datetime') moment(column);
        else if (kind === 'boolean') table.boolean(column);
        else if (kind === 'json') table.jsonb(column);
        else table.text(column);
      }
    });
    for (const { name, columns, type: kind } of indexes) {
      await db.schema.alterTable(collectionName, (table) => {
        if (kind === 'unique') table.unique(columns, { indexName: name });
        else table.index(columns, name);
      });
    }
  }
}

export interface Books {
  db: Knex;
  clock: ManualClock;
  realtime: Realtime;
  runs: Runs;
  figures: Figures;
  closings: Closings;
  locator: Locator;
  archive: BillArchive;
  engine: Engine;
  compareDay(task: DayTask): Promise<DayOutcome & { cases: DayCase[] }>;
  folder: string;
  alarms: PaymentEvents['alarm'][];
  /** What the channel answers for a day; a day without an answer is empty. */
  bills: Map<string, () => Bill>;
  /** What an account takes, if not CNY. */
  currencies: Map<string, Currency>;
  /** Orders that were asked about at the channel. */
  asked: string[];
  add(table: string, attributes: Record<string, unknown>): Promise<void>;
  /** A paid order with its attempt. */
  pay(orderNo: string, paidFen: number, more?: Record<string, unknown>): Promise<void>;
  refund(refundNo: string, orderNo: string, amountFen: number, more?: Record<string, unknown>): Promise<void>;
  book(
    hisSerialNo: string,
    orderNo: string | null,
    amountFen: number,
    more?: Record<string, unknown>,
  ): Promise<void>;
  run(date?: string): Promise<NonNullable<Awaited<ReturnType<Runs['get']>>>>;
  cases(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const date = '2026-10-18';
export const noon = new Date('2026-10-18T12:00:00+08:00');

/** The rows of one hospital with one Alipay account; the day in question is `date`, and now is the next noon. */
export async function openBooks(portions?: Portions): Promise<Books> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-books-'));
  const db = createKnex({
    client: 'better-sqlite3',
    connection: { filename: path.join(folder, 'books.db') },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate(
        connection: { pragma(text: string): unknown },
        done: (error: null, connection: unknown) => void,
      ) {
        connection.pragma('journal_mode = MEMORY');
        connection.pragma('synchronous = OFF');
        done(null, connection);
      },
    },
  });
  await createTables(db);
  const clock = createManualClock(new Date('2026-10-19T12:00:00+08:00'));
  const alarms: PaymentEvents['alarm'][] = [];
  const events: Events = {
    on: () => () => undefined,
    emit(name, event) {
      if (name === 'alarm' && 'dedupeKey' in event) alarms.push(event);
    },
  };
  const bills = new Map<string, () => Bill>();
  const currencies: Books['currencies'] = new Map();
  const asked: string[] = [];
  const never = () => Promise.reject(new Error('not offered'));
  const driver: ChannelDriver = {
    pay: never,
    query: never,
    test: () => Promise.resolve({ ok: true }),
    bill: async (day) => bills.get(day)?.() ?? { kind: 'empty' },
  };
  const manifest: ChannelManifest = {
    code: 'alipay',
    title: { zh: '支付宝', en: 'Alipay' },
    logName: 'alipay',
    currency: 'CNY',
    zone: 'Asia/Shanghai',
    scenes: ['native'],
    verbs: [],
    config: { type: 'object', required: [], properties: {} },
    errors: {},
    connect: () => driver,
  };
  const queue: Queue = {
    add: () => Promise.resolve(),
    work: () => undefined,
    every: () => undefined,
    works: false,
    close: () => Promise.resolve(),
  };
  const engine = localEngine(db, portions);
  const archive = createBillArchive({
    db,
    storage: folderStorage(path.join(folder, 'archive')),
    engine,
    readerOf: () => Promise.resolve({ reader: undefined, config: {} }),
  });
  const realtime = createRealtime(db, clock, events);
  const runs = createRuns({
    db,
    clock,
    queue,
    archive,
    engine,
    realtime,
    payments: {
      events,
      accounts: {
        connect: (code) =>
          Promise.resolve({
            code,
            merchantCode: 'H1',
            enabled: true,
            config: {},
            manifest,
            currency: currencies.get(code) ?? manifest.currency,
            zone: manifest.zone,
            driver,
          }),
      },
      orders: {
        query(key) {
          if ('orderNo' in key) asked.push(key.orderNo);
          return never();
        },
      },
    },
  });

  const add = (table: string, attributes: Record<string, unknown>) =>
    insertRow(db, table, attributes, clock.now());
  await add('merchants', {
    code: 'H1',
    name: '测试医院',
    zone: 'Asia/Shanghai',
    dayCutoff: '00:00',
    graceSeconds: 120,
  });
  await add('channel_accounts', {
    code: 'A1',
    name: 'a',
    channel: 'alipay',
    merchantCode: 'H1',
    enabled: true,
  });

  return {
    db,
    clock,
    realtime,
    runs,
    figures: createFigures(db, clock),
    closings: createClosings({
      db,
      clock,
      lateRefunds: (at, scope, days) => createFigures(at, clock).lateRefunds(scope, days),
    }),
    locator: createLocator(db, archive),
    archive,
    engine,
    folder,
    alarms,
    bills,
    currencies,
    asked,
    add,
    async pay(orderNo, paidFen, more = {}) {
      await add('orders', {
        orderNo,
        merchantOrderNo: `M-${orderNo}`,
        merchantCode: 'H1',
        accountCode: 'A1',
        channel: 'alipay',
        payType: 'alipay',
        channelTradeNo: `T-${orderNo}`,
        status: 'paid',
        scene: 'native',
        subject: '门诊缴费',
        currency: 'CNY',
        amountFen: paidFen,
        paidFen,
        refundedFen: 0,
        hisChargedFen: 0,
        hisRefundedFen: 0,
        reconState: 'waiting',
        createdTime: noon,
        paidAt: noon,
        settledOn: date,
        patientName: '王小明',
        cardNo: '0003276083',
        ...more,
      });
      await add('attempts', {
        attemptNo: `A-${orderNo}`,
        orderNo,
        channel: 'alipay',
        accountCode: 'A1',
        scene: 'native',
        amountFen: paidFen,
        status: 'paid',
        startedAt: noon,
      });
    },
    async refund(refundNo, orderNo, amountFen, more = {}) {
      await add('refunds', {
        refundNo,
        merchantRefundNo: `M-${refundNo}`,
        merchantCode: 'H1',
        orderNo,
        attemptNo: `A-${orderNo}`,
        channel: 'alipay',
        accountCode: 'A1',
        amountFen,
        currency: 'CNY',
        status: 'succeeded',
        source: 'staff',
        operatorCode: 'finance',
        requestedAt: noon,
        refundedAt: noon,
        settledOn: date,
        ...more,
      });
      await db('orders').where({ order_no: orderNo }).increment('refunded_fen', amountFen);
    },
    async book(hisSerialNo, orderNo, amountFen, more = {}) {
      await add('his_records', {
        merchantCode: 'H1',
        hisSerialNo,
        kind: 'charge',
        status: 'booked',
        orderNo,
        amountFen,
        currency: 'CNY',
        payType: 'alipay',
        occurredAt: noon,
        settledOn: date,
        receivedAt: noon,
        ...more,
      });
    },
    compareDay: (task) =>
      engine.work({}, async (place) => {
        const { cases, ...outcome } = await place.compareDay(task);
        const all: DayCase[] = [];
        for await (const piece of cases()) all.push(...piece);
        return { ...outcome, cases: all };
      }),
    async run(day = date) {
      const [requested] = await runs.request({ date: day, accountCode: 'A1', requestedBy: 'finance' });
      if (!requested) throw new Error('nothing was requested');
      return runs.execute(requested.runNo);
    },
    async cases() {
      return db('discrepancies').orderBy('dedupe_key');
    },
    async close() {
      await db.destroy();
      if (existsSync(folder)) rmSync(folder, { recursive: true });
    },
  };
}

/** A bill as a driver gives it, its lines numbered from 1. */
export function bill(
  lines: (Pick<BillLine, 'orderNo' | 'amountFen'> & Partial<BillLine>)[],
  options: { text?: string; breakAt?: number } = {},
): () => Bill {
  const full = lines.map(
    (line, index): BillLine => ({
      lineNo: index + 1,
      kind: 'payment',
      channelNo: line.orderNo.replace(/^A-/, 'T-'),
      feeFen: 0,
      occurredAt: noon,
      settledOn: date,
      raw: '',
      ...line,
    }),
  );
  return () => ({
    kind: 'ready',
    file: { name: 'bill.csv', bytes: Buffer.from(options.text ?? JSON.stringify(full)) },
    totals: undefined,
    async *lines() {
      for (const line of full) {
        if (line.lineNo === options.breakAt) throw new BillError('LINE', 'unreadable amount', line.lineNo);
        yield line;
      }
    },
  });
}
