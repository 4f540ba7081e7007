import type { UnpaidBills } from '@hospital-pay/his';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import type { House } from '../house';
import { billOf, type Link } from '../link';
import type { Standing } from '../links';
import { readBody } from './body';

/** What access.guard leaves in the request's state. */
const accountSchema = z.object({ username: z.string(), merchantCodes: z.array(z.string()).nullable() });

const code = z.string().trim().min(1).max(32);
const cardBody = z.strictObject({ merchantCode: code, cardNo: z.string().trim().min(4).max(64) });
const billBody = cardBody.extend({ billNo: z.string().trim().min(1).max(50) });
const waitQuery = z.coerce.number().int().min(0).max(25_000).catch(0);
const roomLinkSeconds = 24 * 3600;

/** The consulting room: what a patient owes as HIS says now, and the code of one of these bills. */
export function createRoomApi(
  house: House,
  unpaid: (merchantCode: string, cardNo: string) => Promise<UnpaidBills>,
) {
  const { links } = house;

  const callerFor = (ctx: Context, merchantCode: string): string => {
    const { username, merchantCodes } = accountSchema.parse(ctx.state.account);
    if (merchantCodes && !merchantCodes.includes(merchantCode)) throw fail('LINK_UNKNOWN');
    return username;
  };
  const answer = async (standing: Standing) => ({
    code: standing.link.code,
    url: house.urlOf(standing.link),
    ...(await house.view(standing, { ways: [] })),
  });
  const linkOf = async (ctx: Context): Promise<Link> => {
    const link = await links.find({ code: String(ctx.params.code) });
    callerFor(ctx, link.merchantCode);
    return link;
  };

  return {
    async bills(ctx: Context) {
      const { merchantCode, cardNo } = readBody(cardBody, ctx.request);
      callerFor(ctx, merchantCode);
      const { patientName, bills } = await unpaid(merchantCode, cardNo);
      ctx.body = { patientName, bills };
    },
    /** The amount is HIS's, asked again now: a browser names the bill and nothing else. */
    async create(ctx: Context) {
      const { merchantCode, cardNo, billNo } = readBody(billBody, ctx.request);
      const operatorCode = callerFor(ctx, merchantCode);
      const owed = await unpaid(merchantCode, cardNo);
      const bill = owed.bills.find((candidate) => candidate.billNo === billNo);
      if (!bill) throw fail('BILL_GONE');
      const link = await links.ofBill(
        {
          ...billOf(owed, bill, cardNo),
          bizType: bill.bizType ?? '诊间缴费',
          usage: 'room',
          expiresIn: roomLinkSeconds,
        },
        { merchantCode, operatorCode },
      );
      ctx.body = await answer(await links.standing(link));
    },
    async slip(ctx: Context) {
      const link = await linkOf(ctx);
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'application/pdf';
      ctx.body = await house.slip(link);
    },
    async read(ctx: Context) {
      const link = await linkOf(ctx);
      const wait = waitQuery.parse(ctx.query.wait ?? 0);
      ctx.body = await answer(wait > 0 ? await links.wait(link, wait) : await links.standing(link));
    },
  } satisfies Record<string, (ctx: Context) => Promise<void>>;
}
