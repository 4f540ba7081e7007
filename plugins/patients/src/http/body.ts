import type { z } from 'zod';
import { fail } from '../errors';

/** @throws LINK_INPUT naming the fields */
export function readBody<Schema extends z.ZodType>(schema: Schema, request: object): z.output<Schema> {
  const result = schema.safeParse(Reflect.get(request, 'body') ?? {});
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw fail('LINK_INPUT', { issues });
}
