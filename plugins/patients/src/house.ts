import type { Bilingual } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import type { Payments, Scene } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import QRCode from 'qrcode';
import { z } from 'zod';
import { type BillView, billView, type OfferedWay } from './bill';
import type { Link } from './link';
import type { Links, Standing } from './links';

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
  /** The channels that would take this scene, each with the account that routing would choose. */
  offers(link: Link, scene: Scene): Promise<{ channel: string; accountCode: string }[]>;
  view(standing: Standing, options: { ways: OfferedWay[]; showsAction?: boolean }): Promise<BillView>;
}

const nameSchema = z.object({ name: z.string() }).optional();

export function createHouse(
  options: Pick<House, 'db' | 'clock' | 'payments' | 'links' | 'publicUrl'>,
): House {
  const { db, clock, payments, links, publicUrl } = options;
  const house: House = {
    ...options,
    urlOf: (link) => `${publicUrl}/pay/${links.tokenOf(link)}`,
    async hospitalOf(merchantCode) {
      const row: unknown = await db('merchants').where({ code: merchantCode }).first('name');
      return nameSchema.parse(row)?.name ?? merchantCode;
    },
    titleOf(channel) {
      const manifest = payments.channels().find(({ code }) => code === channel);
      return manifest?.title ?? { zh: channel, en: channel };
    },
    async offers({ merchantCode, department, amountFen }, scene) {
      const offered = await Promise.all(
        payments
          .channels()
          .filter(({ scenes, takesToken }) => scenes.includes(scene) && !takesToken)
          .map(async ({ code }) => {
            const question = {
              merchantCode,
              scene,
              channel: code,
              amountFen,
              department: department ?? undefined,
            };
            const { routes } = await payments.routes.explain(question, { kind: 'system' });
            const route = routes.find(({ verdict }) => verdict === 'chosen' || verdict === 'sharing');
            return route ? [{ channel: code, accountCode: route.accountCode }] : [];
          }),
      );
      return offered.flat();
    },
    view: async (standing, { ways, showsAction = false }) =>
      billView(standing, {
        now: clock.now(),
        hospital: await house.hospitalOf(standing.link.merchantCode),
        titleOf: house.titleOf,
        ways,
        showsAction,
      }),
  };
  return house;
}

/** Coarse and forgiving: it is scanned from a screen at arm's length, or from a slip that was folded. */
const qrOptions = { errorCorrectionLevel: 'M', margin: 2 } as const;

export const qrSvg = (text: string): Promise<string> => QRCode.toString(text, { ...qrOptions, type: 'svg' });

/** `width` in pixels. */
export const qrPng = (text: string, width = 480): Promise<Buffer> =>
  QRCode.toBuffer(text, { ...qrOptions, width, margin: 4, type: 'png' });
