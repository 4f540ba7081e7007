import { fromRow } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { clockTime, weekdays } from './duty';
import { levels, purposes } from './kinds';
import { unknownVariables } from './template';

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);
const flag = (otherwise: boolean) =>
  z
    .union([z.boolean(), z.number()])
    .nullish()
    .transform((value) => Boolean(value ?? otherwise));
const whole = (least: number, most: number, otherwise: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .nullish()
    .transform((value) => value ?? otherwise);
/** `a,b` as people type it. */
const list = z
  .string()
  .nullish()
  .transform((value) =>
    (value ?? '')
      .split(/[,，\s]+/)
      .map((part) => part.trim())
      .filter(Boolean),
  );
const time = z.string().regex(clockTime);
const maybeTime = text.pipe(time.nullable());
const level = z.enum(levels);

export const messageRow = z.object({
  id: z.number(),
  documentId: z.string(),
  at: z.date(),
  lastAt: z.date().nullable(),
  kind: z.string(),
  level,
  status: z
    .enum(['open', 'acknowledged', 'resolved'])
    .nullable()
    .transform((value) => value ?? 'open'),
  count: z
    .number()
    .nullable()
    .transform((value) => value ?? 1),
  title: z.string(),
  titleEn: text,
  body: text,
  bodyEn: text,
  orderNo: text,
  step: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  groupKey: text,
});
export type MessageRow = z.output<typeof messageRow>;

export const deliveryStatuses = [
  'queued',
  'sending',
  'unknown',
  'delivered',
  'failed',
  'suppressed',
] as const;

export const deliveryRow = z.object({
  id: z.number(),
  documentId: z.string(),
  createdTime: z.date(),
  messageNo: z.string(),
  targetCode: z.string(),
  recipient: text,
  purpose: z.enum(purposes),
  step: z.number().nullable(),
  status: z.enum(deliveryStatuses),
  attempts: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  nextAt: z.date().nullable(),
});
export type DeliveryRow = z.output<typeof deliveryRow>;

export const routeRow = z
  .object({
    name: z.string().trim().min(1).max(64),
    enabled: flag(true),
    minLevel: level,
    kinds: list,
    step: whole(1, 9, 1),
    afterMinutes: whole(0, 10_080, 0),
    roles: list,
    usernames: list,
    dutyOnly: flag(false),
    targets: list,
    quietFrom: maybeTime,
    quietTo: maybeTime,
  })
  .refine(({ step, afterMinutes }) => step === 1 || afterMinutes > 0, { path: ['afterMinutes'] })
  .refine(({ quietFrom, quietTo }) => (quietFrom === null) === (quietTo === null), { path: ['quietTo'] })
  .refine(({ roles, usernames, targets }) => roles.length + usernames.length + targets.length > 0, {
    path: ['roles'],
  });
export type RouteRow = z.output<typeof routeRow>;

export const dutyRow = z
  .object({
    username: z.string().trim().min(1),
    weekday: z
      .enum(weekdays)
      .nullish()
      .or(z.literal('').transform(() => null))
      .transform((value) => value ?? null),
    date: text,
    timeFrom: time,
    timeTo: time,
    mobile: text,
    email: text.pipe(z.email().nullable()),
    enabled: flag(true),
  })
  .refine(({ weekday, date }) => (weekday === null) !== (date === null), { path: ['weekday'] });

const templateText = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((value) => unknownVariables(value).length === 0);
export const templateRow = z.object({
  kind: z.string().trim().min(1).max(64),
  name: z.string(),
  nameEn: z.string(),
  titleZh: templateText(255),
  titleEn: templateText(255),
  bodyZh: templateText(4000),
  bodyEn: templateText(4000),
  groupMinutes: whole(0, 1440, 10),
  enabled: flag(true),
});
export type TemplateRow = z.output<typeof templateRow>;

/** Rows as their schema says; one that a person broke past the screens is left out rather than stopping all others. */
export function readRows<Schema extends z.ZodType>(schema: Schema, rows: unknown): z.output<Schema>[] {
  return z
    .array(z.looseObject({}))
    .parse(rows)
    .flatMap((row) => schema.safeParse(fromRow(row)).data ?? []);
}

/** The hospital's own clock: that of the first merchant. */
export async function hospitalZone(db: Knex): Promise<string> {
  const row: { zone?: unknown } | undefined = await db('merchants')
    .where({ enabled: true })
    .orderBy('code')
    .first('zone');
  return typeof row?.zone === 'string' && row.zone !== '' ? row.zone : 'Asia/Shanghai';
}
