import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import type { SignedInAccount } from './accounts';
import type { Mask } from './masking';

/** The part of an attribute that says who may see it. */
const attributeSchema = z.object({
  private: z.boolean().optional(),
  pluginOptions: z
    .object({
      lowcode: z
        .object({
          hidden: z.boolean().optional(),
          mask: z.enum(['name', 'card', 'id', 'subject']).optional(),
        })
        .optional(),
    })
    .optional(),
});

/** Strapi's own columns that a screen may show, sort and filter by. */
const systemFields = ['id', 'documentId', 'createdAt', 'updatedAt', 'publishedAt'];

export interface TypeFields {
  /** Attributes that may leave the house, by name. */
  visible: ReadonlySet<string>;
  masks: ReadonlyMap<string, Mask>;
  private: ReadonlySet<string>;
  /** Every attribute there is. */
  stored: ReadonlySet<string>;
}

const none: TypeFields = { visible: new Set(), masks: new Map(), private: new Set(), stored: new Set() };

const known = new WeakMap<object, TypeFields>();

/** Asked for every row that is masked: each content type is read once. */
export function typeFields(strapi: Core.Strapi, type: string): TypeFields {
  const model: { attributes: object } | undefined = strapi.getModel(`api::${type}.${type}`);
  if (model === undefined) return none;
  const fields = known.get(model) ?? readFields(model.attributes);
  known.set(model, fields);
  return fields;
}

function readFields(attributes: object): TypeFields {
  const visible = new Set<string>();
  const hidden = new Set<string>();
  const masks = new Map<string, Mask>();
  for (const [name, attribute] of Object.entries(attributes)) {
    if (systemFields.includes(name)) continue;
    const { private: isPrivate, pluginOptions } = attributeSchema.parse(attribute);
    if (isPrivate) hidden.add(name);
    // Anything that carries no lowcode title is Strapi's own bookkeeping (createdBy, locale).
    else if (pluginOptions?.lowcode !== undefined && pluginOptions.lowcode.hidden !== true) visible.add(name);
    if (pluginOptions?.lowcode?.mask !== undefined) masks.set(name, pluginOptions.lowcode.mask);
  }
  return { visible, masks, private: hidden, stored: new Set(Object.keys(attributes)) };
}

export function readableFields(fields: TypeFields, type: string, account: SignedInAccount): Set<string> {
  const own = [...fields.visible].filter((name) => account.can('read', type, name));
  return new Set([...systemFields, ...own]);
}

/** The field that a room says in English beside it, in a `titleEn` that is stored nowhere: who may see the one may see the other. */
export function fieldBehind(name: string, { stored, masks }: TypeFields): string {
  const field = /^(.+)En$/.exec(name)?.[1];
  return field === undefined || stored.has(name) || masks.has(field) ? name : field;
}

export function masksFor(fields: TypeFields, account: SignedInAccount): ReadonlyMap<string, Mask> {
  return account.can('unmask', 'patient') ? new Map() : fields.masks;
}
