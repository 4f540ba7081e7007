import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ModelField } from './model';

const field = z.string().min(1).max(64);

const column = z.strictObject({
  field,
  width: z.int().min(40).max(1200).optional(),
  fixed: z.enum(['left', 'right']).optional(),
  hidden: z.boolean().optional(),
});
/** `present`: whether there is a value at all. `title`: where the filter is called otherwise than its field. */
const filter = z.strictObject({
  field,
  op: z.enum(['eq', 'contains', 'range', 'in', 'present']),
  title: z.strictObject({ zh: z.string(), en: z.string() }).optional(),
});
const formItem = z.strictObject({ field, span: z.int().min(1).max(24).optional() });
const sortItem = z.strictObject({ field, order: z.enum(['asc', 'desc']) });

export const actionNames = [
  'view',
  'detail',
  'refund',
  'retry',
  'locate',
  'resolve',
  'test',
  'run',
  'edit',
  'delete',
] as const;
export type ActionName = (typeof actionNames)[number];

export type Column = z.infer<typeof column>;
export type Filter = z.infer<typeof filter>;
export type FormItem = z.infer<typeof formItem>;
export type SortItem = z.infer<typeof sortItem>;
export type Scope = 'default' | 'role' | 'user';

export interface View {
  name: string;
  scope: Scope;
  columns: Column[];
  filters: Filter[];
  form: FormItem[];
  actions: ActionName[];
  sort: SortItem[];
}

/** What a person may keep of a screen. */
export const ownViewSchema = z.strictObject({
  columns: z.array(column).min(1).max(200),
  filters: z.array(filter).max(50).optional(),
  sort: z.array(sortItem).max(5).optional(),
});
export type OwnView = z.infer<typeof ownViewSchema>;

const sections = {
  columns: z.array(column),
  filters: z.array(filter),
  form: z.array(formItem),
  actions: z.array(z.enum(actionNames)),
  sort: z.array(sortItem),
};

export const viewRowSchema = z.object({
  scope: z.enum(['default', 'role', 'user']),
  owner: z.string(),
  name: z.string(),
  columns: z.unknown(),
  filters: z.unknown(),
  form: z.unknown(),
  actions: z.unknown(),
  sort: z.unknown(),
});
export type ViewRow = z.infer<typeof viewRowSchema>;

/** A view as a release writes it: all of its sections. */
export const seededView = z.object(sections);
export type SeededView = z.infer<typeof seededView>;

/** By which it is seen whether somebody has changed a view since it was written; the same out of any database. */
export const hashOfView = (view: SeededView): string =>
  createHash('sha256')
    .update(JSON.stringify(seededView.parse(view)))
    .digest('hex');

/** The rows that apply to one person, strongest first: own, then those of the roles in their order, then the default. */
export function applicable(rows: readonly ViewRow[], username: string, roles: readonly string[]): ViewRow[] {
  const named = rows.filter(({ name }) => name === '');
  return [
    ...named.filter(({ scope, owner }) => scope === 'user' && owner === username),
    ...roles.flatMap((role) => named.filter(({ scope, owner }) => scope === 'role' && owner === role)),
    ...named.filter(({ scope }) => scope === 'default'),
  ];
}

/**
 * The view a person gets. Each section comes from the strongest row that has a readable one, so that a person who
 * only moved columns still follows the default's filters; fields that are gone or not theirs to see drop out.
 */
export function resolve(
  rows: readonly ViewRow[],
  fields: readonly ModelField[],
  masked: ReadonlySet<string>,
): View {
  const generated = generate(fields);
  const columns = first(rows, 'columns', sections.columns);
  const known = new Map(fields.map((item) => [item.name, item]));
  const isKnown = (item: { field: string }) => known.has(item.field);
  const isAskable = ({ field: name, op }: Filter) =>
    !masked.has(name) || (op === 'eq' && known.get(name)?.mask === 'card');
  return {
    name: columns?.row.name ?? '',
    scope: columns?.row.scope ?? 'default',
    columns: withLaterColumns(columns?.value ?? generated.columns, rows).filter(isKnown),
    filters: (first(rows, 'filters', sections.filters)?.value ?? generated.filters)
      .filter(isKnown)
      .filter(isAskable),
    form: (first(rows, 'form', sections.form)?.value ?? generated.form).filter(isKnown),
    actions: first(rows, 'actions', sections.actions)?.value ?? generated.actions,
    sort: (first(rows, 'sort', sections.sort)?.value ?? generated.sort)
      .filter(isKnown)
      .filter((item) => !masked.has(item.field)),
  };
}

/** A chosen list of columns ends with what the default has besides, hidden: what a release adds can be chosen, too. */
function withLaterColumns(chosen: readonly Column[], rows: readonly ViewRow[]): Column[] {
  const usual = first(
    rows.filter(({ scope }) => scope === 'default'),
    'columns',
    sections.columns,
  );
  const present = new Set(chosen.map(({ field: name }) => name));
  const later = (usual?.value ?? []).filter(({ field: name }) => !present.has(name));
  return [...chosen, ...later.map((each) => ({ ...each, hidden: true }))];
}

function first<Value>(
  rows: readonly ViewRow[],
  section: keyof typeof sections,
  schema: z.ZodType<Value>,
): { row: ViewRow; value: Value } | undefined {
  for (const row of rows) {
    const parsed = schema.safeParse(row[section]);
    if (parsed.success) return { row, value: parsed.data };
  }
  return undefined;
}

const generatedColumns = 10;

/** What a type without any view row looks like. */
export function generate(fields: readonly ModelField[]): View {
  const plain = fields.filter(({ kind }) => kind !== 'json' && kind !== 'text');
  const newest = fields.find(({ kind }) => kind === 'datetime');
  return {
    name: '',
    scope: 'default',
    columns: plain.slice(0, generatedColumns).map(({ name }) => ({ field: name })),
    filters: plain
      .filter(({ kind }) => kind === 'enum' || kind === 'channel' || kind === 'merchant')
      .slice(0, 4)
      .map(({ name }) => ({ field: name, op: 'in' as const })),
    form: fields.map(({ name, kind }) =>
      kind === 'text' || kind === 'json' ? { field: name, span: 24 } : { field: name },
    ),
    actions: ['view'],
    sort: newest === undefined ? [] : [{ field: newest.name, order: 'desc' }],
  };
}

/** Names in a view that are no field of the type. */
export function unknownFields(view: OwnView, names: ReadonlySet<string>): string[] {
  const used = [view.columns, view.filters ?? [], view.sort ?? []].flatMap((items) =>
    items.map((item) => item.field),
  );
  return [...new Set(used)].filter((name) => !names.has(name));
}
