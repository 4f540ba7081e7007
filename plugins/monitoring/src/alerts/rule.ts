import { z } from 'zod';
import { clockTime } from '../messages/duty';
import { levels } from '../messages/kinds';

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);
const maybeTime = text.pipe(z.string().regex(clockTime).nullable());
const whole = (least: number, most: number, otherwise: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .nullish()
    .transform((value) => value ?? otherwise);

/** What a person sets; see the hints of the content type for what each means. */
export const alertRule = z
  .object({
    code: z.string().trim().min(1).max(64),
    name: z.string().trim().min(1).max(64),
    nameEn: z.string().trim().min(1).max(64),
    enabled: z
      .union([z.boolean(), z.number()])
      .nullish()
      .transform((value) => Boolean(value ?? true)),
    level: z.enum(levels),
    metric: z.enum([
      'success_rate',
      'latency_p95',
      'traffic',
      'unknown_orders',
      'one_sided_count',
      'one_sided_amount',
      'bill_missing',
      'refund_failures',
      'his_backlog',
      'certificate_expiry',
      'disk',
      'queue_depth',
    ]),
    threshold: z.int().min(0).max(1_000_000_000),
    windowMinutes: whole(1, 10_080, 10),
    forMinutes: whole(0, 1440, 0),
    minCount: whole(0, 1_000_000, 0),
    splitBy: z
      .enum(['none', 'channel', 'merchant'])
      .nullish()
      .transform((value) => value ?? 'none'),
    merchantCode: text,
    channel: text,
    scene: text,
    workDays: text.pipe(
      z
        .string()
        .regex(/^[1-7](,[1-7])*$/)
        .nullable(),
    ),
    timeFrom: maybeTime,
    timeTo: maybeTime,
  })
  .refine(({ timeFrom, timeTo }) => (timeFrom === null) === (timeTo === null), { path: ['timeTo'] });
export type AlertRule = z.output<typeof alertRule>;
