import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { fromRow, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from './errors';

const kioskSchema = z.object({
  code: z.string(),
  name: z.string(),
  merchantCode: z.string(),
  enabled: z.coerce.boolean(),
  kioskTokenHash: z.string().nullable(),
});
export type Kiosk = z.output<typeof kioskSchema>;

export interface Kiosks {
  /** @throws KIOSK_NONE for a code that is no kiosk's */
  find(code: string): Promise<Kiosk>;
  /** A new token, told this once; the one before it ends. */
  issue(kiosk: Kiosk): Promise<string>;
  revoke(kiosk: Kiosk): Promise<void>;
  /** @throws KIOSK_UNKNOWN unless the token is this kiosk's own and the kiosk is enabled */
  authenticate(code: string, token: string): Promise<Kiosk>;
}

/** 256 random bits: a plain hash keeps them well. */
const hash = (token: string) => createHash('sha256').update(token).digest('hex');

/** The machines that patients pay at, known by a token of their own and never by a person's. */
export function createKiosks(db: Knex, clock: Clock): Kiosks {
  const read = async (code: string): Promise<Kiosk | undefined> => {
    const row: object | undefined = await db('terminals').where({ code, kind: 'kiosk' }).first();
    return row && kioskSchema.parse(fromRow({ ...row }));
  };
  const keep = async ({ code }: Kiosk, token: string | null): Promise<void> => {
    const now = clock.now();
    await db('terminals')
      .where({ code })
      .update(
        toColumns(db, {
          kioskTokenHash: token && hash(token),
          kioskTokenSince: token && now,
          updatedAt: now,
        }),
      );
  };
  return {
    async find(code) {
      const kiosk = await read(code);
      if (!kiosk) throw fail('KIOSK_NONE');
      return kiosk;
    },
    async issue(kiosk) {
      const token = randomBytes(32).toString('base64url');
      await keep(kiosk, token);
      return token;
    },
    revoke: (kiosk) => keep(kiosk, null),
    async authenticate(code, token) {
      const kiosk = await read(code);
      const given = Buffer.from(hash(token));
      const kept = Buffer.from(kiosk?.kioskTokenHash ?? '');
      const isItsOwn = kept.length === given.length && timingSafeEqual(kept, given);
      if (!kiosk?.enabled || !isItsOwn) throw fail('KIOSK_UNKNOWN');
      return kiosk;
    },
  };
}
