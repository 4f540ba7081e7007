import type { Core } from '@strapi/strapi';
import type { Context, Middleware, Next } from 'koa';
import { z } from 'zod';
import { isUniqueViolation, type SignedInAccount } from './accounts';
import type { Audit } from './audit';
import { fail } from './errors';
import { fieldBehind, masksFor, readableFields, type TypeFields, typeFields } from './fields';
import { maskRow } from './masking';
import { pickedFields } from './query';
import { type Action, actions } from './rules';
import { narrowedQuery, rowScope } from './scope';
import type { Sessions } from './sessions';

/** Without action and subject the route is for everybody who has signed in. */
const configSchema = z.object({
  action: z.enum(actions).optional(),
  subject: z.string().min(1).optional(),
  /** The route shows this field: who may read only other fields of the subject is refused. */
  field: z.string().min(1).optional(),
  /** False where the room writes the trail itself. */
  recorded: z.boolean().default(true),
});

interface Guarded {
  ctx: Context;
  next: Next;
  account: SignedInAccount;
  type: string;
  fields: TypeFields;
}

/** Loose rather than a record: a parsed body also carries its unparsed self under a symbol. */
const jsonObject = z.looseObject({});
type JsonObject = z.infer<typeof jsonObject>;

/** What another row points at a merchant with; such a merchant is disabled, not deleted. */
const merchantReferences = ['channel-account', 'route', 'terminal', 'application', 'order', 'his-record'];

export function createGuard(strapi: Core.Strapi, sessions: () => Sessions, audit: () => Audit) {
  return (config: unknown): Middleware => {
    const { action, subject, field, recorded } = configSchema.parse(config ?? {});
    return async (ctx, next) => {
      const account = await sessions().authenticate(bearerToken(ctx));
      ctx.state.account = account;
      if (action !== undefined && subject !== undefined && !account.can(action, subject, field)) {
        throw fail('FORBIDDEN', { action, subject });
      }
      const verb = subject === undefined ? undefined : coreVerb(ctx, subject);
      if (subject === undefined || action === undefined || !recorded) return next();
      if (verb === undefined) return custom({ ctx, next, account, type: subject }, action);
      await core({ ctx, next, account, type: subject, fields: typeFields(strapi, subject) }, verb);
    };
  };

  /** Strapi's own controllers know nothing of rows, fields and masks: all of it happens around them. */
  async function core(guarded: Guarded, verb: CoreVerb): Promise<void> {
    const { ctx, account, type, fields } = guarded;
    // Strapi 4's answer format nests attributes where no mask would find them.
    delete ctx.request.headers['strapi-response-format'];
    const readable = readableFields(fields, type, account);
    const masks = masksFor(fields, account);
    const picked = pickedFields(ctx.query.fields);
    const query = await narrowedQuery(strapi, type, { ...ctx.query }, account);
    Object.defineProperty(ctx, 'query', { value: query, configurable: true, writable: true });

    switch (verb) {
      case 'find':
        await guarded.next();
        break;
      case 'findOne':
        await rowInScope(guarded);
        await guarded.next();
        break;
      case 'create':
      case 'update':
      case 'delete':
        await change(guarded, verb);
        break;
      default:
        unreachable(verb);
    }

    const shown = (row: unknown): unknown => {
      const parsed = jsonObject.safeParse(row);
      if (!parsed.success) return row;
      const masked = maskRow(parsed.data, masks);
      const isShown = (name: string) =>
        readable.has(name) &&
        (picked === undefined || picked.has(name) || name === 'id' || name === 'documentId');
      return Object.fromEntries(
        Object.entries(masked).filter(([name]) => isShown(fieldBehind(name, fields))),
      );
    };
    const body = jsonObject.safeParse(ctx.body);
    if (!body.success || !('data' in body.data)) return;
    const { data } = body.data;
    ctx.body = { ...body.data, data: Array.isArray(data) ? data.map(shown) : shown(data) };
  }

  async function change(guarded: Guarded, verb: 'create' | 'update' | 'delete'): Promise<void> {
    const { ctx, next, account, type, fields } = guarded;
    const before = verb === 'create' ? null : await rowInScope(guarded);
    if (verb !== 'delete') checkInput(guarded, verb, before);
    if (verb === 'delete' && type === 'merchant') await refuseReferenced(String(before?.code));
    try {
      await next();
    } catch (error) {
      throw isUniqueViolation(error) ? fail('ALREADY_EXISTS') : error;
    }
    const answered = jsonObject.safeParse(ctx.body);
    const created = answered.success ? jsonObject.safeParse(answered.data.data) : undefined;
    const documentId = before?.documentId ?? (created?.success ? created.data.documentId : undefined);
    const after = verb === 'delete' ? null : await findRow(type, { documentId });
    await audit().write({
      actor: account.username,
      action: verb,
      subject: type,
      subjectKey: keyOf(after ?? before),
      before: publicPart(before, fields),
      after: publicPart(after, fields),
      ip: clientIp(ctx),
    });
  }

  function checkInput(
    { ctx, account, type, fields }: Guarded,
    verb: 'create' | 'update',
    before: JsonObject | null,
  ): void {
    const body = z.object({ data: jsonObject }).safeParse(ctx.request.body);
    if (!body.success) throw fail('REQUEST_INVALID', { issues: body.error.issues });
    const { data } = body.data;
    for (const field of Object.keys(data)) {
      if (!fields.visible.has(field) || !account.can(verb, type, field))
        throw fail('FIELD_FORBIDDEN', { field });
    }
    if (before !== null && 'code' in before && 'code' in data && data.code !== before.code) {
      throw fail('CODE_IMMUTABLE');
    }
    if (account.merchantCodes === null) return;
    const merchantCode =
      type === 'merchant' ? (data.code ?? before?.code) : (data.merchantCode ?? before?.merchantCode);
    const concernsMerchants = type === 'merchant' || fields.visible.has('merchantCode');
    if (concernsMerchants && (typeof merchantCode !== 'string' || !account.mayUseMerchant(merchantCode))) {
      throw fail('MERCHANT_FORBIDDEN', { merchantCode });
    }
  }

  async function refuseReferenced(code: string): Promise<void> {
    for (const type of merchantReferences) {
      const referring = await findRow(type, { merchantCode: code });
      if (referring !== null) throw fail('IN_USE', { type });
    }
  }

  async function rowInScope({ ctx, account, type }: Guarded): Promise<JsonObject> {
    const scope = await rowScope(strapi, type, account);
    const row = await findRow(type, { documentId: ctx.params.id, ...scope });
    if (row === null) throw fail('NOT_FOUND');
    return row;
  }

  async function findRow(type: string, where: object): Promise<JsonObject | null> {
    const row: unknown = await strapi.db.query(`api::${type}.${type}`).findOne({ where });
    return row === null ? null : jsonObject.parse(row);
  }

  /** A route of a room's own: the room masks and scopes its answer, the trail still says who changed what. */
  async function custom(
    { ctx, next, account, type }: Omit<Guarded, 'fields'>,
    action: Action,
  ): Promise<void> {
    const isChange = ctx.method !== 'GET' && ctx.method !== 'HEAD';
    // An order is its own record of who took it; having read a message is no change to the house.
    const isRecordedElsewhere =
      action === 'read' || action === 'pay' || action === 'test' || type === 'message';
    if (!isChange || isRecordedElsewhere) {
      await next();
      return;
    }
    const fields = typeFields(strapi, type);
    const body = jsonObject.safeParse(ctx.request.body);
    const named = body.success ? [body.data.code, body.data.username] : [];
    const bodyCode = named.find((name) => typeof name === 'string');
    const params = Object.values(jsonObject.parse({ ...ctx.params })).map(String);
    const code = params[0] ?? bodyCode;
    const isConfiguration = (type === 'channel-account' || type === 'channel') && code !== undefined;
    const before = isConfiguration ? await findRow(type, { code }) : null;
    const answer: unknown = await next();
    if (ctx.body === undefined && answer !== undefined && answer !== null) ctx.body = answer;
    if (ctx.status >= 400) return;
    const after = isConfiguration ? await findRow(type, { code }) : null;
    await audit().write({
      actor: account.username,
      action,
      subject: type,
      subjectKey: params.join('/') || (bodyCode ?? ''),
      before: publicPart(before, fields),
      after: isConfiguration ? publicPart(after, fields, before) : saidInBody(body.success ? body.data : {}),
      ip: clientIp(ctx),
    });
  }
}

type CoreVerb = 'find' | 'findOne' | 'create' | 'update' | 'delete';
const coreVerbSchema = z.enum(['find', 'findOne', 'create', 'update', 'delete']);

function coreVerb(ctx: Context, subject: string): CoreVerb | undefined {
  const route = z.object({ handler: z.string() }).safeParse(ctx.state.route);
  const prefix = `api::${subject}.${subject}.`;
  if (!route.success || !route.data.handler.startsWith(prefix)) return undefined;
  return coreVerbSchema.parse(route.data.handler.slice(prefix.length));
}

export function bearerToken(ctx: Context): string {
  const header = ctx.request.headers.authorization;
  if (header === undefined) throw fail('TOKEN_MISSING');
  const match = /^Bearer\s+(\S+)$/i.exec(header);
  if (match?.[1] === undefined) throw fail('TOKEN_INVALID');
  return match[1];
}

/** An IPv4 caller of an IPv6 socket is written the way people know it. */
export function clientIp(ctx: Context): string {
  return ctx.request.ip.replace(/^::ffff:/, '');
}

/** What staff say when they change money: amounts, reasons, notes; nothing else of a request is kept. */
const auditedBody = [
  'amountFen',
  'reason',
  'merchantRefundNo',
  'resolution',
  'note',
  'date',
  'accountCode',
  'username',
  'displayName',
  'roles',
  'merchantCodes',
  'enabled',
];

function saidInBody(body: JsonObject): JsonObject {
  const said = Object.fromEntries(Object.entries(body).filter(([name]) => auditedBody.includes(name)));
  return 'password' in body ? { ...said, passwordChanged: true } : said;
}

function publicPart(
  row: JsonObject | null,
  fields: TypeFields,
  earlier?: JsonObject | null,
): JsonObject | null {
  if (row === null) return null;
  const shown = Object.entries(row).filter(
    ([name]) => !fields.private.has(name) && (fields.visible.has(name) || name === 'config'),
  );
  const secretChanged =
    earlier !== undefined &&
    [...fields.private].some((name) => (earlier?.[name] ?? null) !== (row[name] ?? null));
  return { ...Object.fromEntries(shown), ...(secretChanged ? { secretChanged: true } : {}) };
}

function keyOf(row: JsonObject | null): string {
  const named = [row?.code, row?.username, row?.appId, row?.name, row?.documentId];
  return String(named.find((name) => typeof name === 'string' && name !== '') ?? '');
}

function unreachable(value: never): never {
  throw new Error(`unknown verb ${String(value)}`);
}
