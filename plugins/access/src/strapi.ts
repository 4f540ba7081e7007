import type { Core } from '@strapi/strapi';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { assertStrongPassword, type SignedInAccount } from './accounts';
import { accountChangeSchema, newAccountSchema } from './administration';
import { fail } from './errors';
import { clientIp, createGuard } from './guard';
import { access, install } from './index';
import type { Action } from './rules';
import type { Client, Tokens } from './sessions';

const credentials = z.strictObject({
  username: z.string().trim().min(1).max(40),
  password: z.string().min(1).max(128),
});
const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(4096) });
const passwordBody = z.strictObject({
  current: z.string().min(1).max(128),
  next: z.string().min(1).max(128),
});

function read<Schema extends z.ZodType>(schema: Schema, ctx: Context): z.infer<Schema> {
  const parsed = schema.safeParse(ctx.request.body);
  if (!parsed.success) {
    throw fail('REQUEST_INVALID', {
      issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    });
  }
  return parsed.data;
}

const client = (ctx: Context): Client => ({ ip: clientIp(ctx), userAgent: ctx.get('user-agent') });

const shownAccount = ({ username, displayName, roles, merchantCodes, rules }: SignedInAccount) => ({
  username,
  displayName,
  roles,
  merchantCodes,
  rules,
});

const shownTokens = ({ account, ...tokens }: Tokens) => ({ ...tokens, account: shownAccount(account) });

const session = ({ strapi }: { strapi: Core.Strapi }) => ({
  async signIn(ctx: Context) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = shownTokens(await access(strapi).sessions.signIn(read(credentials, ctx), client(ctx)));
  },
  async refresh(ctx: Context) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = shownTokens(await access(strapi).sessions.refresh(read(refreshBody, ctx).refreshToken));
  },
  async signOut(ctx: Context) {
    await access(strapi).sessions.signOut(read(refreshBody, ctx).refreshToken, client(ctx));
    ctx.body = { ok: true };
  },
  me(ctx: Context) {
    ctx.body = { account: shownAccount(ctx.state.account) };
  },
  async changePassword(ctx: Context) {
    const { username }: SignedInAccount = ctx.state.account;
    const change = read(passwordBody, ctx);
    assertStrongPassword(username, change.next);
    await access(strapi).sessions.changePassword(username, change);
    await access(strapi).audit.write({
      actor: username,
      action: 'password',
      subject: 'account',
      subjectKey: username,
      ip: clientIp(ctx),
    });
    ctx.body = { ok: true };
  },
});

const account = ({ strapi }: { strapi: Core.Strapi }) => ({
  async create(ctx: Context) {
    const body = read(newAccountSchema, ctx);
    await access(strapi).administration.create(body, ctx.state.account);
    const { password: _password, ...shown } = body;
    ctx.status = 201;
    ctx.body = shown;
  },
  async change(ctx: Context) {
    await access(strapi).administration.change(
      String(ctx.params.username),
      read(accountChangeSchema, ctx),
      ctx.state.account,
    );
    ctx.body = { ok: true };
  },
});

const open = { auth: false as const };
const signedIn = { auth: false as const, middlewares: [{ name: 'plugin::access.guard', config: {} }] };

const guarded = (action: Action, subject: string) => ({
  auth: false as const,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject } }],
});

const routes = {
  'content-api': {
    type: 'content-api',
    routes: [
      { method: 'POST', path: '/sign-in', handler: 'session.signIn', config: open },
      { method: 'POST', path: '/refresh', handler: 'session.refresh', config: open },
      { method: 'POST', path: '/sign-out', handler: 'session.signOut', config: open },
      { method: 'GET', path: '/me', handler: 'session.me', config: signedIn },
      { method: 'POST', path: '/password', handler: 'session.changePassword', config: signedIn },
      { method: 'POST', path: '/accounts', handler: 'account.create', config: guarded('create', 'account') },
      {
        method: 'PUT',
        path: '/accounts/:username',
        handler: 'account.change',
        config: guarded('update', 'account'),
      },
    ],
  },
};

/**
 * Strapi's own doors past our guard: users-permissions lets anybody register and try passwords without our lockout,
 * and the first visitor of /admin could make himself its administrator. Neither is routed.
 */
function closeOtherDoors(strapi: Core.Strapi): void {
  strapi.plugin('users-permissions').routes = {};
  strapi.admin.routes = {};
}

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    install(strapi);
    closeOtherDoors(strapi);
  },
  async bootstrap({ strapi }: { strapi: Core.Strapi }) {
    await access(strapi).accounts.seedRoles();
  },
  routes,
  controllers: { session, account },
  middlewares: {
    guard: (config: unknown, { strapi }: { strapi: Core.Strapi }): Middleware =>
      createGuard(
        strapi,
        () => access(strapi).sessions,
        () => access(strapi).audit,
      )(config),
  },
};
