import { createHash } from 'node:crypto';
import { isNoNumber } from '@hospital-pay/payments';
import { DateTime } from 'luxon';
import { z } from 'zod';

/** What a HIS may call a channel. Anything else is kept as it came: it may be a channel of tomorrow, or cash. */
const payTypeNames: Record<string, string> = {
  weixin: 'wechat',
  wx: 'wechat',
  wxpay: 'wechat',
  wechatpay: 'wechat',
  微信: 'wechat',
  微信支付: 'wechat',
  zfb: 'alipay',
  支付宝: 'alipay',
};

const text = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .nullish()
    .transform((value) => value || undefined);

/** Of something else, by which this record is found. */
const number = text(64).transform((value) => (value === undefined || isNoNumber(value) ? undefined : value));

const shares = ['fundFen', 'accountFen', 'otherFen', 'cashFen'] as const;
type Share = (typeof shares)[number];

const share = (zh: string, en: string) =>
  z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .nullish()
    .transform((fen) => fen ?? undefined)
    .meta({ description: `混合支付的${zh}部分(分) / of a mixed payment: ${en}, in fen` });

const hasOffset = /(?:Z|[+-]\d{2}:?\d{2})$/i;
const isLocal = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

export const hisRecordInput = z
  .object({
    hisSerialNo: z
      .string()
      .trim()
      .min(1)
      .max(64)
      .meta({ description: 'HIS流水号 / HIS serial number, unique' }),
    kind: z.enum(['charge', 'refund']).meta({ description: '收费 charge, 退费 refund; gives the direction' }),
    amountFen: z
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .meta({ description: '金额(分)，恒为正 / amount in fen, always positive' }),
    fundFen: share('医保基金', 'fund'),
    accountFen: share('个人账户', 'personal account'),
    otherFen: share('其他', 'others'),
    cashFen: share('自费', 'own money'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default('CNY'),
    payType: z.string().trim().min(1).max(32).meta({ description: '支付方式: alipay, wechat, …' }),
    orderNo: number.meta({ description: '订单号 / our order number or the merchant order number' }),
    refundNo: number,
    channelTradeNo: number,
    hisOrderNo: number,
    bizType: text(32),
    patientName: text(64),
    patientId: text(64),
    cardNo: text(64),
    operatorCode: text(64),
    department: text(64),
    terminalCode: text(64),
    occurredAt: z
      .string()
      .refine((value) => isLocal.test(value) || hasOffset.test(value), {
        message: 'an ISO time with offset, or yyyy-MM-dd HH:mm:ss in the merchant’s zone',
      })
      .meta({ description: 'ISO 8601 with offset, or yyyy-MM-dd HH:mm:ss in the merchant’s zone' }),
    status: z.enum(['booked', 'voided']).default('booked'),
  })
  .strict()
  .refine(isWhole, {
    message: 'fundFen, accountFen, otherFen and cashFen are told together and add up to amountFen',
    path: ['fundFen'],
  });

/** Who bore what of a mixed payment: all four, or none. */
function isWhole(record: { amountFen: number } & Partial<Record<Share, number | undefined>>): boolean {
  const told = shares.flatMap((name) => record[name] ?? []);
  if (told.length === 0) return true;
  return told.length === shares.length && told.reduce((sum, fen) => sum + fen, 0) === record.amountFen;
}

export type HisRecordInput = z.output<typeof hisRecordInput>;

/** One record in our own terms, ready to be stored. */
export interface HisRecord extends Omit<HisRecordInput, 'occurredAt'> {
  occurredAt: Date;
  settledOn: string;
  /** The same for the same content, however it was written. */
  bodyHash: string;
}

/** Reads times and cuts days as one merchant does. */
export interface Calendar {
  /** @throws RangeError when the time does not exist */
  read(text: string): Date;
  dayOf(moment: Date): string;
}

const minuteMs = 60_000;

/** Zones and days change at full minutes: each minute is worked out once, whatever the size of the batch. */
export function createCalendar(zone: string, businessDayOf: (moment: Date) => string): Calendar {
  const minutes = new Map<string, number>();
  const days = new Map<number, string>();
  const valid = (moment: DateTime): number => {
    if (!moment.isValid) throw new RangeError(`occurredAt: ${moment.invalidReason ?? 'not a time'}`);
    return moment.toMillis();
  };
  return {
    read(text) {
      if (!isLocal.test(text)) return new Date(valid(DateTime.fromISO(text)));
      const seconds = Number(text.slice(17));
      if (seconds > 59) throw new RangeError('occurredAt: unit out of range');
      const minute = text.slice(0, 16);
      const start = minutes.get(minute) ?? valid(DateTime.fromFormat(minute, 'yyyy-MM-dd HH:mm', { zone }));
      minutes.set(minute, start);
      return new Date(start + seconds * 1000);
    },
    dayOf(moment) {
      const minute = Math.floor(moment.getTime() / minuteMs);
      const day = days.get(minute) ?? businessDayOf(moment);
      days.set(minute, day);
      return day;
    },
  };
}

/** @throws RangeError when the time does not exist */
export function readRecord(input: HisRecordInput, calendar: Calendar): HisRecord {
  const occurredAt = calendar.read(input.occurredAt);
  const known = { ...input, payType: payTypeNames[input.payType.toLowerCase()] ?? input.payType, occurredAt };
  return { ...known, settledOn: calendar.dayOf(occurredAt), bodyHash: hashOf(known) };
}

function hashOf(record: object): string {
  const fields = Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
