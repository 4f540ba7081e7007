import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ConfigSchema } from '@hospital-pay/payments/contract';
import type { z } from 'zod';

/** @throws PlatformError `CHANNEL_CONFIG` naming the field of the form that is wrong. */
export function refuseSetting(schema: ConfigSchema, field: string, why: Bilingual, cause?: unknown): never {
  const name = schema.properties[field];
  throw new PlatformError(
    'CHANNEL_CONFIG',
    400,
    {
      zh: `渠道配置有误：${name?.title ?? field}${why.zh}`,
      en: `The channel cannot work with this configuration: ${name?.titleEn ?? field} ${why.en}`,
    },
    { field },
    cause === undefined ? {} : { cause },
  );
}

/** Reads a configuration, naming the first field that does not fit. @throws PlatformError `CHANNEL_CONFIG` */
export function readSettings<Shape extends z.ZodType>(
  schema: ConfigSchema,
  shape: Shape,
  config: Record<string, unknown>,
): z.output<Shape> {
  const parsed = shape.safeParse(config);
  if (parsed.success) return parsed.data;
  const field = String(parsed.error.issues[0]?.path[0] ?? '');
  const given = config[field];
  return refuseSetting(
    schema,
    field,
    given === undefined || given === ''
      ? { zh: '未填写', en: 'is missing' }
      : { zh: '的值无效', en: 'has no valid value' },
  );
}

/** Forms and environment variables turn line breaks into `\n`; a PEM needs real ones. */
export const pem = (text: string): string => text.replaceAll('\\n', '\n').replaceAll('\r\n', '\n');
