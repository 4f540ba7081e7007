import { z } from 'zod';
import { type NamedRows, namedRows, namedTypes } from './named';

/** A content type as Strapi describes it; labels, options and masks sit in `pluginOptions.lowcode`. */
const title = z.object({ zh: z.string(), en: z.string() });
export type Title = z.infer<typeof title>;

const option = z.object({ value: z.string(), zh: z.string(), en: z.string(), color: z.string().optional() });

const attributeSchema = z.object({
  type: z.string(),
  required: z.boolean().optional(),
  private: z.boolean().optional(),
  enum: z.array(z.string()).optional(),
  pluginOptions: z
    .object({
      lowcode: z
        .object({
          title,
          kind: z.enum(['money', 'day', 'channel', 'merchant', 'anomalies']).optional(),
          options: z.array(option).optional(),
          hidden: z.boolean().optional(),
          hint: title.optional(),
          names: z.enum(namedTypes).optional(),
          many: z.boolean().optional(),
          mask: z.enum(['name', 'card', 'id', 'subject']).optional(),
        })
        .optional(),
    })
    .optional(),
});

const modelSchema = z.object({
  uid: z.string(),
  info: z.object({ singularName: z.string(), pluralName: z.string() }),
  pluginOptions: z.object({
    lowcode: z.object({ title, paging: z.enum(['numbers', 'places']).default('numbers') }),
  }),
  attributes: z.record(z.string(), z.unknown()),
});

export type FieldKind =
  | 'string'
  | 'text'
  | 'integer'
  | 'money'
  | 'boolean'
  | 'datetime'
  | 'day'
  | 'enum'
  | 'json'
  | 'channel'
  | 'merchant'
  | 'anomalies';

export interface ModelField {
  name: string;
  kind: FieldKind;
  title: Title;
  options?: z.infer<typeof option>[];
  required: boolean;
  /** What the form says under the field. */
  hint?: Title;
  /** What the codes in it stand for. */
  names?: NamedRows;
  /** Several codes, separated by commas. */
  many?: boolean;
  mask?: 'name' | 'card' | 'id' | 'subject';
}

export interface Model {
  type: string;
  title: Title;
  endpoint: string;
  /** `places`: too many rows for numbered pages; a page begins where the last one ended. */
  paging: 'numbers' | 'places';
  fields: ModelField[];
}

/** The house's own bookkeeping has no screen, and everybody sees only exports of his own. */
const withoutScreen = [
  'lease',
  'request-nonce',
  'export',
  'order-minute',
  'refund-minute',
  'call-minute',
  'error-minute',
];

/** `undefined` when the content type carries no titles: it is not ours to draw. */
export function modelOf(contentType: unknown): Model | undefined {
  const parsed = modelSchema.safeParse(contentType);
  if (!parsed.success) return undefined;
  const { uid, info, pluginOptions, attributes } = parsed.data;
  const type = info.singularName;
  if (uid !== `api::${type}.${type}` || withoutScreen.includes(type)) return undefined;
  return {
    type,
    title: pluginOptions.lowcode.title,
    endpoint: `/api/${info.pluralName}`,
    paging: pluginOptions.lowcode.paging,
    fields: Object.entries(attributes).flatMap(([name, attribute]) => fieldOf(name, attribute)),
  };
}

function fieldOf(name: string, attribute: unknown): ModelField[] {
  const parsed = attributeSchema.safeParse(attribute);
  if (!parsed.success) return [];
  const { type, required, private: isPrivate, enum: values, pluginOptions } = parsed.data;
  const lowcode = pluginOptions?.lowcode;
  if (lowcode === undefined || lowcode.hidden || isPrivate) return [];
  const kind = lowcode.kind ?? kindOf(type);
  if (kind === undefined) return [];
  const options = lowcode.options ?? values?.map((value) => ({ value, zh: value, en: value }));
  return [
    {
      name,
      kind,
      title: lowcode.title,
      required: required ?? false,
      ...(options === undefined ? {} : { options }),
      ...(lowcode.hint === undefined ? {} : { hint: lowcode.hint }),
      ...(lowcode.names === undefined ? {} : { names: namedRows[lowcode.names] }),
      ...(lowcode.many === undefined ? {} : { many: lowcode.many }),
      ...(lowcode.mask === undefined ? {} : { mask: lowcode.mask }),
    },
  ];
}

function kindOf(type: string): FieldKind | undefined {
  switch (type) {
    case 'string':
    case 'uid':
    case 'email':
      return 'string';
    case 'text':
      return 'text';
    case 'integer':
    case 'biginteger':
      return 'integer';
    case 'boolean':
      return 'boolean';
    case 'datetime':
      return 'datetime';
    case 'date':
      return 'day';
    case 'enumeration':
      return 'enum';
    case 'json':
      return 'json';
    default:
      // Strapi's list of types is open (custom fields): what no component draws is left out.
      return undefined;
  }
}
