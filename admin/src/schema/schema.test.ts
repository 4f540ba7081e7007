import { describe, expect, test } from 'vitest';
import { type Field, type Screen, screen as screenSchema } from '../http/contracts';
import { toStrapiFilters, toStrapiSort } from '../http/dataProvider';
import { anomalyCodes, fromColumnsMap, planColumns, toColumnsMap } from './columns';
import { joinRange, readListState, splitRange, toCrudFilters, toSorters, writeListState } from './filters';
import { fromInput, toInput } from './SchemaForm';

const field = (name: string, kind: Field['kind'], more: Partial<Field> = {}): Field => ({
  name,
  kind,
  title: { zh: name, en: name },
  ...more,
});

const screen: Screen = screenSchema.parse({
  type: 'order',
  title: { zh: '订单', en: 'Order' },
  endpoint: '/api/orders',
  fields: [
    field('createdTime', 'datetime'),
    field('orderNo', 'string'),
    field('status', 'enum', { options: [{ value: 'paid', zh: '已支付', en: 'Paid', color: 'success' }] }),
    field('amountFen', 'money'),
    field('anomalies', 'anomalies'),
    field('subject', 'string', { masked: true }),
    field('subjectEn', 'string'),
    field('settledOn', 'day'),
    field('enabled', 'boolean'),
  ],
  view: {
    name: '',
    scope: 'default',
    columns: [
      { field: 'createdTime', width: 170 },
      { field: 'orderNo' },
      { field: 'gone' },
      { field: 'status', hidden: true },
      { field: 'amountFen', fixed: 'right' },
      { field: 'subject' },
    ],
    filters: [
      { field: 'createdTime', op: 'range' },
      { field: 'orderNo', op: 'eq' },
      { field: 'status', op: 'in' },
      { field: 'amountFen', op: 'range' },
      { field: 'subject', op: 'contains' },
      { field: 'settledOn', op: 'range' },
      { field: 'enabled', op: 'eq' },
    ],
    form: [],
    actions: ['view'],
    sort: [{ field: 'createdTime', order: 'desc' }],
  },
  can: { read: true },
});
const names = new Set(screen.fields.map(({ name }) => name));
const conditions = (values: Record<string, string>, language: 'zh' | 'en' = 'zh') =>
  toStrapiFilters(toCrudFilters(screen, values, language));

describe('filters', () => {
  test('a range of days covers whole days of the hospital', () => {
    expect(conditions({ createdTime: '2026-11-01~2026-11-22' })).toEqual({
      createdTime: { $gte: '2026-10-31T16:00:00.000Z', $lt: '2026-11-22T16:00:00.000Z' },
    });
  });

  test('an open end leaves its bound away', () => {
    expect(conditions({ createdTime: '~2026-11-22' })).toEqual({
      createdTime: { $lt: '2026-11-22T16:00:00.000Z' },
    });
    expect(conditions({ settledOn: '2026-11-01~' })).toEqual({ settledOn: { $gte: '2026-11-01' } });
  });

  test('amounts are asked for in fen', () => {
    expect(conditions({ amountFen: '19.99~100' })).toEqual({ amountFen: { $gte: '1999', $lte: '10000' } });
    expect(conditions({ amountFen: '-7.31~0' })).toEqual({ amountFen: { $gte: '-731', $lte: '0' } });
    expect(conditions({ amountFen: 'x~y' })).toEqual({});
  });

  test('choices, texts and switches become Strapi’s operators', () => {
    expect(
      conditions({ status: 'paid,refunded', orderNo: ' 123 ', subject: '体检', enabled: 'true' }),
    ).toEqual({
      status: { $in: ['paid', 'refunded'] },
      orderNo: { $eq: '123' },
      subject: { $containsi: '体检' },
      enabled: { $eq: true },
    });
  });

  test('words are looked for in the language in which they are shown', () => {
    expect(conditions({ subject: 'check-up' }, 'en')).toEqual({ subjectEn: { $containsi: 'check-up' } });
    expect(conditions({ orderNo: '123' }, 'en')).toEqual({ orderNo: { $eq: '123' } });
  });

  test('order of rows: what was asked, else the view’s', () => {
    expect(toStrapiSort(toSorters(screen, undefined))).toEqual(['createdTime:desc']);
    expect(toStrapiSort(toSorters(screen, { field: 'amountFen', order: 'asc' }))).toEqual(['amountFen:asc']);
  });
});

describe('the address of a list', () => {
  test('holds filters, page, size and order, and gives them back', () => {
    const state = {
      values: { status: 'paid', orderNo: '130 1' },
      page: 3,
      place: { after: '1542076571000-7' },
      size: 50,
      sort: { field: 'amountFen', order: 'desc' as const },
    };
    expect(readListState(writeListState(state), names)).toEqual(state);
  });

  test('stays empty for a list as it first opens', () => {
    expect(writeListState(readListState(new URLSearchParams(), names)).toString()).toBe('');
  });

  test('nonsense in it reads as the default', () => {
    const state = readListState(new URLSearchParams('page=-2&size=7&sort=-secret&hack=1&open=9'), names);
    expect(state).toEqual({ values: {}, page: 1, place: {}, size: 20, sort: undefined });
  });

  test('ranges are written with a tilde', () => {
    expect(splitRange('a~b')).toEqual(['a', 'b']);
    expect(splitRange('~b')).toEqual([undefined, 'b']);
    expect(joinRange(undefined, undefined)).toBe('');
  });
});

describe('columns', () => {
  const plans = planColumns(screen);

  test('follow the view and leave out fields that are gone', () => {
    expect(plans.map((plan) => plan.field.name)).toEqual([
      'createdTime',
      'orderNo',
      'status',
      'amountFen',
      'subject',
    ]);
  });

  test('the first stays in place, money is at the right, masked fields cannot be sorted by', () => {
    expect(plans.map(({ fixed, align, sortable, hidden }) => ({ fixed, align, sortable, hidden }))).toEqual([
      { fixed: 'left', align: 'left', sortable: true, hidden: false },
      { fixed: undefined, align: 'left', sortable: false, hidden: false },
      { fixed: undefined, align: 'left', sortable: false, hidden: true },
      { fixed: 'right', align: 'right', sortable: true, hidden: false },
      { fixed: undefined, align: 'left', sortable: false, hidden: false },
    ]);
    expect(plans[1]?.copyable).toBe(true);
  });

  test('the settings panel’s choices become the view’s columns', () => {
    const map = toColumnsMap(plans);
    const moved = { ...map, subject: { show: true, order: -1 }, amountFen: { show: false, order: 3 } };
    expect(fromColumnsMap(screen.view, moved)).toEqual([
      { field: 'subject' },
      { field: 'createdTime', width: 170, fixed: 'left' },
      { field: 'orderNo' },
      { field: 'gone' },
      { field: 'status', hidden: true },
      { field: 'amountFen', hidden: true },
    ]);
  });

  test('every reason of an anomaly is shown', () => {
    expect(anomalyCodes(['charge_differs', { code: 'refund_differs' }])).toEqual([
      'charge_differs',
      'refund_differs',
    ]);
    expect(anomalyCodes('["his_duplicate"]')).toEqual(['his_duplicate']);
    expect(anomalyCodes(null)).toEqual([]);
  });
});

describe('inputs of a form', () => {
  test('money is typed in yuan and sent in fen', () => {
    const money = field('amountFen', 'money');
    expect(toInput(money, '1999')).toBe('19.99');
    expect(fromInput(money, '19.99')).toBe('1999');
    expect(fromInput(money, '0')).toBe('0');
    expect(fromInput(money, '')).toBeNull();
  });

  test('money of a merchant in yen has no decimals', () => {
    const money = field('amountFen', 'money');
    expect(toInput(money, '1999', 'JPY')).toBe('1999');
    expect(fromInput(money, '1999', 'JPY')).toBe('1999');
  });

  test('JSON is typed as text and sent as what it means', () => {
    const json = field('scopes', 'json');
    expect(fromInput(json, '["a"]')).toEqual(['a']);
    expect(toInput(json, ['a'])).toBe('[\n  "a"\n]');
  });

  test('an emptied text is sent as none', () => {
    expect(fromInput(field('name', 'string'), '  ')).toBeNull();
    expect(fromInput(field('name', 'string'), ' A ')).toBe('A');
  });
});
