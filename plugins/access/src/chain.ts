import { createHash } from 'node:crypto';
import { z } from 'zod';

export const genesisHash = '0'.repeat(64);

export interface ChainedEntry {
  at: Date;
  actor: string;
  action: string;
  subject: string;
  subjectKey: string | null;
  before: unknown;
  after: unknown;
  ip: string | null;
}

/** Keys in one order, because PostgreSQL's jsonb gives them back in its own. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** An entry's hash covers everything it says and the hash before it: changing or removing one breaks all that follow. */
export function hashEntry(previousHash: string, entry: ChainedEntry): string {
  const { at, actor, action, subject, subjectKey, before, after, ip } = entry;
  const said = [
    previousHash,
    at.toISOString(),
    actor,
    action,
    subject,
    subjectKey,
    before ?? null,
    after ?? null,
    ip,
  ];
  return createHash('sha256').update(canonical(said)).digest('hex');
}

export type ChainVerdict =
  | { ok: true; entries: number; head: string }
  | { ok: false; entries: number; brokenAt: number; reason: 'link' | 'content' };

const storedEntry = z.object({
  id: z.coerce.number(),
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

/** Checks every link. `read`: the next entries in order of id, beginning behind this one; none: the end. */
export async function verifyEntries(read: (after: number) => Promise<unknown[]>): Promise<ChainVerdict> {
  let expected = genesisHash;
  let count = 0;
  for (let after = 0; ; ) {
    const rows = await read(after);
    if (rows.length === 0) return { ok: true, entries: count, head: expected };
    for (const row of rows) {
      const { id, previousHash, hash, ...entry } = storedEntry.parse(row);
      if (previousHash !== expected) return { ok: false, entries: count, brokenAt: id, reason: 'link' };
      if (hashEntry(previousHash, entry) !== hash) {
        return { ok: false, entries: count, brokenAt: id, reason: 'content' };
      }
      expected = hash;
      count += 1;
      after = id;
    }
  }
}

const secretName =
  /secret|password|passwd|token|private_?key|api_?(?:v\d_?)?key|signing_?key|auth_?code|credential/i;

/** Audit says that something changed, never a secret itself. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value instanceof Date) return value.toISOString();
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretName.test(key) && inner !== null && typeof inner !== 'boolean' ? '***' : withoutSecrets(inner),
    ]),
  );
}
