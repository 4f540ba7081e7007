import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import {
  type ChainedEntry,
  type ChainVerdict,
  genesisHash,
  hashEntry,
  verifyEntries,
  withoutSecrets,
} from './chain';
import type { Clock } from './clock';

const uid = 'api::audit-entry.audit-entry';
const table = 'audit_entries';
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

export interface Audit {
  /** Appends one entry. Secrets are blanked by name before it is hashed. */
  write(record: AuditRecord): Promise<void>;
  /** Reads the whole trail and checks every link. */
  verifyChain(): Promise<ChainVerdict>;
}

export function createAudit(strapi: Core.Strapi, clock: Clock): Audit {
  const entries = () => strapi.db.query(uid);

  async function head(): Promise<string> {
    const last: unknown = await entries().findOne({ select: ['hash'], orderBy: { id: 'desc' } });
    return last === null ? genesisHash : z.object({ hash: z.string() }).parse(last).hash;
  }

  /** Whoever else appends waits until this transaction is over, in this process and in any other. */
  async function lock(trx: Core.Strapi['db']['connection']): Promise<void> {
    if (strapi.db.dialect.client === 'postgres') {
      await trx.raw('LOCK TABLE ?? IN SHARE ROW EXCLUSIVE MODE', [table]);
      return;
    }
    // SQLite takes its one write lock with the first statement that may write, whether a row matches or not.
    await trx(table).where({ id: -1 }).update({ actor: '' });
  }

  async function append(entry: ChainedEntry): Promise<void> {
    await strapi.db.transaction(async ({ trx }) => {
      await lock(trx);
      const previousHash = await head();
      const hash = hashEntry(previousHash, entry);
      await entries().create({ data: { ...entry, previousHash, hash, publishedAt: new Date() } });
    });
  }

  /** In this process they queue here, so that a crowd of them holds one connection and not all. */
  let last: Promise<unknown> = Promise.resolve();

  return {
    write({ actor, action, subject, subjectKey, before, after, ip }) {
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
      const written = last.then(() => append(entry));
      last = written.catch(() => undefined);
      return written;
    },
    verifyChain: () =>
      verifyEntries((after) =>
        entries().findMany({ where: { id: { $gt: after } }, orderBy: { id: 'asc' }, limit: batch }),
      ),
  };
}

/** As JSON will give it back, so that the hash can be computed again from what was stored. */
function jsonOf(value: unknown): unknown {
  return value === undefined || value === null ? null : JSON.parse(JSON.stringify(withoutSecrets(value)));
}
