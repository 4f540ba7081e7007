import { columnOf } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';

/** Fields of a log by the kind of their values. */
export type LogFields = ReadonlyMap<string, 'moment' | 'integer' | 'text'>;

type Value = string | number | Date;
type Condition = { field: string } & (
  | { op: '=' | '<>' | '<' | '<=' | '>' | '>='; value: Value }
  | { op: 'in' | 'not in'; values: Value[] }
  | { op: 'contains'; value: string }
  | { op: 'is null' | 'is not null' }
);
export type Question = readonly Condition[];

const comparisons = { $eq: '=', $ne: '<>', $lt: '<', $lte: '<=', $gt: '>', $gte: '>=' } as const;
const comparison = z.enum(['$eq', '$ne', '$lt', '$lte', '$gt', '$gte']);
const conditions = z.record(z.string(), z.unknown());
/** Long arrays arrive as objects with indices for keys. */
const list = z.union([z.array(z.unknown()), conditions.transform((items) => Object.values(items))]);

/** Reads the `filters` of a list as Strapi's REST takes them. @throws LOG_QUESTION_INVALID */
export function readQuestion(filters: unknown, fields: LogFields): Question {
  if (filters === undefined || filters === null) return [];
  const read = conditions.safeParse(filters);
  if (!read.success) throw fail('LOG_QUESTION_INVALID', { field: 'filters' });
  return Object.entries(read.data).flatMap(([name, asked]): Condition[] => {
    if (name === '$and') return list.parse(asked).flatMap((each) => readQuestion(each, fields));
    const kind = fields.get(name);
    if (kind === undefined) throw fail('LOG_QUESTION_INVALID', { field: name });
    const value = (given: unknown) => readValue(name, kind, given);
    const operators = conditions.safeParse(asked).data ?? { $eq: asked };
    return Object.entries(operators).map(([operator, given]): Condition => {
      const compared = comparison.safeParse(operator).data;
      if (compared) return { field: name, op: comparisons[compared], value: value(given) };
      switch (operator) {
        case '$in':
          return { field: name, op: 'in', values: list.parse(given).map(value) };
        case '$notIn':
          return { field: name, op: 'not in', values: list.parse(given).map(value) };
        case '$containsi':
          return { field: name, op: 'contains', value: String(given) };
        case '$null':
          return { field: name, op: String(given) === 'false' ? 'is not null' : 'is null' };
        case '$notNull':
          return { field: name, op: String(given) === 'false' ? 'is null' : 'is not null' };
        default:
          throw fail('LOG_QUESTION_INVALID', { field: name });
      }
    });
  });
}

function readValue(field: string, kind: 'moment' | 'integer' | 'text', given: unknown): Value {
  const text = z.union([z.string(), z.number()]).safeParse(given);
  if (!text.success) throw fail('LOG_QUESTION_INVALID', { field });
  if (kind === 'text') return String(text.data);
  const value = kind === 'moment' ? new Date(text.data) : Number(text.data);
  if (!Number.isFinite(value.valueOf())) throw fail('LOG_QUESTION_INVALID', { field });
  return value;
}

/** Adds the question to a query. `moment`: a moment as the asked database keeps it. */
export function ask(query: Knex.QueryBuilder, question: Question, moment: (date: Date) => Knex.Value): void {
  const bind = (value: Value): Knex.Value => (typeof value === 'object' ? moment(value) : value);
  for (const condition of question) {
    const column = columnOf(condition.field);
    switch (condition.op) {
      case 'in':
        query.whereIn(column, condition.values.map(bind));
        break;
      case 'not in':
        query.whereNotIn(column, condition.values.map(bind));
        break;
      case 'contains':
        query.whereRaw("lower(??) LIKE ? ESCAPE '!'", [column, `%${escaped(condition.value)}%`]);
        break;
      case 'is null':
        query.whereNull(column);
        break;
      case 'is not null':
        query.whereNotNull(column);
        break;
      default:
        query.where(column, condition.op, bind(condition.value));
    }
  }
}

const escaped = (text: string): string => text.toLowerCase().replace(/[!%_]/g, '!$&');
