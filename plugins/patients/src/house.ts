import type { Bilingual } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import { currencySchema, type Payments, type Scene } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { DateTime } from 'luxon';
import QRCode from 'qrcode';
import { z } from 'zod';
import { type BillView, billView, type OfferedWay } from './bill';
import type { Link } from './link';
import type { Links, Standing } from './links';
import { slipPdf } from './slip';

/** What the pages that people pay on have in common. */
export interface House {
  db: Knex;
  clock: Clock;
  payments: Payments;
  links: Links;
  /** Where a browser finds us, without a slash at its end. */
  publicUrl: string;
  urlOf(link: Link): string;
  hospitalOf(merchantCode: string): Promise<string>;
  titleOf(channel: string): Bilingual;
  /** The channels that would take this scene in the hospital's currency, each with the account that routing would choose. */
  offers(link: Link, scene: Scene): Promise<Offer[]>;
  /** The link as a slip to print. */
  slip(link: Link): Promise<Buffer>;
  view(standing: Standing, options: { ways: OfferedWay[]; showsAction?: boolean }): Promise<BillView>;
}

export interface Offer {
  channel: string;
  accountCode: string;
  /** It is paid with a token that the payer's device makes. */
  takesToken: boolean;
}

const merchantSchema = z.object({
  name: z.string(),
  zone: z.string(),
  currency: currencySchema.nullish().transform((currency) => currency ?? 'CNY'),
});

export function createHouse(
  options: Pick<House, 'db' | 'clock' | 'payments' | 'links' | 'publicUrl'>,
): House {
  const { db, clock, payments, links, publicUrl } = options;
  const merchantOf = async (code: string): Promise<z.output<typeof merchantSchema>> => {
    const row: unknown = await db('merchants').where({ code }).first('name', 'zone', 'currency');
    return merchantSchema.parse(row ?? { name: code, zone: 'Asia/Shanghai' });
  };
  const house: House = {
    ...options,
    urlOf: (link) => `${publicUrl}/pay/${links.tokenOf(link)}`,
    async hospitalOf(merchantCode) {
      return (await merchantOf(merchantCode)).name;
    },
    titleOf(channel) {
      const manifest = payments.channels().find(({ code }) => code === channel);
      return manifest?.title ?? { zh: channel, en: channel };
    },
    async offers({ merchantCode, department, amountFen }, scene) {
      const { currency } = await merchantOf(merchantCode);
      const offered = await Promise.all(
        payments
          .channels()
          .filter(({ scenes, insurance }) => scenes.includes(scene) && !insurance)
          .map(async ({ code, takesToken = false }): Promise<Offer[]> => {
            const question = {
              merchantCode,
              scene,
              channel: code,
              amountFen,
              department: department ?? undefined,
              ...(takesToken ? { token: '' } : {}),
            };
            const { routes } = await payments.routes.explain(question, { kind: 'system' });
            const route = routes.find(({ verdict }) => verdict === 'chosen' || verdict === 'sharing');
            if (!route) return [];
            const { accountCode } = route;
            // An account whose settings are broken is no way to pay; neither is one that would take yuan for yen.
            const account = await payments.accounts.connect(accountCode).catch(() => undefined);
            return account?.currency === currency ? [{ channel: code, accountCode, takesToken }] : [];
          }),
      );
      return offered.flat();
    },
    async slip(link) {
      const { zone } = await merchantOf(link.merchantCode);
      return slipPdf(await house.view(await links.standing(link), { ways: [] }), {
        code: await qrPng(house.urlOf(link)),
        validUntil: DateTime.fromJSDate(link.expiresAt, { zone }).toFormat('yyyy-MM-dd HH:mm'),
      });
    },
    async view(standing, { ways, showsAction = false }) {
      const { name, currency } = await merchantOf(standing.link.merchantCode);
      return billView(standing, {
        now: clock.now(),
        hospital: name,
        currency,
        titleOf: house.titleOf,
        ways,
        showsAction,
      });
    },
  };
  return house;
}

/** Coarse and forgiving: it is scanned from a screen at arm's length, or from a slip that was folded. */
const qrOptions = { errorCorrectionLevel: 'M', margin: 2 } as const;

export const qrSvg = (text: string): Promise<string> => QRCode.toString(text, { ...qrOptions, type: 'svg' });

/** `width` in pixels. */
export const qrPng = (text: string, width = 480): Promise<Buffer> =>
  QRCode.toBuffer(text, { ...qrOptions, width, margin: 4, type: 'png' });
