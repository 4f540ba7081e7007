import type { Context } from 'koa';
import { type House, qrPng } from '../house';
import { newLink } from '../link';
import type { Standing } from '../links';
import { readBody } from './body';

/** What HIS does: makes a link of a prescription or a slip, asks about it, withdraws it. Signed like every open call. */
export function createOpenLinkApi(house: House) {
  const { payments, links } = house;
  const find = async (ctx: Context, merchantCode: string) =>
    links.find({ merchantCode, merchantOrderNo: String(ctx.params.merchantOrderNo) });
  const answer = ({ link, state, order }: Standing) => ({
    code: link.code,
    url: house.urlOf(link),
    merchantOrderNo: link.merchantOrderNo,
    businessNo: link.businessNo,
    state,
    amountFen: link.amountFen,
    subject: link.subject,
    usage: link.usage,
    expiresAt: link.expiresAt.toISOString(),
    createdTime: link.createdTime.toISOString(),
    order: order ?? null,
  });

  return {
    async create(ctx: Context) {
      const { appId, merchantCode } = await payments.applications.authenticate(ctx, 'orders:write');
      const link = await links.create(readBody(newLink, ctx.request), { merchantCode, appId });
      ctx.body = answer(await links.standing(link));
    },
    async read(ctx: Context) {
      const { merchantCode } = await payments.applications.authenticate(ctx, 'orders:read');
      ctx.body = answer(await links.ask(await find(ctx, merchantCode)));
    },
    /** For HIS to print on its own prescription or slip. */
    async qr(ctx: Context) {
      const { merchantCode } = await payments.applications.authenticate(ctx, 'orders:read');
      const link = await find(ctx, merchantCode);
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'image/png';
      ctx.body = await qrPng(house.urlOf(link));
    },
    /** The same as a page of its own, for HIS that prints no slip itself. */
    async slip(ctx: Context) {
      const { merchantCode } = await payments.applications.authenticate(ctx, 'orders:read');
      const link = await find(ctx, merchantCode);
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'application/pdf';
      ctx.body = await house.slip(link);
    },
    async close(ctx: Context) {
      const { merchantCode } = await payments.applications.authenticate(ctx, 'orders:write');
      ctx.body = answer(await links.close(await find(ctx, merchantCode)));
    },
  } satisfies Record<string, (ctx: Context) => Promise<void>>;
}
