import { randomBytes } from 'node:crypto';
import { types } from 'node:util';
import type { Knex } from 'knex';
import { toMinor } from './contract';

/**
 * Rows of the hot types are written past the Document Service. Names follow Strapi's own rule, and the house's
 * naming carries the types: `…Fen` is money, `…At` / `…Time` / `at` a moment, and the names below are JSON.
 */
const jsonAttributes = new Set([
  'anomalies',
  'basis',
  'checklist',
  'config',
  'counts',
  'event',
  'figures',
  'ipAllowList',
  'mapping',
  'items',
  'merchantCodes',
  'payerAction',
  'payload',
  'question',
  'routing',
  'scopes',
]);
const isMoment = (attribute: string) => /(At|Time)$/.test(attribute) || attribute === 'at';

/** Names are few and rows are many: what a name means is worked out once. */
function remembered<Meaning>(work: (name: string) => Meaning): (name: string) => Meaning {
  const known = new Map<string, Meaning>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) {
      found = work(name);
      known.set(name, found);
    }
    return found;
  };
}

/** Strapi's columns set digits apart as well: `sha256` is `sha_256`. */
export const columnOf = remembered((attribute) =>
  attribute.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/([a-z])(\d)/g, '$1_$2'),
);
export const isPostgres = (db: Knex): boolean =>
  db.client.config.client === 'postgres' || db.client.config.client === 'pg';

/** A moment as the database keeps it: ms on SQLite, a timestamp on PostgreSQL. Use it in WHERE clauses too. */
export const dateValue = (db: Knex, date: Date): Date | number => (isPostgres(db) ? date : date.getTime());

/** Attributes → columns. `undefined` is left out; Date, JSON and booleans are put as the database wants them. */
export function toColumns(db: Knex, attributes: Record<string, unknown>): Record<string, Knex.Value> {
  const columns: Record<string, Knex.Value> = {};
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) columns[columnOf(attribute)] = toColumn(db, value);
  }
  return columns;
}

function toColumn(db: Knex, value: unknown): Knex.Value {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return isPostgres(db) ? value : Number(value);
  if (types.isDate(value)) return dateValue(db, value);
  return JSON.stringify(value);
}

/** What a column is called here, and how its values are read. */
const readingOf = remembered((column) => {
  const attribute = column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { attribute, read: readerOf(attribute) };
});

function readerOf(attribute: string): ((value: unknown) => unknown) | undefined {
  if (attribute.endsWith('Fen')) return toMinor;
  if (isMoment(attribute)) return toMoment;
  if (attribute === 'enabled') return Boolean;
  if (jsonAttributes.has(attribute))
    return (value) => (typeof value === 'string' ? JSON.parse(value) : value);
  return undefined;
}

/** A row as the database gives it → attributes: camelCase, money as numbers, moments as Date, JSON read. */
export function fromRow(row: Record<string, unknown>): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const column of Object.keys(row)) {
    const { attribute, read } = readingOf(column);
    const value = row[column] ?? null;
    attributes[attribute] = value === null || read === undefined ? value : read(value);
  }
  return attributes;
}

function toMoment(value: unknown): Date {
  if (value instanceof Date) return value;
  const isEpoch = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  return new Date(isEpoch ? Number(value) : String(value));
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Strapi's document ids are 24 lower-case letters and digits; ours come from randomBytes because cuid2 is slow in bulk. */
export function documentId(): string {
  let id = '';
  for (const byte of randomBytes(24)) id += alphabet.charAt(byte % 36);
  return id;
}

/** A row ready for INSERT, with what Strapi expects in every table. */
export function completeRow(
  db: Knex,
  attributes: Record<string, unknown>,
  now = new Date(),
): Record<string, Knex.Value> {
  return {
    document_id: documentId(),
    ...toColumns(db, { createdAt: now, updatedAt: now, publishedAt: now }),
    ...toColumns(db, attributes),
  };
}

/** Inserts one row. Pass a transaction as `db` to insert within it. */
export async function insertRow(
  db: Knex,
  table: string,
  attributes: Record<string, unknown>,
  now = new Date(),
): Promise<void> {
  await db(table).insert(completeRow(db, attributes, now));
}

/** True for the error a unique index gives on either database. */
export function isUniqueViolation(error: unknown): boolean {
  // By its code alone: a native driver keeps the Error class of whoever loaded it first.
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === '23505' || error.code === 'SQLITE_CONSTRAINT_UNIQUE';
}
