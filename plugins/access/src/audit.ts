import { randomBytes } from 'node:crypto';
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

/** Knex, or a transaction of it. */
type Connection = Core.Strapi['db']['connection'];

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
  /**
   * Appends one entry. Secrets are blanked by name before it is hashed. Within `trx` it stands or falls with what it tells
   * of; as everybody else who appends waits until that ends, it is the last thing done there.
   */
  write(record: AuditRecord, trx?: Connection): Promise<void>;
  /** Reads the whole trail and checks every link. */
  verifyChain(): Promise<ChainVerdict>;
}

export function createAudit(strapi: Core.Strapi, clock: Clock): Audit {
  const entries = () => strapi.db.query(uid);
  const isPostgres = strapi.db.dialect.client === 'postgres';

  async function head(trx: Connection): Promise<string> {
    const last: unknown = await trx(table).orderBy('id', 'desc').first('hash');
    return z.object({ hash: z.string() }).optional().parse(last)?.hash ?? genesisHash;
  }

  /** Whoever else appends waits until this transaction is over, in this process and in any other. */
  async function lock(trx: Connection): Promise<void> {
    if (isPostgres) {
      await trx.raw('LOCK TABLE ?? IN SHARE ROW EXCLUSIVE MODE', [table]);
      return;
    }
    // SQLite takes its one write lock with the first statement that may write, whether a row matches or not.
    await trx(table).where({ id: -1 }).update({ actor: '' });
  }

  /** Past Strapi's own queries: they cannot be put into somebody else's transaction. */
  async function append(trx: Connection, entry: ChainedEntry): Promise<void> {
    await lock(trx);
    const { at, actor, action, subject, subjectKey, before, after, ip } = entry;
    const previousHash = await head(trx);
    const moment = (date: Date) => (isPostgres ? date : date.getTime());
    const now = moment(new Date());
    await trx(table).insert({
      document_id: randomBytes(12).toString('hex'),
      at: moment(at),
      actor,
      action,
      subject,
      subject_key: subjectKey,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      ip,
      previous_hash: previousHash,
      hash: hashEntry(previousHash, entry),
      created_at: now,
      updated_at: now,
      published_at: now,
    });
  }

  /** In this process they queue here, so that a crowd of them holds one connection and not all. */
  let last: Promise<unknown> = Promise.resolve();

  return {
    write({ actor, action, subject, subjectKey, before, after, ip }, within) {
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
      // Whoever holds a connection already does not queue for another.
      if (within) return append(within, entry);
      const written = last.then(async () => {
        await strapi.db.transaction(async ({ trx }) => {
          await append(trx, entry);
        });
      });
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
