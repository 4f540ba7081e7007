import { access, type SignedInAccount } from '@hospital-pay/access';
import { whole } from '@hospital-pay/archive';
import { dateValue, fromRow, isPostgres, payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { fail } from '../errors';
import { englishBeside } from './abnormal-english';
import type { LogLists } from './log-lists';
import { ask, type Question, readQuestion } from './question';

/** Abnormal requests of one channel with one code, and how they came over the days asked about. */
export interface AbnormalGroup {
  channel: string | null;
  errorCode: string;
  count: number;
  /** One number a day. */
  days: number[];
  firstAt: string;
  lastAt: string;
  /** The first one that is still in the database, before the days asked about as well; of archived ones, of these days. */
  firstEverAt: string;
  known: ReturnType<ReturnType<typeof payments>['errorKnowledge']['explain']> | null;
  /** What the last one said. */
  message: string | null;
  messageEn: string | null;
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
const moment = whole.transform((at) => new Date(at));
const archivedBucket = z.object({
  channel: z.string().nullable(),
  errorCode: z.string(),
  day: whole,
  count: whole,
  firstAt: moment,
  lastAt: moment,
  message: z.string().nullable(),
});
const single = z.object({ at: z.date(), errorMessage: z.string().nullable() });

/** `from` and `to`: moments, whole days apart; archived days are searched as well. @throws LOG_QUESTION_INVALID */
export async function abnormalGroups(
  strapi: Core.Strapi,
  query: unknown,
  logs: LogLists,
  account: SignedInAccount,
): Promise<AbnormalGroup[]> {
  const asked = span.safeParse(query);
  if (!asked.success) throw fail('LOG_QUESTION_INVALID', { field: 'from, to' });
  const { from, to } = asked.data;
  const db = strapi.db.connection;
  const stored = (date: Date) => dateValue(db, date);
  const { filters } = await access(strapi).narrow('abnormal-request', {}, account);
  const scope = readQuestion(filters, logs.fieldsOf('abnormal-request'));
  const inDays: Question = [
    ...scope,
    { field: 'at', op: '>=', value: from },
    { field: 'at', op: '<', value: to },
  ];
  const rows = (question: Question) => {
    const found = db('abnormal_requests');
    ask(found, question, stored);
    return found;
  };
  const day = isPostgres(db)
    ? db.raw('floor(extract(epoch FROM at - ?::timestamp) / 86400)::int', [from])
    : db.raw('CAST((at - ?) / 86400000 AS INTEGER)', [from.getTime()]);
  const counted: object[] = await rows(inDays)
    .select('channel', 'error_code', { day })
    .count({ count: '*' })
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .groupBy('channel', 'error_code', 'day');
  const archived = await logs.archive.read('abnormal-request', inDays, archivedBucket, (query, raw) =>
    query
      .select(
        'channel',
        raw('error_code AS "errorCode", count(*) AS count'),
        raw('("at" - ?) // ? AS day', [from.getTime(), dayMs]),
        raw('min("at") AS "firstAt", max("at") AS "lastAt", max_by(error_message, "at") AS message'),
      )
      .groupBy('channel', 'error_code', 'day'),
  );

  const days = Math.ceil((to.getTime() - from.getTime()) / dayMs);
  const groups = new Map<string, Omit<AbnormalGroup, 'firstEverAt' | 'known' | 'messageEn'>>();
  const buckets = [
    ...archived.sort((a, b) => a.day - b.day),
    ...counted.map((row) => ({ ...bucket.parse(fromRow({ ...row })), message: null })),
  ];
  for (const one of buckets) {
    const key = `${one.channel} ${one.errorCode}`;
    const [firstAt, lastAt] = [one.firstAt.toISOString(), one.lastAt.toISOString()];
    const group = groups.get(key) ?? {
      channel: one.channel,
      errorCode: one.errorCode,
      count: 0,
      days: Array.from({ length: days }, () => 0),
      firstAt,
      lastAt,
      message: null,
    };
    group.count += one.count;
    group.days[one.day] = (group.days[one.day] ?? 0) + one.count;
    group.message = one.message ?? group.message;
    if (firstAt < group.firstAt) group.firstAt = firstAt;
    if (lastAt > group.lastAt) group.lastAt = lastAt;
    groups.set(key, group);
  }
  const most = [...groups.values()]
    .sort((a, b) => b.count - a.count || b.lastAt.localeCompare(a.lastAt))
    .slice(0, mostGroups);
  const { errorKnowledge } = payments(strapi);
  return Promise.all(
    most.map(async (group) => {
      const edge = async (order: 'asc' | 'desc') => {
        const row: object | undefined = await rows(scope)
          .where({ channel: group.channel, error_code: group.errorCode })
          .orderBy('at', order)
          .first('at', 'error_message');
        return row && single.parse(fromRow({ ...row }));
      };
      const firstAt = (await edge('asc'))?.at.toISOString() ?? group.firstAt;
      const last = await edge('desc');
      const message = last ? last.errorMessage : group.message;
      return {
        ...group,
        firstEverAt: firstAt < group.firstAt ? firstAt : group.firstAt,
        message,
        messageEn: englishBeside(strapi, { ...group, errorMessage: message }).errorMessageEn ?? null,
        known:
          group.channel === null ? null : (errorKnowledge.explain(group.channel, group.errorCode) ?? null),
      };
    }),
  );
}
