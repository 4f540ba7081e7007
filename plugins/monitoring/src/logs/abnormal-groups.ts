import { access, type SignedInAccount } from '@hospital-pay/access';
import { dateValue, fromRow, isPostgres, payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { fail } from '../errors';
import { ask, type LogFields, readQuestion } from './question';

/** Abnormal requests of one channel with one code, and how they came over the days asked about. */
export interface AbnormalGroup {
  channel: string | null;
  errorCode: string;
  count: number;
  /** One number a day. */
  days: number[];
  firstAt: string;
  lastAt: string;
  /** The first one that is still in the log, before the days asked about as well. */
  firstEverAt: string;
  known: ReturnType<ReturnType<typeof payments>['errorKnowledge']['explain']> | null;
  /** What the last one said. */
  message: string | null;
}

const dayMs = 24 * 3_600_000;
const longestDays = 92;
const mostGroups = 100;

const span = z
  .object({ from: z.coerce.date(), to: z.coerce.date() })
  .refine(({ from, to }) => to > from && to.getTime() - from.getTime() <= longestDays * dayMs);

const bucket = z.object({
  channel: z.string().nullable(),
  errorCode: z.string(),
  day: z.coerce.number(),
  count: z.coerce.number(),
  firstAt: z.date(),
  lastAt: z.date(),
});
const single = z.object({ at: z.date(), errorMessage: z.string().nullable() });

/** `from` and `to`: moments, whole days apart. @throws LOG_QUESTION_INVALID */
export async function abnormalGroups(
  strapi: Core.Strapi,
  query: unknown,
  fields: LogFields,
  account: SignedInAccount,
): Promise<AbnormalGroup[]> {
  const asked = span.safeParse(query);
  if (!asked.success) throw fail('LOG_QUESTION_INVALID', { field: 'from, to' });
  const { from, to } = asked.data;
  const db = strapi.db.connection;
  const moment = (date: Date) => dateValue(db, date);
  const { filters } = await access(strapi).narrow('abnormal-request', {}, account);
  const scope = readQuestion(filters, fields);
  const rows = () => {
    const found = db('abnormal_requests');
    ask(found, scope, moment);
    return found;
  };
  const day = isPostgres(db)
    ? db.raw('floor(extract(epoch FROM at - ?::timestamp) / 86400)::int', [from])
    : db.raw('CAST((at - ?) / 86400000 AS INTEGER)', [from.getTime()]);
  const counted: object[] = await rows()
    .where('at', '>=', moment(from))
    .where('at', '<', moment(to))
    .select('channel', 'error_code', { day })
    .count({ count: '*' })
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .groupBy('channel', 'error_code', 'day');

  const days = Math.ceil((to.getTime() - from.getTime()) / dayMs);
  const groups = new Map<string, Omit<AbnormalGroup, 'firstEverAt' | 'known' | 'message'>>();
  for (const row of counted) {
    const one = bucket.parse(fromRow({ ...row }));
    const key = `${one.channel} ${one.errorCode}`;
    const [firstAt, lastAt] = [one.firstAt.toISOString(), one.lastAt.toISOString()];
    const group = groups.get(key) ?? {
      channel: one.channel,
      errorCode: one.errorCode,
      count: 0,
      days: Array.from({ length: days }, () => 0),
      firstAt,
      lastAt,
    };
    group.count += one.count;
    group.days[one.day] = one.count;
    if (firstAt < group.firstAt) group.firstAt = firstAt;
    if (lastAt > group.lastAt) group.lastAt = lastAt;
    groups.set(key, group);
  }
  const most = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, mostGroups);
  const { errorKnowledge } = payments(strapi);
  return Promise.all(
    most.map(async (group) => {
      const edge = async (order: 'asc' | 'desc') => {
        const row: object = await rows()
          .where({ channel: group.channel, error_code: group.errorCode })
          .orderBy('at', order)
          .first('at', 'error_message');
        return single.parse(fromRow({ ...row }));
      };
      return {
        ...group,
        firstEverAt: (await edge('asc')).at.toISOString(),
        message: (await edge('desc')).errorMessage,
        known:
          group.channel === null ? null : (errorKnowledge.explain(group.channel, group.errorCode) ?? null),
      };
    }),
  );
}
