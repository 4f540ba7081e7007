import type { CrudFilter, CrudSort } from '@refinedev/core';
import type { Field, FilterOperator, Screen } from '../http/contracts';
import { parseYuan, toBigInt } from '../money';
import { addDays, dayStart } from '../time';

/** The parameters of a list that are not filters. Everything else in the address is a filter by its field's name. */
export const reserved = new Set(['page', 'after', 'before', 'size', 'sort', 'open', 'edit']);
export const defaultPageSize = 20;
export const pageSizes = [10, 20, 50, 100];

export interface ListState {
  values: Record<string, string>;
  page: number;
  /** Where the page begins, in a list without numbered pages. */
  place: { after?: string; before?: string };
  size: number;
  sort: CrudSort | undefined;
}

/** What an address asks of a list; nonsense in it reads as the default. */
export function readListState(search: URLSearchParams, fields: ReadonlySet<string>): ListState {
  const values: Record<string, string> = {};
  for (const [name, value] of search)
    if (!reserved.has(name) && fields.has(name) && value !== '') values[name] = value;
  const page = Number(search.get('page') ?? 1);
  const size = Number(search.get('size') ?? defaultPageSize);
  const sort = search.get('sort') ?? '';
  const [after, before] = [search.get('after'), search.get('before')];
  const sortField = sort.replace(/^-/, '');
  return {
    values,
    page: Number.isInteger(page) && page > 0 ? page : 1,
    place: after ? { after } : before ? { before } : {},
    size: pageSizes.includes(size) ? size : defaultPageSize,
    sort: fields.has(sortField)
      ? { field: sortField, order: sort.startsWith('-') ? 'desc' : 'asc' }
      : undefined,
  };
}

export function writeListState(state: ListState): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(state.values)) if (value !== '') search.set(name, value);
  if (state.page > 1) search.set('page', String(state.page));
  for (const [name, value] of Object.entries(state.place)) search.set(name, value);
  if (state.size !== defaultPageSize) search.set('size', String(state.size));
  if (state.sort) search.set('sort', `${state.sort.order === 'desc' ? '-' : ''}${state.sort.field}`);
  return search;
}

/** A range is written `from~to`; either end may be missing. */
export function splitRange(text: string): [string | undefined, string | undefined] {
  const [from, to] = text.split('~');
  return [from || undefined, to || undefined];
}

export const joinRange = (from: string | undefined, to: string | undefined): string =>
  from || to ? `${from ?? ''}~${to ?? ''}` : '';

const day = /^\d{4}-\d{2}-\d{2}$/;

/** One filter of the address as Refine's conditions. */
export function toConditions(field: Field, op: FilterOperator, text: string): CrudFilter[] {
  switch (op) {
    case 'eq':
      return equal(field, text);
    case 'contains':
      return [{ field: field.name, operator: 'contains', value: text.trim() }];
    case 'in':
      return [{ field: field.name, operator: 'in', value: text.split(',').filter(Boolean) }];
    case 'present':
      return [{ field: field.name, operator: text === 'true' ? 'nnull' : 'null', value: true }];
    case 'range':
      return between(field, ...splitRange(text));
    default:
      return op satisfies never;
  }
}

function equal(field: Field, text: string): CrudFilter[] {
  const operator = 'eq';
  if (field.kind === 'boolean') return [{ field: field.name, operator, value: text === 'true' }];
  if (field.kind === 'money') {
    const reading = parseYuan(text);
    return reading.ok ? [{ field: field.name, operator, value: String(reading.fen) }] : [];
  }
  if (field.kind === 'datetime') return between(field, text, text);
  return [{ field: field.name, operator, value: text.trim() }];
}

function between(field: Field, from: string | undefined, to: string | undefined): CrudFilter[] {
  const conditions: CrudFilter[] = [];
  const add = (operator: 'gte' | 'lte' | 'lt', value: string) =>
    conditions.push({ field: field.name, operator, value });
  if (field.kind === 'datetime') {
    // Days are the hospital's: the last one ends where the next begins.
    if (from && day.test(from)) add('gte', dayStart(from));
    if (to && day.test(to)) add('lt', dayStart(addDays(to, 1)));
  } else if (field.kind === 'money') {
    const low = from === undefined ? undefined : signedFen(from);
    const high = to === undefined ? undefined : signedFen(to);
    if (low !== undefined) add('gte', low);
    if (high !== undefined) add('lte', high);
  } else {
    if (from) add('gte', from);
    if (to) add('lte', to);
  }
  return conditions;
}

/** Bounds of an amount may be zero or below: differences and refunds are. */
function signedFen(text: string): string | undefined {
  const negative = text.trim().startsWith('-');
  const plain = text.trim().replace(/^-/, '');
  const reading = parseYuan(plain);
  if (!reading.ok) return reading.reason === 'zero' ? '0' : undefined;
  const fen = toBigInt(reading.fen) ?? 0n;
  return String(negative ? -fen : fen);
}

/** Words are looked for where the reader sees them: those of `title` in `titleEn`, where that is kept and has no filter of its own. */
export function toCrudFilters(
  screen: Screen,
  values: Record<string, string>,
  language: 'zh' | 'en',
): CrudFilter[] {
  const operators = new Map(screen.view.filters.map(({ field, op }) => [field, op]));
  const fields = new Map(screen.fields.map((field) => [field.name, field]));
  return screen.fields.flatMap((field) => {
    const text = values[field.name];
    if (text === undefined || text === '') return [];
    const operator = operators.get(field.name) ?? 'eq';
    const isRead = operator === 'contains' && language === 'en' && !operators.has(`${field.name}En`);
    const english = isRead ? fields.get(`${field.name}En`) : undefined;
    return toConditions(english ?? field, operator, text);
  });
}

export function toSorters(screen: Screen, sort: CrudSort | undefined): CrudSort[] {
  return sort ? [sort] : screen.view.sort.map(({ field, order }) => ({ field, order }));
}
