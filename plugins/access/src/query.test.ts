import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mask } from './masking';
import { pickedFields, scopedQuery } from './query';

const masked = new Map<string, Mask>([
  ['patientName', 'name'],
  ['cardNo', 'card'],
]);
const rules = { readable: new Set(['id', 'orderNo', 'merchantCode', 'patientName', 'cardNo']), masked };
const scope = { merchantCode: { $in: ['H1'] } };

describe('the scoped query', () => {
  test('the scope stands beside whatever the client filters by', () => {
    const { filters } = scopedQuery({ filters: { $or: [{ merchantCode: 'H2' }] } }, rules, scope);
    expect(filters).toEqual({ $and: [{ $or: [{ merchantCode: 'H2' }] }, scope] });
  });

  test('whatever is nested however deep, a masked name is found or the query is refused', () => {
    const operators = fc.constantFrom('$and', '$or', '$not', '0', '17');
    fc.assert(
      fc.property(fc.array(operators, { maxLength: 14 }), fc.boolean(), (path, isArray) => {
        const filters = path.reduce<unknown>(
          (inner, key) => (isArray ? [{ [key]: inner }] : { [key]: inner }),
          { patientName: { $contains: '王' } },
        );
        expect(() => scopedQuery({ filters }, rules, scope)).toThrow(
          expect.objectContaining({ code: 'QUERY_FORBIDDEN' }),
        );
      }),
    );
  });

  test.each([
    { cardNo: { $startsWith: '0' } },
    { cardNo: { $eq: '1', $ne: '2' } },
    { cardNo: { $not: { $eq: '1' } } },
    { cardNo: ['1'] },
    { createdBy: { id: 1 } },
    { secrets: { $contains: 'a' } },
    'orderNo',
  ])('%j is refused', (filters) => {
    expect(() => scopedQuery({ filters }, rules, undefined)).toThrow();
  });

  test('a whole card number is allowed', () => {
    expect(() => scopedQuery({ filters: { cardNo: '0003276083' } }, rules, undefined)).not.toThrow();
    expect(() => scopedQuery({ filters: { cardNo: { $eq: '0003276083' } } }, rules, undefined)).not.toThrow();
  });

  test.each([
    'patientName',
    'orderNo:asc,cardNo:desc',
    ['id', ['cardNo:asc']],
    { cardNo: 'asc' },
    { signingKey: 'asc' },
  ])('sorting by %j is refused', (sort) => {
    expect(() => scopedQuery({ sort }, rules, undefined)).toThrow();
  });

  test('populate, locale and the like are left behind, pages are cut', () => {
    const query = {
      populate: '*',
      locale: 'all',
      pagination: { page: '2', pageSize: '5000' },
      fields: 'orderNo',
    };
    expect(scopedQuery(query, rules, undefined)).toEqual({ pagination: { page: '2', pageSize: 200 } });
    expect(scopedQuery({ pagination: { limit: '-1' } }, rules, undefined)).toEqual({
      pagination: { limit: 200 },
    });
    expect(scopedQuery({ pagination: { pageSize: '20' } }, rules, undefined)).toEqual({
      pagination: { pageSize: '20' },
    });
  });

  test('fields are read as a text or a list', () => {
    expect(pickedFields('orderNo, subject')).toEqual(new Set(['orderNo', 'subject']));
    expect(pickedFields(['orderNo'])).toEqual(new Set(['orderNo']));
    expect(pickedFields('*')).toBeUndefined();
    expect(pickedFields(undefined)).toBeUndefined();
  });
});
