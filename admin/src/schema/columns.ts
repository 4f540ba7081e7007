import type { ColumnsState } from '@ant-design/pro-components';
import type { ColumnChoice, Field, Row, Screen } from '../http/contracts';

/** One column of a list as it is decided, before anything is drawn. */
export interface ColumnPlan {
  field: Field;
  width: number;
  align: 'left' | 'right';
  fixed: 'left' | 'right' | undefined;
  hidden: boolean;
  sortable: boolean;
  copyable: boolean;
}

/** A clerk's screen is 1366 wide and has eleven columns to show: no kind of value gets more than it needs. */
const widths: Record<Field['kind'], number> = {
  string: 116,
  text: 200,
  integer: 84,
  money: 98,
  boolean: 66,
  datetime: 134,
  day: 92,
  enum: 76,
  json: 180,
  channel: 92,
  merchant: 143,
  anomalies: 150,
};

/** Numbers that people copy from one system into another. */
export const isNumberOfSomething = ({ name, kind }: Pick<Field, 'name' | 'kind'>): boolean =>
  kind === 'string' &&
  /(orderNo|mixedNo|serialNo|tradeNo|refundNo|attemptNo|caseNo|runNo|businessNo|merchantOrderNo)$/i.test(
    name,
  );

const sortableKinds: ReadonlySet<Field['kind']> = new Set(['datetime', 'day', 'money', 'integer']);

/** A list without numbered pages has one order, forwards and backwards. */
const isSortable = (field: Field, { paging, view }: Pick<Screen, 'paging' | 'view'>): boolean =>
  sortableKinds.has(field.kind) &&
  !field.masked &&
  (paging === 'numbers' || view.sort[0]?.field === field.name);

/** About what a text takes, of letters that are `latin` wide for the most part. */
const textWidth = (text: string, chinese: number, latin: number): number =>
  [...text].reduce((sum, letter) => {
    if (letter.charCodeAt(0) > 0x2e7f) return sum + chinese;
    if (/[ijltfr.,'() ]/.test(letter)) return sum + 0.55 * latin;
    if (/[mwMW]/.test(letter)) return sum + 1.4 * latin;
    return sum + (/[A-Z]/.test(letter) ? 1.2 : 1) * latin;
  }, 0);

const padding = 13;

/** No heading is cut: what it takes on at most two lines, with its padding and the mark to sort by. */
export function headingWidth(title: string, sortable: boolean): number {
  const words = title.split(' ');
  const lines = words.map((_, index) =>
    [words.slice(0, index), words.slice(index)].map((line) => textWidth(line.join(' '), 13, 8.1)),
  );
  const narrowest = Math.min(...lines.map((pair) => Math.max(...pair)));
  return Math.ceil(narrowest) + padding + (sortable ? 16 : 0);
}

/** The columns of the view, in its order; the first one stays in place while the rest scrolls. */
export function planColumns(
  screen: Pick<Screen, 'view' | 'fields' | 'paging'>,
  language: 'zh' | 'en' = 'zh',
): ColumnPlan[] {
  const { view, fields } = screen;
  const known = new Map(fields.map((field) => [field.name, field]));
  const chosen = view.columns.flatMap((choice) => {
    const field = known.get(choice.field);
    return field ? [{ choice, field }] : [];
  });
  const firstShown = chosen.findIndex(({ choice }) => !choice.hidden);
  return chosen.map(({ choice, field }, index) => {
    const copyable = isNumberOfSomething(field);
    return {
      field,
      width: Math.max(
        headingWidth(field.title[language], isSortable(field, screen)),
        least(field, language),
        Math.min(
          choice.width ?? (copyable ? numberWidth : widths[field.kind]),
          copyable ? numberWidth : room(field),
        ),
      ),
      align: field.kind === 'money' || field.kind === 'integer' ? 'right' : 'left',
      fixed: side(choice.fixed) ?? (index === firstShown ? 'left' : undefined),
      hidden: choice.hidden ?? false,
      sortable: isSortable(field, screen),
      copyable,
    };
  });
}

/** Our numbers have 24 digits, a mixed payment's halves 26; longer ones of others are cut and shown whole on hover. */
const numberWidth = 208;

/** A choice is as wide as its longest option, a channel as wide as the usual ones are called. */
function least({ kind, options }: Field, language: 'zh' | 'en'): number {
  if (kind === 'enum') {
    const tags = (options ?? []).map((option) => textWidth(option[language], 12, 7.2) + 18);
    return Math.ceil(Math.max(0, ...tags)) + padding;
  }
  return kind === 'channel' && language === 'en' ? 85 : 0;
}

/** Free text may be as wide as its view says; every other kind has a natural width. */
function room({ kind, name }: Field): number {
  if (kind === 'text') return 320;
  if (kind !== 'string') return widths[kind];
  return name === 'errorCode' || !/(subject|code|type|[a-z]name)$/i.test(name) ? 320 : 150;
}

function side(fixed: ColumnChoice['fixed']): 'left' | 'right' | undefined {
  if (fixed === 'left' || fixed === 'right') return fixed;
  return fixed === true ? 'left' : undefined;
}

export type ColumnsMap = Record<string, ColumnsState>;

/** The view's columns as the column-settings panel keeps them, and back. */
export function toColumnsMap(plans: ColumnPlan[]): ColumnsMap {
  return Object.fromEntries(
    plans.map(({ field, hidden, fixed }, order) => [
      field.name,
      { show: !hidden, order, ...(fixed ? { fixed } : {}) },
    ]),
  );
}

export function fromColumnsMap(view: Screen['view'], map: ColumnsMap): ColumnChoice[] {
  const place = (name: string, otherwise: number) => map[name]?.order ?? otherwise;
  return view.columns
    .map((choice, index) => ({ choice, place: place(choice.field, index), index }))
    .sort((a, b) => a.place - b.place || a.index - b.index)
    .map(({ choice }) => {
      const state = map[choice.field];
      const fixed = side(state?.fixed);
      return {
        field: choice.field,
        ...(choice.width ? { width: choice.width } : {}),
        ...(fixed ? { fixed } : {}),
        ...(state?.show === false ? { hidden: true } : {}),
      };
    });
}

/** What a row says in the reader's language: a field `title` may have its English in `titleEn`. */
export function wordsOf(row: Row, name: string, language: 'zh' | 'en'): unknown {
  const english = language === 'en' ? row[`${name}En`] : undefined;
  return english === undefined || english === null || english === '' ? row[name] : english;
}

/** Several reasons, each a code or an object that carries one; whatever is stored, nothing is dropped. */
export function anomalyCodes(value: unknown): string[] {
  if (value === null || value === undefined || value === '') return [];
  if (Array.isArray(value)) return value.flatMap(anomalyCodes);
  if (typeof value === 'object') {
    if ('code' in value) return anomalyCodes(value.code);
    if ('kind' in value) return anomalyCodes(value.kind);
    return [JSON.stringify(value)];
  }
  if (typeof value === 'string' && value.startsWith('[')) {
    try {
      return anomalyCodes(JSON.parse(value));
    } catch {
      return [value];
    }
  }
  return [String(value)];
}
