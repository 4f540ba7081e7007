import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { writeLightly } from '@hospital-pay/jobs';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Core } from './core';
import { fail } from './errors';
import { completeRow, fromRow, insertRow, isUniqueViolation, toColumns } from './rows';
import { findRow } from './store';
import type { Applications } from './types';

const toleranceMs = 5 * 60_000;
export const scopes = ['orders:read', 'orders:write', 'refunds:read', 'refunds:write', 'his:write'] as const;

const rowSchema = z.object({
  id: z.number(),
  appId: z.string(),
  merchantCode: z.string(),
  signingKey: z.string(),
  scopes: z.array(z.enum(scopes)).nullable(),
  ipAllowList: z.array(z.string()).nullable(),
  enabled: z.boolean().nullable(),
  lastUsedAt: z.date().nullable(),
});

export const signingKeyOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The text that both sides sign. `target`: path with its query string, as sent. */
export function signedText(request: {
  method: string;
  target: string;
  timestamp: string;
  nonce: string;
  body: Buffer | string;
}): string {
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  return [request.method.toUpperCase(), request.target, request.timestamp, request.nonce, bodyHash].join(
    '\n',
  );
}

export function isSignature(key: Buffer, text: string, signature: string): boolean {
  const expected = createHmac('sha256', key).update(text).digest();
  const given = Buffer.from(/^[0-9a-f]{64}$/i.test(signature) ? signature : '', 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Addresses and networks (`10.0.0.0/8`, `2001:db8::/32`); an empty list lets everyone in. */
export function isAllowed(address: string, allowList: string[]): boolean {
  if (allowList.length === 0) return true;
  const list = new BlockList();
  for (const entry of allowList) {
    const [network = '', prefix] = entry.trim().split('/');
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(network) === 0) continue;
    if (prefix === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(prefix), family);
  }
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** The body exactly as it came, kept beside the parsed one by the body parser (`includeUnparsed`). */
export function rawBodyOf(request: object): string {
  const body: unknown = Reflect.get(request, 'body');
  if (typeof body !== 'object' || body === null) return typeof body === 'string' ? body : '';
  const raw: unknown = Reflect.get(body, Symbol.for('unparsedBody'));
  return typeof raw === 'string' ? raw : '';
}

export function createApplications(core: Core): Applications {
  const { db, clock, vault } = core;
  const context = (appId: string) => `application:${appId}`;

  return {
    async authenticate(ctx: Context, scope) {
      const appId = ctx.get('x-app-id');
      const timestamp = ctx.get('x-timestamp');
      const nonce = ctx.get('x-nonce');
      const signature = ctx.get('x-signature');
      if (!appId || !timestamp || !nonce || !signature) throw fail('SIGNATURE_MISSING');
      if (!/^[\x21-\x7e]{16,64}$/.test(nonce)) throw fail('NONCE_INVALID');
      const now = clock.now();
      const isTime = /^\d{13}$/.test(timestamp) && Math.abs(Number(timestamp) - now.getTime()) <= toleranceMs;
      if (!isTime) throw fail('TIMESTAMP_STALE', { now: now.toISOString() });

      const found: object | undefined = await db('applications').where({ app_id: appId }).first();
      if (!found) throw fail('APPLICATION_UNKNOWN');
      const application = rowSchema.parse(fromRow({ ...found }));
      const key = Buffer.from(vault.open(application.signingKey, context(appId)), 'hex');
      const body = rawBodyOf(ctx.request);
      const text = signedText({ method: ctx.method, target: ctx.originalUrl, timestamp, nonce, body });
      if (!isSignature(key, text, signature)) throw fail('SIGNATURE_INVALID');
      if (!application.enabled) throw fail('APPLICATION_DISABLED');
      if (!isAllowed(ctx.ip, application.ipAllowList ?? []))
        throw fail('ADDRESS_REFUSED', { address: ctx.ip });
      const granted = application.scopes ?? [];
      if (!granted.includes(scope)) throw fail('SCOPE_MISSING', { scope });
      try {
        // Kept for as long as the timestamp could pass.
        const expiresAt = new Date(now.getTime() + 2 * toleranceMs);
        await writeLightly(
          db,
          db('request_nonces').insert(completeRow(db, { appId, nonce, expiresAt }, now)),
        );
      } catch (error) {
        if (isUniqueViolation(error)) throw fail('REPLAYED');
        throw error;
      }
      const isStale = !application.lastUsedAt || now.getTime() - application.lastUsedAt.getTime() > 60_000;
      if (isStale) {
        await db('applications')
          .where({ id: application.id })
          .update(toColumns(db, { lastUsedAt: now }));
      }
      return { appId, merchantCode: application.merchantCode, scopes: granted };
    },
    async create(input) {
      if (!(await findRow(db, 'merchants', { code: input.merchantCode }))) throw fail('MERCHANT_UNKNOWN');
      const secret = input.secret ?? randomBytes(32).toString('base64url');
      const attributes = {
        appId: input.appId,
        name: input.name,
        merchantCode: input.merchantCode,
        signingKey: vault.seal(signingKeyOf(secret).toString('hex'), context(input.appId)),
        scopes: input.scopes,
        ipAllowList: input.ipAllowList ?? [],
        enabled: true,
      };
      const now = clock.now();
      const changes = toColumns(db, { ...attributes, updatedAt: now });
      const updated = await db('applications').where({ app_id: input.appId }).update(changes);
      if (updated === 0) await insertRow(db, 'applications', attributes, now);
      return { appId: input.appId, secret };
    },
  };
}
