import type { CrudFilter, CrudSort, DataProvider, LogicalFilter } from '@refinedev/core';
import { createDataProvider } from '@refinedev/rest';
import { z } from 'zod';
import { call, sessionFetch } from './client';
import { page, placedPage, type Row, row } from './contracts';
import { readFailure, unreadable } from './failure';

const operators: Partial<Record<LogicalFilter['operator'], string>> = {
  eq: '$eq',
  ne: '$ne',
  lt: '$lt',
  lte: '$lte',
  gt: '$gt',
  gte: '$gte',
  in: '$in',
  nin: '$notIn',
  contains: '$containsi',
  null: '$null',
  nnull: '$notNull',
};

type Conditions = Record<string, Record<string, unknown>>;

/** Refine's filters as Strapi 5 reads them: `filters[status][$in][0]=paid`. Filters of one list are joined by AND. */
export function toStrapiFilters(filters: CrudFilter[] | undefined): Conditions {
  const conditions: Conditions = {};
  for (const filter of filters ?? []) {
    if (!('field' in filter))
      throw new RangeError(`lists are filtered by AND alone, not by ${filter.operator}`);
    const operator = operators[filter.operator];
    if (!operator) throw new RangeError(`no Strapi operator for ${filter.operator}`);
    conditions[filter.field] = { ...conditions[filter.field], [operator]: filter.value };
  }
  return conditions;
}

export const toStrapiSort = (sorters: CrudSort[] | undefined): string[] =>
  (sorters ?? []).map(({ field, order }) => `${field}:${order}`);

const one = z.object({ data: row });

async function readOne(response: Response, path: string) {
  if (!response.ok) throw await readFailure(response);
  const parsed = one.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw unreadable(path);
  return identified(parsed.data.data);
}

/** Rows are named by their documentId: the number in `id` is the database's own business. */
function identified(data: z.infer<typeof row>) {
  return { ...data, id: data.documentId ?? String(data.id) };
}

async function readPage(response: Response, path: string) {
  if (!response.ok) throw await readFailure(response);
  const parsed = page.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw unreadable(path);
  return parsed.data;
}

/** Nested parameters as a query string names them: `filters[status][$in][0]`. */
function named(value: unknown, name: string): [string, string][] {
  if (typeof value !== 'object' || value === null)
    return value === undefined || value === null ? [] : [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => named(inner, `${name}[${key}]`));
}

/** Strapi 5's core REST. Resources are plural names: `orders`, `channel-accounts`. */
export const dataProvider: DataProvider = createDataProvider(
  '/api',
  {
    getList: {
      buildQueryParams: async ({ filters, sorters, pagination }) => ({
        filters: toStrapiFilters(filters),
        sort: toStrapiSort(sorters),
        pagination: { page: pagination?.currentPage ?? 1, pageSize: pagination?.pageSize ?? 20 },
      }),
      mapResponse: async (response, { resource }) =>
        (await readPage(response, resource)).data.map(identified),
      getTotalCount: async (response, { resource }) =>
        (await readPage(response, resource)).meta?.pagination?.total ?? 0,
    },
    getOne: { mapResponse: (response, { resource }) => readOne(response, resource) },
    create: {
      buildBodyParams: async ({ variables }) => ({ data: variables }),
      mapResponse: (response, { resource }) => readOne(response, resource),
      transformError: (response) => readFailure(response),
    },
    update: {
      getRequestMethod: () => 'put',
      buildBodyParams: async ({ variables }) => ({ data: variables }),
      mapResponse: (response, { resource }) => readOne(response, resource),
      transformError: (response) => readFailure(response),
    },
    deleteOne: { transformError: (response) => readFailure(response) },
  },
  { fetch: sessionFetch, timeout: 60_000, retry: 0 },
).dataProvider;

/** A page of a list without numbered pages, beginning after or before a place. */
export async function readPlaced(
  resource: string,
  question: { filters: CrudFilter[]; sorters: CrudSort[]; pageSize: number },
  place: { after?: string; before?: string },
) {
  const query = Object.fromEntries([
    ...named(toStrapiFilters(question.filters), 'filters'),
    ...named(toStrapiSort(question.sorters), 'sort'),
    ...named({ pageSize: question.pageSize, ...place }, 'pagination'),
  ]);
  const { data, meta } = await call(`/${resource}`, placedPage, { query });
  const rows: Row[] = data.map(identified);
  return { rows, places: meta.pagination };
}
