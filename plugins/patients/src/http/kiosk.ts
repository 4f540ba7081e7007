import { maskName, maskSubject } from '@hospital-pay/access';
import { isPlatformError } from '@hospital-pay/errors';
import type { UnpaidBills } from '@hospital-pay/his';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import type { House } from '../house';
import type { Kiosk, Kiosks } from '../kiosks';
import { createLimiter } from '../limiter';
import { billOf, type Link } from '../link';
import type { Standing } from '../links';
import { newCode } from '../tokens';
import { readBody } from './body';

const minute = 60_000;
const wrongTokens = 30;
/** Patients at one machine, a minute. */
const lookUps = 30;
const paymentsAsked = 20;
const billSeconds = 3600;
const depositSeconds = 900;

const cardBody = z.strictObject({ cardNo: z.string().trim().min(4).max(64) });
const billBody = cardBody.extend({ billNo: z.string().trim().min(1).max(50) });
const depositBody = cardBody.extend({
  /** Fen: from one yuan to fifty thousand. */
  amountFen: z.int().min(100).max(5_000_000),
});
const payBody = z.strictObject({ authCode: z.string().regex(/^\d{16,24}$/) });
const waitQuery = z.coerce.number().int().min(0).max(25_000).catch(0);
const bearer = /^Bearer ([\w-]{43})$/;
/** What access.guard leaves in the request's state. */
const accountSchema = z.object({ merchantCodes: z.array(z.string()).nullable() });

/** What a kiosk may do, with its own token and for its own hospital: look up, show, take. And who gives it the token. */
export function createKioskApi(
  house: House,
  kiosks: Kiosks,
  unpaid: (merchantCode: string, cardNo: string) => Promise<UnpaidBills>,
) {
  const { clock, links } = house;
  const now = () => clock.now().getTime();
  const guesses = createLimiter(wrongTokens, minute, now);
  const looked = createLimiter(lookUps, minute, now);
  const asked = createLimiter(paymentsAsked, minute, now);

  const enter = async (ctx: Context): Promise<Kiosk> => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    if (guesses.isOver(ctx.ip)) throw fail('TOO_MANY_TRIES');
    try {
      const token = bearer.exec(ctx.get('authorization'))?.[1];
      if (!token) throw fail('KIOSK_UNKNOWN');
      return await kiosks.authenticate(ctx.get('x-terminal'), token);
    } catch (error) {
      if (isPlatformError(error)) guesses.take(ctx.ip);
      throw error;
    }
  };
  const lookUp = async (ctx: Context): Promise<Kiosk> => {
    const kiosk = await enter(ctx);
    if (!looked.take(kiosk.code)) throw fail('TOO_MANY_TRIES');
    return kiosk;
  };
  /** A bill that was scanned, or that this kiosk has made; another hospital's is as good as none. */
  const linkFor = async (ctx: Context, { merchantCode }: Kiosk): Promise<Link> => {
    const link = await links.open(String(ctx.params.token));
    if (link.merchantCode !== merchantCode) throw fail('LINK_INVALID');
    return link;
  };
  const answer = async (standing: Standing) => ({
    token: links.tokenOf(standing.link),
    ...(await house.view(standing, { ways: [] })),
  });
  const staffKiosk = async (ctx: Context): Promise<Kiosk> => {
    const { merchantCodes } = accountSchema.parse(ctx.state.account);
    const kiosk = await kiosks.find(String(ctx.params.code));
    if (merchantCodes && !merchantCodes.includes(kiosk.merchantCode)) throw fail('KIOSK_NONE');
    return kiosk;
  };

  return {
    async issue(ctx: Context) {
      ctx.set('Cache-Control', 'no-store');
      const kiosk = await staffKiosk(ctx);
      ctx.body = { code: kiosk.code, token: await kiosks.issue(kiosk) };
    },
    async revoke(ctx: Context) {
      const kiosk = await staffKiosk(ctx);
      await kiosks.revoke(kiosk);
      ctx.body = { code: kiosk.code };
    },

    async self(ctx: Context) {
      const { code, name, merchantCode } = await enter(ctx);
      ctx.body = { code, name, hospital: await house.hospitalOf(merchantCode) };
    },
    async bills(ctx: Context) {
      const { merchantCode } = await lookUp(ctx);
      const { cardNo } = readBody(cardBody, ctx.request);
      const { patientName, bills } = await unpaid(merchantCode, cardNo);
      ctx.body = {
        patient: maskName(patientName),
        bills: bills.map(({ billNo, subject, department, amountFen }) => ({
          billNo,
          subject: maskSubject(subject, patientName),
          department: department ?? null,
          amountFen,
        })),
      };
    },
    /** The amount is HIS's, asked again now: a kiosk names the bill and nothing else. */
    async choose(ctx: Context) {
      const { code, merchantCode } = await lookUp(ctx);
      const { cardNo, billNo } = readBody(billBody, ctx.request);
      const owed = await unpaid(merchantCode, cardNo);
      const bill = owed.bills.find((candidate) => candidate.billNo === billNo);
      if (!bill) throw fail('BILL_GONE');
      const link = await links.ofBill(
        {
          ...billOf(owed, bill, cardNo),
          bizType: bill.bizType ?? '门诊缴费',
          usage: 'kiosk',
          terminalCode: code,
          expiresIn: billSeconds,
        },
        { merchantCode },
      );
      ctx.body = await answer(await links.standing(link));
    },
    async deposit(ctx: Context) {
      const { code, merchantCode } = await lookUp(ctx);
      const { cardNo, amountFen } = readBody(depositBody, ctx.request);
      const { patientName, patientId } = await unpaid(merchantCode, cardNo);
      const link = await links.create(
        {
          merchantOrderNo: `YJ${newCode()}`,
          amountFen,
          subject: '住院预交金',
          items: [],
          patientName,
          ...(patientId ? { patientId } : {}),
          cardNo,
          bizType: '住院预交金',
          usage: 'kiosk',
          terminalCode: code,
          expiresIn: depositSeconds,
        },
        { merchantCode },
      );
      ctx.body = await answer(await links.standing(link));
    },
    async read(ctx: Context) {
      const link = await linkFor(ctx, await enter(ctx));
      const wait = waitQuery.parse(ctx.query.wait ?? 0);
      ctx.body = await answer(wait > 0 ? await links.wait(link, wait) : await links.standing(link));
    },
    /** By the payment code that the patient's phone shows. */
    async pay(ctx: Context) {
      const kiosk = await enter(ctx);
      const link = await linkFor(ctx, kiosk);
      const { authCode } = readBody(payBody, ctx.request);
      if (!asked.take(link.code)) throw fail('TOO_MANY_TRIES');
      const way = { scene: 'micropay', authCode, terminalCode: kiosk.code, clientIp: ctx.ip } as const;
      ctx.body = await answer(await links.pay(link, way));
    },
  } satisfies Record<string, (ctx: Context) => Promise<void>>;
}
