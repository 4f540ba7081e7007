import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Koa from 'koa';
import { z } from 'zod';
import { chinaCompact, chinaRfc3339 } from '../clock';
import { answer, exchange, hangUp, type Reply, readBody, silence } from '../exchange';
import type { World } from '../world';
import { owedBy } from './owed';

const confirmBody = z.looseObject({
  orderNo: z.string().min(1),
  merchantCode: z.string().optional(),
  merchantOrderNo: z.string().optional(),
  businessNo: z.string().nullish(),
  amountFen: z.number().int().positive(),
  channel: z.string().nullish(),
  payType: z.string().nullish(),
  bizType: z.string().nullish(),
  channelTradeNo: z.string().nullish(),
  patientName: z.string().nullish(),
  patientId: z.string().nullish(),
  cardNo: z.string().nullish(),
  department: z.string().nullish(),
  terminalCode: z.string().nullish(),
  operatorCode: z.string().nullish(),
  paidAt: z.union([z.string(), z.number()]).nullish(),
  /** A payment of which insurance bore a part. */
  mixed: z
    .object({ fundFen: z.number(), accountFen: z.number(), otherFen: z.number(), cashFen: z.number() })
    .nullish(),
});
const queryBody = z.looseObject({ orderNo: z.string().min(1) });
const billsBody = z.looseObject({ cardNo: z.string().min(1) });

type Confirmation = z.infer<typeof confirmBody>;

export interface HisBooking {
  orderNo: string;
  amountFen: number;
  hisOrderNo: string;
  receiptNo: string;
  hisSerialNo: string;
  bookedAt: number;
  /** `SILENT` bookings are answered as booked and then forgotten. */
  silent: boolean;
  confirmation: Confirmation;
}

export interface HisRefundRecord {
  orderNo: string;
  amountFen: number;
  hisSerialNo: string;
  refundNo: string | null;
  at: number;
}

/** Where HIS pushes its charge and refund records: an application of the payment platform. */
export interface HisPlatform {
  /** Absent: the platform serves the sandbox itself, from the same address. */
  baseUrl?: string;
  appId: string;
  secret: string;
  /** Hospitals with several branches: the application that speaks for each merchant. */
  byMerchant?: Record<string, { appId: string; secret: string }>;
}

export interface SandboxHis {
  handle(ctx: Koa.Context, path: string): Promise<void>;
  bookings(): HisBooking[];
  refunds(): HisRefundRecord[];
  booking(orderNo: string): HisBooking | null;
  /** HIS books a refund of its own and pushes the record. */
  refund(orderNo: string, amountFen: number, refundNo?: string): Promise<HisRefundRecord>;
  /** HIS charged something the platform never sold: a record without a payment. */
  charge(
    record: { orderNo: string; amountFen: number; payType: string } & Record<string, unknown>,
  ): Promise<void>;
  connect(platform: HisPlatform | null): void;
  /** Answers of the platform to pushed records. */
  pushes(): { path: string; status: number | null; body: string }[];
  setSecret(secret: string): void;
}

export function createHis(
  world: World,
  options: {
    secret: string;
    platform: HisPlatform | null;
    fetch: typeof globalThis.fetch;
    pushDelayMs: number;
    /** Bookings and the connection to the platform survive a restart here. */
    folder: string | null;
  },
): SandboxHis {
  const journal = options.folder === null ? null : join(options.folder, 'his.jsonl');
  const connection = options.folder === null ? null : join(options.folder, 'his-platform.json');
  let { secret } = options;
  let platform = options.platform ?? readConnection(connection);
  const booked = new Map<string, HisBooking>();
  for (const booking of readJournal(journal)) booked.set(booking.orderNo, booking);
  const refunded: HisRefundRecord[] = [];
  const pushed: { path: string; status: number | null; body: string }[] = [];
  let serial = Date.now() % 1_000_000_000;

  function nextSerial(): string {
    serial += 1;
    return `${serial}`;
  }

  function authentic(ctx: Koa.Context, body: Buffer): boolean {
    const given = Buffer.from(ctx.get('X-His-Signature').toLowerCase(), 'utf8');
    const expected = Buffer.from(createHmac('sha256', secret).update(body).digest('hex'), 'utf8');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  function confirm(request: Confirmation): Record<string, unknown> {
    const businessNo = request.businessNo ?? '';
    if (businessNo.startsWith('REFUSE')) {
      return { resultCode: '-1', resultMessage: '业务单据已作废或状态不允许收费' };
    }
    const known = booked.get(request.orderNo);
    if (known !== undefined) {
      return known.amountFen === request.amountFen
        ? { resultCode: '0', resultMessage: '成功', hisOrderNo: known.hisOrderNo, receiptNo: known.receiptNo }
        : { resultCode: '-1', resultMessage: '同一订单重复确认且金额不一致' };
    }
    const now = world.clock.now();
    const booking: HisBooking = {
      orderNo: request.orderNo,
      amountFen: request.amountFen,
      hisOrderNo: `H${chinaCompact(now)}${nextSerial().slice(-6)}`,
      receiptNo: `R${nextSerial().padStart(10, '0')}`,
      hisSerialNo: nextSerial(),
      bookedAt: now,
      silent: businessNo.startsWith('SILENT'),
      confirmation: request,
    };
    booked.set(booking.orderNo, booking);
    if (journal !== null) appendFileSync(journal, `${JSON.stringify(booking)}\n`);
    if (!booking.silent) {
      setTimeout(
        () => void push(chargeRecord(booking), request.merchantCode).catch(() => undefined),
        options.pushDelayMs,
      ).unref();
    }
    return {
      resultCode: '0',
      resultMessage: '成功',
      hisOrderNo: booking.hisOrderNo,
      receiptNo: booking.receiptNo,
    };
  }

  function query(orderNo: string): Record<string, unknown> {
    const booking = booked.get(orderNo);
    if (booking === undefined || booking.silent) {
      return { resultCode: '0', resultMessage: '成功', booked: false };
    }
    const { hisOrderNo, receiptNo, amountFen, bookedAt } = booking;
    return {
      resultCode: '0',
      resultMessage: '成功',
      booked: true,
      hisOrderNo,
      receiptNo,
      amountFen,
      bookedAt: chinaRfc3339(bookedAt),
    };
  }

  async function bills(ctx: Koa.Context, body: Buffer): Promise<void> {
    if (!authentic(ctx, body)) return answer(ctx, json(401, { resultCode: '-1', resultMessage: '签名错误' }));
    const parsed = billsBody.safeParse(parseJson(body));
    const owed = parsed.success ? owedBy(parsed.data.cardNo) : null;
    const paid = new Set([...booked.values()].map(({ confirmation }) => confirmation.businessNo));
    await exchange(ctx, world.faults, {
      channel: 'his',
      operation: 'query',
      orderNo: null,
      run: () => () =>
        json(
          200,
          owed === null
            ? { resultCode: '-1', resultMessage: '就诊卡号不存在' }
            : {
                resultCode: '0',
                patient: owed.patient,
                bills: owed.bills.filter(({ billNo }) => !paid.has(billNo)),
              },
        ),
      refuse: () => json(200, { resultCode: '-1', resultMessage: '就诊卡号不存在' }),
    });
  }

  async function push(record: Record<string, unknown>, merchantCode?: string): Promise<void> {
    if (platform === null) return;
    const application = platform.byMerchant?.[merchantCode ?? ''] ?? platform;
    const path = '/api/v1/his-records';
    const body = JSON.stringify(record);
    try {
      const response = await options.fetch(`${platform.baseUrl ?? new URL(world.baseUrl()).origin}${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...signAsApplication(application, path, body, world.clock.wall()),
        },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      pushed.push({ path, status: response.status, body: (await response.text()).slice(0, 2_000) });
    } catch (error) {
      pushed.push({ path, status: null, body: error instanceof Error ? error.message : 'no answer' });
    }
    if (pushed.length > 5_000) pushed.shift();
  }

  async function handle(ctx: Koa.Context, path: string): Promise<void> {
    const body = await readBody(ctx);
    if (path === '/bills' && ctx.method === 'POST') return bills(ctx, body);
    const schema = path === '/confirm' ? confirmBody : path === '/query' ? queryBody : null;
    if (schema === null || ctx.method !== 'POST') {
      ctx.status = 404;
      return;
    }
    if (!authentic(ctx, body)) return answer(ctx, json(401, { resultCode: '-1', resultMessage: '签名错误' }));
    const parsed = schema.safeParse(parseJson(body));
    if (!parsed.success) return answer(ctx, json(400, { resultCode: '-1', resultMessage: '参数错误' }));
    const confirmation = path === '/confirm' ? confirmBody.parse(parsed.data) : null;
    if (confirmation?.businessNo?.startsWith('IGNORE')) {
      await silence(ctx, 60_000);
      return hangUp(ctx);
    }
    await exchange(ctx, world.faults, {
      channel: 'his',
      operation: path === '/confirm' ? 'confirm' : 'query',
      orderNo: parsed.data.orderNo,
      run: () => {
        const result = confirmation === null ? query(parsed.data.orderNo) : confirm(confirmation);
        return () => json(200, result);
      },
      refuse: (fault) =>
        json(200, { resultCode: fault.code ?? '-1', resultMessage: fault.message ?? '业务处理失败' }),
    });
  }

  return {
    handle,
    bookings: () => [...booked.values()],
    refunds: () => [...refunded],
    booking: (orderNo) => booked.get(orderNo) ?? null,
    async refund(orderNo, amountFen, refundNo) {
      const booking = booked.get(orderNo);
      const record: HisRefundRecord = {
        orderNo,
        amountFen,
        hisSerialNo: nextSerial(),
        refundNo: refundNo ?? null,
        at: world.clock.now(),
      };
      refunded.push(record);
      const row = {
        ...(booking === undefined ? { payType: 'wechat', orderNo } : describe(booking)),
        kind: 'refund',
        hisSerialNo: record.hisSerialNo,
        amountFen,
        ...(amountFen === booking?.amountFen ? booking.confirmation.mixed : {}),
        ...(refundNo === undefined ? {} : { refundNo }),
        occurredAt: chinaRfc3339(record.at),
      };
      await push(row, booking?.confirmation.merchantCode);
      return record;
    },
    charge: (record) =>
      push({
        kind: 'charge',
        hisSerialNo: nextSerial(),
        occurredAt: chinaRfc3339(world.clock.now()),
        ...record,
      }),
    connect(target) {
      platform = target;
      if (connection !== null) writeFileSync(connection, JSON.stringify(target), { mode: 0o600 });
    },
    pushes: () => [...pushed],
    setSecret(value) {
      secret = value;
    },
  };
}

function readConnection(file: string | null): HisPlatform | null {
  if (file === null || !existsSync(file)) return null;
  const platform: HisPlatform | null = JSON.parse(readFileSync(file, 'utf8'));
  return platform;
}

/** A line cut short by a crash was never answered. */
function readJournal(file: string | null): HisBooking[] {
  if (file === null) return [];
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const booking: HisBooking = JSON.parse(line);
        return [booking];
      } catch {
        return [];
      }
    });
}

function chargeRecord(booking: HisBooking): Record<string, unknown> {
  return {
    ...describe(booking),
    kind: 'charge',
    hisSerialNo: booking.hisSerialNo,
    amountFen: booking.amountFen,
    ...booking.confirmation.mixed,
    occurredAt: chinaRfc3339(booking.bookedAt),
  };
}

function describe({ confirmation, hisOrderNo }: HisBooking): Record<string, unknown> {
  const optional = {
    channelTradeNo: confirmation.channelTradeNo,
    bizType: confirmation.bizType,
    patientName: confirmation.patientName,
    patientId: confirmation.patientId,
    cardNo: confirmation.cardNo,
    department: confirmation.department,
    terminalCode: confirmation.terminalCode,
    operatorCode: confirmation.operatorCode,
  };
  return {
    orderNo: confirmation.orderNo,
    hisOrderNo,
    payType: confirmation.payType ?? confirmation.channel ?? 'other',
    ...Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== null && value !== undefined),
    ),
  };
}

/** The platform's open-API signature, written again from its documentation. */
export function signAsApplication(
  platform: Pick<HisPlatform, 'appId' | 'secret'>,
  path: string,
  body: string,
  now: number,
  nonce = randomBytes(16).toString('hex'),
): Record<string, string> {
  const key = createHash('sha256').update(platform.secret, 'utf8').digest();
  const digest = createHash('sha256').update(body, 'utf8').digest('hex');
  return {
    'X-App-Id': platform.appId,
    'X-Timestamp': `${now}`,
    'X-Nonce': nonce,
    'X-Signature': createHmac('sha256', key)
      .update(`POST\n${path}\n${now}\n${nonce}\n${digest}`)
      .digest('hex'),
  };
}

function json(status: number, value: unknown): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
