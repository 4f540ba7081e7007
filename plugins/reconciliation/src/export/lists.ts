import { access, type SignedInAccount } from '@hospital-pay/access';
import { screens } from '@hospital-pay/lowcode';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { fail } from '../errors';
import type { Asked, Field, Opened, Question, Row } from './report';

/** Rows read in one query. */
const atOnce = 1000;

const value = z.union([z.string(), z.number(), z.boolean()]);
export const condition = z
  .strictObject({
    $eq: value,
    $ne: value,
    $lt: value,
    $lte: value,
    $gt: value,
    $gte: value,
    $in: z.array(value).max(500),
    $notIn: z.array(value).max(500),
    $containsi: z.string(),
    $null: z.boolean(),
    $notNull: z.boolean(),
  })
  .partial();
export type Condition = z.output<typeof condition>;

/** What a list is asked by: the same `filters` and `sort` that the screen sends for a page of it. */
const listQuestion = z.strictObject({
  filters: z.record(z.string(), condition).default({}),
  sort: z
    .array(z.string().regex(/^\w+:(asc|desc)$/))
    .max(5)
    .default([]),
  /** What the screen is called, where that is not the name of its content type. */
  title: z.string().trim().min(1).max(60).optional(),
});

/** Reads a list that has rows elsewhere than in its table. @throws what its page would refuse */
export type ListReader = (question: {
  filters: Row;
  sort: string | undefined;
  fields: readonly string[];
}) => { count(): Promise<number>; rows(): AsyncIterable<Row> };

/** Who keeps such a list says here how it is read. */
export interface Lists {
  readBy(type: string, reader: ListReader): void;
}

/**
 * A list of a content type as this account sees it: its columns, its rows, its masks.
 * @throws SCREEN_UNKNOWN, SCREEN_FORBIDDEN, QUERY_FORBIDDEN, REQUEST_INVALID
 */
export async function openList(
  strapi: Core.Strapi,
  type: string,
  question: Question,
  account: SignedInAccount,
  reader: ListReader | undefined,
): Promise<Opened> {
  const screen = await screens(strapi).read(type, account);
  const parsed = listQuestion.safeParse(question);
  if (!parsed.success) {
    throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
  }
  const { filters, sort, title: name } = parsed.data;
  const title = name === undefined ? screen.title : { zh: name, en: name };
  const { filters: where = {} } = z
    .object({ filters: z.looseObject({}).optional() })
    .parse(await access(strapi).narrow(type, { filters, sort }, account));

  const known = new Map(screen.fields.map((field) => [field.name, field]));
  const columns = screen.view.columns.flatMap(({ field, hidden }): Field[] => {
    const found = hidden ? undefined : known.get(field);
    return found ? [found] : [];
  });
  const asked = screen.fields.flatMap((field): Asked[] => {
    const conditions = filters[field.name];
    return conditions === undefined ? [] : [{ field, value: conditions }];
  });
  const elsewhere = reader?.({ filters: where, sort: sort[0], fields: columns.map((column) => column.name) });
  const order = orderOf(sort[0], screen.view.sort[0]);
  return {
    title,
    subject: type,
    asked,
    tables: async () => [
      {
        title,
        columns,
        rows: elsewhere?.rows() ?? rowsOf(strapi, type, { where, columns, order }),
        count: (await elsewhere?.count()) ?? (await strapi.db.query(`api::${type}.${type}`).count({ where })),
        totals: true,
        masks: type,
      },
    ],
  };
}

interface Order {
  field: string;
  order: 'asc' | 'desc';
}

function orderOf(asked: string | undefined, usual: Order | undefined): Order {
  const [field, order] = asked?.split(':') ?? [];
  if (field !== undefined) return { field, order: order === 'desc' ? 'desc' : 'asc' };
  return usual ?? { field: 'id', order: 'desc' };
}

const numbered = z.object({ id: z.number() });

/**
 * The rows of a list in its order, a piece at a time: each piece begins where the last one ended, however many have
 * gone before. Rows that have nothing in the field of the order come last on every database.
 */
async function* rowsOf(
  strapi: Core.Strapi,
  type: string,
  { where, columns, order: { field, order } }: { where: object; columns: Field[]; order: Order },
): AsyncGenerator<Row> {
  const uid = `api::${type}.${type}` as const;
  const attributes = strapi.getModel(uid).attributes;
  // Masks need the patient's name beside a title that may contain it, dates the merchant whose zone they are told in,
  // amounts their currency, who reads English the English of it, which of errors is known by their code.
  const english = columns.map(({ name }) => `${name}En`);
  const besides = ['patientName', 'merchantCode', 'currency', 'channel', 'errorCode', ...english].filter(
    (name) => name in attributes,
  );
  const select = [...new Set(['id', field, ...columns.map(({ name }) => name), ...besides])];
  const beyond = order === 'asc' ? '$gt' : '$lt';
  for (const isEmpty of field === 'id' ? [false] : [false, true]) {
    let last: { id: number; value: unknown } | undefined;
    for (;;) {
      const at = last === undefined || isEmpty ? {} : { [field]: { [`${beyond}e`]: last.value } };
      const after =
        last === undefined
          ? {}
          : isEmpty || field === 'id'
            ? { id: { [beyond]: last.id } }
            : { $or: [{ [field]: { [beyond]: last.value } }, { id: { [beyond]: last.id } }] };
      const rows: Row[] = await strapi.db.query(uid).findMany({
        where: { $and: [where, { [field]: isEmpty ? { $null: true } : { $notNull: true } }, at, after] },
        orderBy: isEmpty || field === 'id' ? { id: order } : [{ [field]: order }, { id: order }],
        limit: atOnce,
        select,
      });
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || rows.length < atOnce) break;
      last = { id: numbered.parse(end).id, value: end[field] };
    }
  }
}
