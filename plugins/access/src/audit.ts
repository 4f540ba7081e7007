import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { isUniqueViolation } from './accounts';
import { type ChainedEntry, genesisHash, hashEntry, withoutSecrets } from './chain';
import type { Clock } from './clock';

const uid = 'api::audit-entry.audit-entry';
const attempts = 50;
const batch = 1000;

export interface AuditRecord {
  actor: string;
  action: string;
  subject: string;
  subjectKey?: string;
  before?: unknown;
  after?: unknown;
  ip?: string;
}

export type ChainVerdict =
  | { ok: true; entries: number; head: string }
  | { ok: false; entries: number; brokenAt: number; reason: 'link' | 'content' };

export interface Audit {
  /** Appends one entry. Secrets are blanked by name before it is hashed. */
  write(record: AuditRecord): Promise<void>;
  /** Reads the whole trail and checks every link. */
  verifyChain(): Promise<ChainVerdict>;
}

const row = z.object({
  id: z.number(),
  at: z.coerce.date(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  subjectKey: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  ip: z.string().nullable(),
  previousHash: z.string(),
  hash: z.string(),
});

export function createAudit(strapi: Core.Strapi, clock: Clock): Audit {
  const entries = () => strapi.db.query(uid);

  async function head(): Promise<string> {
    const last: unknown = await entries().findOne({ select: ['hash'], orderBy: { id: 'desc' } });
    return last === null ? genesisHash : z.object({ hash: z.string() }).parse(last).hash;
  }

  return {
    async write({ actor, action, subject, subjectKey, before, after, ip }) {
      const entry: ChainedEntry = {
        at: clock.now(),
        actor,
        action,
        subject,
        subjectKey: subjectKey ?? null,
        before: jsonOf(before),
        after: jsonOf(after),
        ip: ip ?? null,
      };
      for (let attempt = 1; ; attempt += 1) {
        const previousHash = await head();
        const hash = hashEntry(previousHash, entry);
        try {
          await entries().create({ data: { ...entry, previousHash, hash, publishedAt: new Date() } });
          return;
        } catch (error) {
          // previousHash is unique: two writers cannot hang on the same link, the slower one reads the head again.
          if (!isUniqueViolation(error) || attempt === attempts) throw error;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * attempt));
        }
      }
    },
    async verifyChain() {
      let expected = genesisHash;
      let count = 0;
      for (let after = 0; ; ) {
        const rows: unknown[] = await entries().findMany({
          where: { id: { $gt: after } },
          orderBy: { id: 'asc' },
          limit: batch,
        });
        for (const raw of rows) {
          const { id, previousHash, hash, ...entry } = row.parse(raw);
          if (previousHash !== expected) return { ok: false, entries: count, brokenAt: id, reason: 'link' };
          if (hashEntry(previousHash, entry) !== hash) {
            return { ok: false, entries: count, brokenAt: id, reason: 'content' };
          }
          expected = hash;
          count += 1;
          after = id;
        }
        if (rows.length < batch) return { ok: true, entries: count, head: expected };
      }
    },
  };
}

/** As JSON will give it back, so that the hash can be computed again from what was stored. */
function jsonOf(value: unknown): unknown {
  return value === undefined || value === null ? null : JSON.parse(JSON.stringify(withoutSecrets(value)));
}
