import { fail } from './errors';
import type { Mask } from './masking';

/** What an account may ask of one content type. */
export interface QueryRules {
  /** Fields it may read at all: hidden, private and forbidden ones are left out. */
  readable: ReadonlySet<string>;
  /** Fields it sees masked: asking by them would be a way to guess them. */
  masked: ReadonlyMap<string, Mask>;
}

const maxDepth = 10;
const maxPageSize = 200;

export type Query = Record<string, unknown>;

/**
 * The client's query with what it may not ask refused, and the rows it may not see filtered out.
 * `fields` and `populate` are left behind: fields are picked from the answer, after masking.
 */
export function scopedQuery(query: Query, rules: QueryRules, scope: object | undefined): Query {
  if ('_q' in query) throw fail('QUERY_FORBIDDEN', { field: '_q' });
  checkFilters(query.filters, rules, 0);
  for (const field of sortFields(query.sort)) {
    if (!rules.readable.has(field) || rules.masked.has(field)) throw fail('QUERY_FORBIDDEN', { field });
  }
  const asked = query.filters === undefined ? [] : [query.filters];
  const filters = scope === undefined ? asked : [...asked, scope];
  return {
    ...(filters.length > 0 ? { filters: { $and: filters } } : {}),
    ...(query.sort === undefined ? {} : { sort: query.sort }),
    pagination: limited(query.pagination),
  };
}

function checkFilters(filters: unknown, rules: QueryRules, depth: number): void {
  if (filters === undefined || filters === null) return;
  if (depth > maxDepth || typeof filters !== 'object') throw fail('QUERY_FORBIDDEN', { field: 'filters' });
  if (Array.isArray(filters)) {
    for (const filter of filters) checkFilters(filter, rules, depth + 1);
    return;
  }
  for (const [key, value] of Object.entries(filters)) {
    // Long arrays arrive as objects with indices for keys.
    if (key.startsWith('$') || /^\d+$/.test(key)) {
      checkFilters(value, rules, depth + 1);
      continue;
    }
    if (!rules.readable.has(key)) throw fail('QUERY_FORBIDDEN', { field: key });
    const mask = rules.masked.get(key);
    if (mask !== undefined && !(mask === 'card' && isExactMatch(value))) {
      throw fail('QUERY_FORBIDDEN', { field: key });
    }
  }
}

/** Whoever holds the patient's card may look it up; nobody may feel their way to a number. */
function isExactMatch(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (value === null || typeof value !== 'object') return false;
  const entries = Object.entries(value);
  return entries.length === 1 && entries.every(([key, inner]) => key === '$eq' && typeof inner === 'string');
}

function sortFields(sort: unknown): string[] {
  if (sort === undefined || sort === null) return [];
  if (typeof sort === 'string') {
    return sort
      .split(',')
      .map((part) => (part.split(':')[0] ?? '').trim())
      .filter((field) => field !== '');
  }
  if (Array.isArray(sort)) return sort.flatMap(sortFields);
  if (typeof sort === 'object') return Object.keys(sort);
  throw fail('QUERY_FORBIDDEN', { field: 'sort' });
}

function limited(pagination: unknown): Record<string, unknown> {
  if (pagination === null || typeof pagination !== 'object' || Array.isArray(pagination)) return {};
  const cap = (value: unknown) => (Number(value) >= 1 && Number(value) <= maxPageSize ? value : maxPageSize);
  return Object.fromEntries(
    Object.entries(pagination).map(([key, value]) => [
      key,
      key === 'pageSize' || key === 'limit' ? cap(value) : value,
    ]),
  );
}

/** The names in `fields`, or undefined when all are wanted. */
export function pickedFields(fields: unknown): ReadonlySet<string> | undefined {
  const names = typeof fields === 'string' ? fields.split(',') : Array.isArray(fields) ? fields : [];
  const picked = names.filter((name): name is string => typeof name === 'string').map((name) => name.trim());
  return picked.length === 0 || picked.includes('*') ? undefined : new Set(picked);
}
