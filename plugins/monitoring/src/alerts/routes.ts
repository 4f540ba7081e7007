import type { SignedInAccount } from '@hospital-pay/access';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { monitoring } from '../index';
import { route } from '../route';
import { malformedAlarm, readGrafana, signatureHeader, timestampHeader, verifyGrafana } from './grafana';
import { alertRule } from './rule';

const trialBody = z.object({ rule: z.looseObject({}) });

export const alert = ({ strapi }: { strapi: Core.Strapi }) => ({
  async test(ctx: Context) {
    const { username }: SignedInAccount = ctx.state.account;
    await monitoring(strapi).alerts.testFire(String(ctx.params.code), username);
    ctx.body = { ok: true };
  },
  async trial(ctx: Context) {
    const body = trialBody.safeParse(ctx.request.body);
    const parsed = alertRule.safeParse(body.data?.rule);
    if (!parsed.success) {
      throw fail('SETTING_INVALID', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
    }
    ctx.body = await monitoring(strapi).alerts.tryOut(parsed.data);
  },
});

/** The body exactly as it came: a signature covers bytes. */
function rawBodyOf(ctx: Context): string {
  const body: unknown = ctx.request.body;
  if (typeof body !== 'object' || body === null) return typeof body === 'string' ? body : '';
  const raw: unknown = Reflect.get(body, Symbol.for('unparsedBody'));
  return typeof raw === 'string' ? raw : '';
}

export const grafana = ({ strapi }: { strapi: Core.Strapi }) => ({
  async receive(ctx: Context) {
    const secret = process.env.GRAFANA_WEBHOOK_SECRET;
    if (!secret) throw fail('GRAFANA_OFF');
    const now = payments(strapi).clock.now();
    const body = rawBodyOf(ctx);
    const signed = { body, signature: ctx.get(signatureHeader), timestamp: ctx.get(timestampHeader) };
    const verdict = verifyGrafana(signed, secret, now);
    if (verdict === 'bad') throw fail('GRAFANA_SIGNATURE');
    if (verdict === 'stale') throw fail('GRAFANA_STALE');
    const { alarms, malformed } = readGrafana(body);
    await monitoring(strapi).messages.book(
      [...alarms, ...malformed.map(malformedAlarm)].map((alarm) => ({ ...alarm, at: now })),
    );
    if (malformed.length > 0)
      throw fail('GRAFANA_MALFORMED', { taken: alarms.length, malformed: malformed.length });
    ctx.body = { taken: alarms.length };
  },
});

export const alertRoutes = [
  route('POST', '/alert-rules/trial', 'alert.trial', { action: 'read', subject: 'alert-rule' }),
  route('POST', '/alert-rules/:code/test', 'alert.test', { action: 'update', subject: 'alert-rule' }),
  { method: 'POST', path: '/grafana', handler: 'grafana.receive', config: { auth: false as const } },
];
