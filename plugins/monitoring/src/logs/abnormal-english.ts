import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { englishOf } from '../wording';

const text = z.string().nullish();
const stored = z.object({
  channel: text,
  errorCode: text,
  errorMessage: text,
  advice: text,
});

/** What stands in an abnormal request beside its Chinese words: `adviceEn` beside `advice`. */
export function englishBeside(strapi: Core.Strapi, row: unknown): Record<string, string> {
  const { channel, errorCode, ...told } = stored.parse(row);
  const { errorKnowledge } = payments(strapi);
  return englishOf(told, channel && errorCode ? errorKnowledge.explain(channel, errorCode) : undefined);
}

/** Who reads a row by Strapi, as a detail or an export does, gets the English with it. */
export function tellInEnglish(strapi: Core.Strapi): void {
  const tell = (row: unknown): void => {
    if (row instanceof Object) Object.assign(row, englishBeside(strapi, row));
  };
  strapi.db.lifecycles.subscribe({
    models: ['api::abnormal-request.abnormal-request'],
    afterFindOne: ({ result }) => tell(result),
    afterFindMany: ({ result }) => z.array(z.unknown()).parse(result).forEach(tell),
  });
}
