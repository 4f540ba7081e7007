import { describe, expect, test } from '@jest/globals';
import type { ModelField } from './model';
import { applicable, hashOfView, resolve, type ViewRow } from './view';

const field = (name: string, kind: ModelField['kind'], mask?: ModelField['mask']): ModelField => ({
  name,
  kind,
  title: { zh: name, en: name },
  required: false,
  ...(mask === undefined ? {} : { mask }),
});
const fields = [
  field('at', 'datetime'),
  field('status', 'enum'),
  field('name', 'string', 'name'),
  field('card', 'string', 'card'),
  field('note', 'text'),
];
const row = (part: Partial<ViewRow>): ViewRow => ({
  scope: 'default',
  owner: '',
  name: '',
  columns: null,
  filters: null,
  form: null,
  actions: null,
  sort: null,
  ...part,
});

describe('a view', () => {
  test('comes from the person, else the first role that has one, else the default', () => {
    const rows = [
      row({ columns: [{ field: 'at' }] }),
      row({ scope: 'role', owner: 'ops' }),
      row({ scope: 'role', owner: 'finance' }),
      row({ scope: 'user', owner: 'anna' }),
      row({ scope: 'user', owner: 'ben' }),
    ];
    const order = applicable(rows, 'anna', ['finance', 'ops']).map(({ scope, owner }) => `${scope}:${owner}`);
    expect(order).toEqual(['user:anna', 'role:finance', 'role:ops', 'default:']);
  });

  test('takes each section from the strongest row that has it', () => {
    const rows = [
      row({ scope: 'user', owner: 'anna', columns: [{ field: 'status' }], filters: 'broken' }),
      row({
        columns: [{ field: 'at' }],
        filters: [{ field: 'at', op: 'range' }],
        actions: ['detail'],
        sort: [],
      }),
    ];
    expect(resolve(rows, fields, new Set())).toMatchObject({
      scope: 'user',
      columns: [{ field: 'status' }, { field: 'at', hidden: true }],
      filters: [{ field: 'at', op: 'range' }],
      actions: ['detail'],
      sort: [],
    });
  });

  test('of one’s own offers, hidden, what the default has besides', () => {
    const rows = [
      row({ scope: 'user', owner: 'anna', columns: [{ field: 'status', width: 90 }] }),
      row({ columns: [{ field: 'at', fixed: 'left' }, { field: 'status' }] }),
    ];
    expect(resolve(rows, fields, new Set()).columns).toEqual([
      { field: 'status', width: 90 },
      { field: 'at', fixed: 'left', hidden: true },
    ]);
  });

  test('is the same view whatever the order of its keys', () => {
    const view = { filters: [], form: [], actions: [], sort: [] };
    expect(hashOfView({ ...view, columns: [{ field: 'at', width: 80 }] })).toBe(
      hashOfView({ columns: [{ width: 80, field: 'at' }], ...view }),
    );
  });

  test('offers no filter or order by which a masked value could be guessed', () => {
    const rows = [
      row({
        columns: [{ field: 'name' }, { field: 'gone' }],
        filters: [
          { field: 'name', op: 'eq' },
          { field: 'card', op: 'eq' },
          { field: 'card', op: 'contains' },
        ],
        sort: [{ field: 'name', order: 'asc' }],
      }),
    ];
    expect(resolve(rows, fields, new Set(['name', 'card']))).toMatchObject({
      columns: [{ field: 'name' }],
      filters: [{ field: 'card', op: 'eq' }],
      sort: [],
    });
  });

  test('is made up from the fields when no row says anything', () => {
    expect(resolve([], fields, new Set())).toMatchObject({
      scope: 'default',
      columns: [{ field: 'at' }, { field: 'status' }, { field: 'name' }, { field: 'card' }],
      filters: [{ field: 'status', op: 'in' }],
      sort: [{ field: 'at', order: 'desc' }],
    });
  });
});
