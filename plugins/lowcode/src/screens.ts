import type { Action, SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { defaultViews } from './defaults';
import { fail } from './errors';
import { type FieldKind, type Model, type ModelField, modelOf, type Title } from './model';
import type { NamedRows } from './named';
import {
  type ActionName,
  applicable,
  hashOfView,
  type OwnView,
  resolve,
  seededView,
  unknownFields,
  type View,
  type ViewRow,
  viewRowSchema,
} from './view';

const viewUid = 'api::view.view';

export interface ScreenField {
  name: string;
  kind: FieldKind;
  title: Title;
  options?: NonNullable<ModelField['options']>;
  required: boolean;
  hint?: Title;
  names?: NamedRows;
  many?: boolean;
  readOnly: boolean;
  masked: boolean;
}

export interface Screen {
  type: string;
  title: Title;
  endpoint: string;
  paging: Model['paging'];
  fields: ScreenField[];
  view: View;
  can: { read: boolean; create: boolean; update: boolean; delete: boolean; actions: Record<string, boolean> };
}

export interface Screens {
  list(account: SignedInAccount): { type: string; title: Title }[];
  /** @throws SCREEN_UNKNOWN, SCREEN_FORBIDDEN */
  read(type: string, account: SignedInAccount): Promise<Screen>;
  /** What a type's field may say, whoever asks; none for a field without choices. */
  options(type: string, field: string): NonNullable<ModelField['options']>;
  /** Names by code; none for an account that may not read those rows. */
  names(rows: NamedRows, account: SignedInAccount): Promise<Map<string, Title>>;
  /** @throws VIEW_FIELD_UNKNOWN */
  saveOwn(type: string, view: OwnView, account: SignedInAccount): Promise<void>;
  dropOwn(type: string, account: SignedInAccount): Promise<void>;
  /** Writes the default views that are not there yet, and those anew that nobody has changed since they were written. */
  seed(): Promise<void>;
}

type Verb = 'create' | 'update' | 'delete';

/** Written through a form of its own, not through Strapi's REST. */
const ownForms: Record<string, Verb[]> = {
  'channel-account': ['create', 'update'],
  'message-target': ['create', 'update'],
};

const storedViewSchema = z.looseObject({
  id: z.union([z.number(), z.string()]),
  seedHash: z.string().nullable(),
  createdAt: z.coerce.date(),
  updatedAt: z.coerce.date(),
});

/** Rows of before there was a hash: nobody has changed what was never written again. */
function isAsWritten(stored: z.infer<typeof storedViewSchema>): boolean {
  if (stored.seedHash === null) return stored.createdAt.getTime() === stored.updatedAt.getTime();
  const view = seededView.safeParse(stored);
  return view.success && hashOfView(view.data) === stored.seedHash;
}

const routerSchema = z.object({ routes: z.array(z.object({ handler: z.unknown() })) });

export function createScreens(strapi: Core.Strapi): Screens {
  const views = () => strapi.db.query(viewUid);

  const models = (): Model[] =>
    Object.values(strapi.contentTypes).flatMap((contentType) => modelOf(contentType) ?? []);

  function readable(type: string, account: SignedInAccount): { model: Model; fields: ModelField[] } {
    const model = models().find((candidate) => candidate.type === type);
    if (model === undefined) throw fail('SCREEN_UNKNOWN', { type });
    if (!account.can('read', type)) throw fail('SCREEN_FORBIDDEN', { type });
    return { model, fields: model.fields.filter(({ name }) => account.can('read', type, name)) };
  }

  async function rowsOf(type: string): Promise<ViewRow[]> {
    const rows: unknown[] = await views().findMany({ where: { contentType: type } });
    return rows.flatMap((row) => viewRowSchema.safeParse(row).data ?? []);
  }

  /** Whether there is a way to do it at all, whoever asks. */
  function isOffered(type: string, verb: Verb): boolean {
    if (ownForms[type]?.includes(verb)) return true;
    const routers = Object.values(strapi.api(type)?.routes ?? {});
    return routers.some((router) =>
      routerSchema
        .safeParse(router)
        .data?.routes.some(({ handler }) => handler === `api::${type}.${type}.${verb}`),
    );
  }

  return {
    list: (account) =>
      models()
        .filter(({ type }) => account.can('read', type))
        .map(({ type, title }) => ({ type, title })),

    async read(type, account) {
      const { model, fields } = readable(type, account);
      const mayUnmask = account.can('unmask', 'patient');
      const masked = new Set(
        mayUnmask ? [] : fields.filter(({ mask }) => mask !== undefined).map(({ name }) => name),
      );
      const roles = account.roles.map(({ code }) => code);
      const view = resolve(applicable(await rowsOf(type), account.username, roles), fields, masked);
      const may = (verb: Verb) => isOffered(type, verb) && account.can(verb, type);
      const isWritable = isOffered(type, 'create') || isOffered(type, 'update');
      return {
        type,
        title: model.title,
        endpoint: model.endpoint,
        paging: model.paging,
        fields: fields.map(({ mask: _mask, ...field }) => ({
          ...field,
          readOnly: !isWritable,
          masked: masked.has(field.name),
        })),
        view,
        can: {
          read: true,
          create: may('create'),
          update: may('update'),
          delete: may('delete'),
          actions: Object.fromEntries(view.actions.map((name) => [name, mayDo(name, type, account, may)])),
        },
      };
    },

    options: (type, name) =>
      models()
        .find((model) => model.type === type)
        ?.fields.find((field) => field.name === name)?.options ?? [],

    async names({ type, code, name, besides = {} }, account) {
      const names = new Map(Object.entries(besides));
      if (!account.can('read', type)) return names;
      const rows: unknown = await strapi.db.query(`api::${type}.${type}`).findMany();
      for (const row of z.array(z.record(z.string(), z.unknown())).parse(rows)) {
        const [key, zh, en] = [row[code], row[name], row.nameEn].map((value) =>
          typeof value === 'string' ? value : '',
        );
        if (key && zh && key !== '*') names.set(key, { zh, en: en || zh });
      }
      return names;
    },

    async saveOwn(type, view, account) {
      const { fields } = readable(type, account);
      const unknown = unknownFields(view, new Set(fields.map(({ name }) => name)));
      if (unknown.length > 0) throw fail('VIEW_FIELD_UNKNOWN', { fields: unknown });
      const key = { contentType: type, scope: 'user', owner: account.username, name: '' };
      const data = {
        ...key,
        columns: view.columns,
        filters: view.filters ?? null,
        sort: view.sort ?? null,
        publishedAt: new Date(),
      };
      const present: unknown = await views().findOne({ where: key });
      if (present === null) {
        // Two tabs may save at once: the one that came second writes over.
        await views()
          .create({ data })
          .catch(() => views().update({ where: key, data }));
      } else {
        await views().update({ where: key, data });
      }
    },

    async dropOwn(type, account) {
      readable(type, account);
      await views().deleteMany({
        where: { contentType: type, scope: 'user', owner: account.username, name: '' },
      });
    },

    async seed() {
      for (const [type, view] of Object.entries(defaultViews)) {
        const key = { contentType: type, scope: 'default', owner: '', name: '' };
        const seedHash = hashOfView(view);
        const present: unknown = await views().findOne({ where: key });
        if (present !== null) {
          const stored = storedViewSchema.parse(present);
          if (stored.seedHash !== seedHash && isAsWritten(stored))
            await views().update({
              where: { id: stored.id, seedHash: stored.seedHash },
              data: { ...view, seedHash },
            });
          continue;
        }
        try {
          await views().create({ data: { ...key, ...view, seedHash, publishedAt: new Date() } });
        } catch (error) {
          // Another process booting at the same moment wrote it.
          if ((await views().findOne({ where: key })) === null) throw error;
        }
      }
    },
  };
}

/** The right behind each button of a row. */
function mayDo(
  name: ActionName,
  type: string,
  account: SignedInAccount,
  may: (verb: Verb) => boolean,
): boolean {
  const can = (action: Action, subject: string) => account.can(action, subject);
  switch (name) {
    case 'view':
    case 'detail':
      return can('read', type);
    case 'locate':
      return can('read', 'discrepancy');
    case 'refund':
      return can('refund', 'order');
    case 'retry':
      return can('refund', 'refund');
    case 'resolve':
      return can('resolve', 'discrepancy');
    case 'test':
      return can('test', 'channel-account');
    case 'run':
      return can('reconcile', 'reconciliation-run');
    case 'edit':
      return may('update');
    case 'delete':
      return may('delete');
    default:
      return unreachable(name);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown action ${String(value)}`);
}
