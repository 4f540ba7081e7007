import { createHmac, timingSafeEqual } from 'node:crypto';
import { isPlatformError } from '@hospital-pay/errors';
import type { Context } from 'koa';
import { z } from 'zod';
import type { OfferedWay } from '../bill';
import { fail } from '../errors';
import { type House, qrSvg } from '../house';
import { createLimiter } from '../limiter';
import type { Link } from '../link';
import { readBody } from './body';

const wrongTokens = 30;
const paymentsAsked = 20;
const minute = 60_000;
const payerCookieMs = 30 * minute;

const scenes = ['jsapi', 'h5', 'native'] as const;
const payBody = z.strictObject({
  channel: z.string().min(1).max(32),
  scene: z.enum(scenes),
  /** A PKPaymentToken is some 3,000 characters. */
  token: z.string().min(1).max(16_000).optional(),
});
const sessionBody = z.strictObject({ validationUrl: z.url().max(512) });
const waitQuery = z.coerce.number().int().min(0).max(25_000).catch(0);

/** What a patient's own phone does. Nobody signs in: whoever holds the code may see its bill, masked, and pay it. */
export function createPatientApi(house: House) {
  const { clock, payments, links } = house;
  const now = () => clock.now().getTime();
  const guesses = createLimiter(wrongTokens, minute, now);
  const asked = createLimiter(paymentsAsked, minute, now);
  const stateKey = payments.vault.keyFor('payer-state');

  const open = async (ctx: Context): Promise<Link> => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    if (guesses.isOver(ctx.ip)) throw fail('TOO_MANY_TRIES');
    try {
      return await links.open(String(ctx.params.token));
    } catch (error) {
      if (isPlatformError(error)) guesses.take(ctx.ip);
      throw error;
    }
  };

  const cookieOf = (channel: string) => `payer-${channel}`;
  const sealContext = (ctx: Context, channel: string) => `payer:${channel}:${String(ctx.params.token)}`;

  const payerOf = (ctx: Context, channel: string): string | undefined => {
    const sealed = ctx.cookies.get(cookieOf(channel));
    if (!sealed) return undefined;
    try {
      return payments.vault.open(sealed, sealContext(ctx, channel));
    } catch {
      return undefined;
    }
  };

  /** The identity that a channel's `jsapi` needs, when this account can find it out. */
  const identityOf = async (accountCode: string) => {
    const { driver } = await payments.accounts.connect(accountCode);
    return driver.payer;
  };

  const waysOf = async (ctx: Context, link: Link): Promise<OfferedWay[]> => {
    const ways: OfferedWay[] = [];
    for (const scene of scenes) {
      for (const { channel, accountCode, takesToken } of await house.offers(link, scene)) {
        if (scene === 'jsapi' && !(await identityOf(accountCode))) continue;
        const needsPayer = scene === 'jsapi' && payerOf(ctx, channel) === undefined;
        ways.push({ channel, title: house.titleOf(channel), scene, needsPayer, takesToken });
      }
    }
    return ways;
  };

  const accountFor = async (link: Link, channel: string): Promise<string> => {
    const offered = await house.offers(link, 'jsapi');
    const found = offered.find((offer) => offer.channel === channel);
    if (!found) throw fail('WAY_NOT_OFFERED');
    return found.accountCode;
  };

  const stateOf = (ctx: Context, channel: string): string =>
    createHmac('sha256', stateKey).update(sealContext(ctx, channel)).digest('base64url').slice(0, 24);

  return {
    async read(ctx: Context) {
      const link = await open(ctx);
      const wait = waitQuery.parse(ctx.query.wait ?? 0);
      const standing = wait > 0 ? await links.wait(link, wait) : await links.standing(link);
      ctx.body = await house.view(standing, { ways: await waysOf(ctx, link) });
    },

    /** Asked when the payer comes back from the wallet: the notification may not have come yet. */
    async ask(ctx: Context) {
      const link = await open(ctx);
      if (!asked.take(link.code)) throw fail('TOO_MANY_TRIES');
      ctx.body = await house.view(await links.ask(link), { ways: await waysOf(ctx, link) });
    },

    async pay(ctx: Context) {
      const link = await open(ctx);
      const { channel, scene, token } = readBody(payBody, ctx.request);
      if (!asked.take(link.code)) throw fail('TOO_MANY_TRIES');
      const ways = await waysOf(ctx, link);
      const way = ways.find((offered) => offered.channel === channel && offered.scene === scene);
      if (way === undefined || way.takesToken !== (token !== undefined)) throw fail('WAY_NOT_OFFERED');
      const payerId = scene === 'jsapi' ? payerOf(ctx, channel) : undefined;
      if (scene === 'jsapi' && !payerId) throw fail('PAYER_UNKNOWN');
      const standing = await links.pay(link, {
        channel,
        scene,
        ...(payerId ? { payerId } : {}),
        ...(token ? { token } : {}),
        ...(scene === 'h5' ? { clientIp: ctx.ip, returnUrl: house.urlOf(link) } : {}),
      });
      ctx.body = await house.view(standing, { ways, showsAction: true });
    },

    /**
     * Before a device asks its owner to pay, it wants to know whom. The channel asks for it, at its own wallet's hosts only;
     * which site this is, is not the browser's to say.
     */
    async session(ctx: Context) {
      const link = await open(ctx);
      const { validationUrl } = readBody(sessionBody, ctx.request);
      if (!asked.take(link.code)) throw fail('TOO_MANY_TRIES');
      const { state } = await links.standing(link);
      const offers = await house.offers(link, 'h5');
      const offer = offers.find(({ channel, takesToken }) => takesToken && channel === ctx.params.channel);
      if (offer === undefined || (state !== 'payable' && state !== 'paying')) throw fail('WAY_NOT_OFFERED');
      const { driver } = await payments.accounts.connect(offer.accountCode);
      const domain = new URL(house.publicUrl).hostname;
      const opened = await driver.openSession?.({ validationUrl, domain });
      if (opened?.kind !== 'opened') throw fail('WALLET_CLOSED', { code: opened?.code });
      ctx.body = opened.session;
    },

    /** The one code of this bill: the wallet that scans it decides. */
    async qr(ctx: Context) {
      const link = await open(ctx);
      ctx.type = 'image/svg+xml';
      ctx.body = await qrSvg(house.urlOf(link));
    },

    /** Sends the wallet's browser to where it says who it is. */
    async identify(ctx: Context) {
      const link = await open(ctx);
      const channel = String(ctx.params.channel);
      const identity = await identityOf(await accountFor(link, channel));
      if (!identity) throw fail('WAY_NOT_OFFERED');
      const back = `${house.publicUrl}/api/pay/${String(ctx.params.token)}/payer/${channel}/back`;
      ctx.redirect(identity.authorizeUrl(back, stateOf(ctx, channel)));
    },

    async identified(ctx: Context) {
      const link = await open(ctx);
      const channel = String(ctx.params.channel);
      const given = Buffer.from(String(ctx.query.state ?? ''));
      const expected = Buffer.from(stateOf(ctx, channel));
      const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
      const identity = await identityOf(await accountFor(link, channel));
      const payer = isOurs ? await identity?.identify(String(ctx.query.code ?? '')) : undefined;
      if (payer) {
        ctx.cookies.set(cookieOf(channel), payments.vault.seal(payer, sealContext(ctx, channel)), {
          httpOnly: true,
          sameSite: 'lax',
          secure: house.publicUrl.startsWith('https:') && ctx.secure,
          path: `/api/pay/${String(ctx.params.token)}`,
          maxAge: payerCookieMs,
          signed: false,
          overwrite: true,
        });
      }
      ctx.redirect(`${house.urlOf(link)}${payer ? '' : '?payer=unknown'}`);
    },
  } satisfies Record<string, (ctx: Context) => Promise<void>>;
}
