import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { monitoring } from '../index';
import { route } from '../route';
import { inboxOf, readInbox, streamInbox } from './inbox';
import { templateRow } from './rows';
import { targetInput } from './target-store';
import { targetKinds } from './targets';
import { variables } from './template';

export function read<Schema extends z.ZodType>(schema: Schema, ctx: Context): z.output<Schema> {
  const parsed = schema.safeParse(ctx.request.body);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw fail('REQUEST_INVALID', { issues, fields: issues.map(({ path }) => path) });
  }
  return parsed.data;
}

const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;

export const message = ({ strapi }: { strapi: Core.Strapi }) => ({
  /** Read by the first who reads it; reading again changes nothing. */
  async read(ctx: Context) {
    const { username } = accountOf(ctx);
    const messages = strapi.db.query('api::message.message');
    const where = { documentId: String(ctx.params.id) };
    if ((await messages.findOne({ where, select: ['id'] })) === null) throw fail('MESSAGE_NOT_FOUND');
    await messages.updateMany({
      where: { ...where, readAt: { $null: true } },
      data: { readAt: new Date(), readBy: username },
    });
    await readInbox(strapi.db.connection, username, where.documentId, new Date());
    monitoring(strapi).inboxes.changed();
    const { readAt, readBy } = await messages.findOne({ where });
    ctx.body = { readAt, readBy };
  },
  async acknowledge(ctx: Context) {
    await monitoring(strapi).messages.acknowledge(String(ctx.params.id), accountOf(ctx).username);
    ctx.body = { ok: true };
  },
  async resolve(ctx: Context) {
    await monitoring(strapi).messages.resolve(String(ctx.params.id), accountOf(ctx).username);
    ctx.body = { ok: true };
  },
});

/** One's own messages: nobody needs a right to be told. */
export const inbox = ({ strapi }: { strapi: Core.Strapi }) => ({
  async show(ctx: Context) {
    ctx.body = await inboxOf(strapi.db.connection, accountOf(ctx).username);
  },
  async readAll(ctx: Context) {
    await readInbox(strapi.db.connection, accountOf(ctx).username, undefined, new Date());
    monitoring(strapi).inboxes.changed();
    ctx.body = { ok: true };
  },
  stream(ctx: Context) {
    streamInbox(strapi, monitoring(strapi).inboxes, ctx);
  },
});

const previewBody = z.object({ template: z.looseObject({}), language: z.enum(['zh', 'en']) });

export const target = ({ strapi }: { strapi: Core.Strapi }) => ({
  kinds(ctx: Context) {
    ctx.body = { kinds: targetKinds.map(({ code, title, config }) => ({ code, title, config })), variables };
  },
  async describe(ctx: Context) {
    ctx.body = await monitoring(strapi).messages.targets.describe(String(ctx.params.code));
  },
  async save(ctx: Context) {
    const body = z.looseObject({}).parse(ctx.request.body ?? {});
    const parsed = targetInput.safeParse({ ...body, code: ctx.params.code ?? body.code });
    if (!parsed.success) {
      throw fail('TARGET_INVALID', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
    }
    ctx.body = await monitoring(strapi).messages.targets.save(parsed.data);
  },
  async test(ctx: Context) {
    const started = performance.now();
    const outcome = await monitoring(strapi).messages.testTarget(String(ctx.params.code));
    const durationMs = Math.round(performance.now() - started);
    ctx.body = {
      ok: outcome.kind === 'delivered',
      outcome: outcome.kind,
      durationMs,
      ...('error' in outcome && { error: outcome.error }),
    };
  },
  async preview(ctx: Context) {
    const { template, language } = read(previewBody, ctx);
    const parsed = templateRow.safeParse(template);
    if (!parsed.success) {
      throw fail('SETTING_INVALID', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
    }
    const { title, text } = await monitoring(strapi).messages.preview(parsed.data, language);
    ctx.body = { title, text };
  },
});

const toMessage = { action: 'update', subject: 'message' };
const toTarget = (action: string) => ({ action, subject: 'message-target' });

export const messageRoutes = [
  route('POST', '/messages/:id/read', 'message.read', toMessage),
  route('POST', '/messages/:id/acknowledge', 'message.acknowledge', toMessage),
  route('POST', '/messages/:id/resolve', 'message.resolve', toMessage),
  route('GET', '/inbox', 'inbox.show'),
  route('POST', '/inbox/read', 'inbox.readAll'),
  route('GET', '/inbox/stream', 'inbox.stream'),
  route('GET', '/target-kinds', 'target.kinds', toTarget('read')),
  route('GET', '/targets/:code', 'target.describe', toTarget('read')),
  route('POST', '/targets', 'target.save', toTarget('create')),
  route('PUT', '/targets/:code', 'target.save', toTarget('update')),
  route('POST', '/targets/:code/test', 'target.test', toTarget('update')),
  route('POST', '/templates/preview', 'target.preview', { action: 'read', subject: 'message-template' }),
];
