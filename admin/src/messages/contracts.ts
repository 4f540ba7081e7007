import { z } from 'zod';
import { configSchema } from '../http/contracts';

const bilingual = z.object({ zh: z.string(), en: z.string() });
const text = z.string().nullish();

export const targetKinds = z.object({
  kinds: z.array(z.object({ code: z.string(), title: bilingual, config: configSchema })),
});

export const target = z.object({
  code: z.string(),
  name: z.string(),
  kind: z.string(),
  language: z.enum(['zh', 'en']),
  enabled: z.boolean(),
  config: z.record(z.string(), z.unknown()),
  secretsSet: z.record(z.string(), z.boolean()),
});
export type Target = z.infer<typeof target>;

export const targetTest = z.object({
  ok: z.boolean(),
  outcome: z.enum(['delivered', 'refused', 'retry', 'unknown']),
  durationMs: z.number(),
  error: text,
});

export const preview = z.object({ title: z.string(), text: z.string() });

export const inbox = z.object({
  unread: z.number(),
  latest: z
    .object({
      messageNo: z.string(),
      level: z.string(),
      kind: z.string(),
      title: z.string(),
      titleEn: text,
      at: z.string(),
    })
    .nullable(),
});
