import { createHash } from 'node:crypto';
import type { Bilingual } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { ChannelManifest, ErrorExplanation } from './contract';
import { kindOf, type Retry, retries } from './error-kinds';
import { columnOf, completeRow, fromRow, toColumns } from './rows';

/** What is known of one code of a channel: what it means, why, what to do, whether to try again. */
export interface KnownError {
  meaning: Bilingual;
  cause: Bilingual;
  advice: Bilingual;
  retry: Retry;
}

export interface ErrorKnowledge {
  /** As the administration has it; undefined for a code that nobody has explained. */
  explain(channel: string, code: string): KnownError | undefined;
  /** Writes what the channels' manifests know and the table does not; what somebody has changed stays. */
  seed(): Promise<void>;
}

const text = z
  .string()
  .nullable()
  .transform((value) => value ?? '');
const rowSchema = z.object({
  channel: z.string(),
  code: z.string(),
  meaning: text,
  meaningEn: text,
  cause: text,
  causeEn: text,
  advice: text,
  adviceEn: text,
  retry: z.enum(retries),
});
type Row = z.output<typeof rowSchema>;
const storedSchema = rowSchema.extend({ seedHash: z.string().nullable() });

/** Changes made by people are seen everywhere after this. */
const knownForMs = 5000;
const rowsAtOnce = 50;

/** The words of a row, by which it is seen whether somebody has changed it since it was written. */
const hashOf = ({ meaning, meaningEn, cause, causeEn, advice, adviceEn, retry }: Row): string =>
  createHash('sha256')
    .update(JSON.stringify([meaning, meaningEn, cause, causeEn, advice, adviceEn, retry]))
    .digest('hex');

function rowOf(channel: string, code: string, explanation: ErrorExplanation): Row {
  const kind = kindOf(code, explanation);
  const advice = explanation.advice ?? kind.advice;
  return {
    channel,
    code,
    meaning: explanation.zh,
    meaningEn: explanation.en,
    cause: kind.cause.zh,
    causeEn: kind.cause.en,
    advice: advice.zh,
    adviceEn: advice.en,
    retry: kind.retry,
  };
}

/** The error tables of the channels' manifests, as rows. */
export const seededErrors = (manifests: Iterable<ChannelManifest>): Row[] =>
  [...manifests].flatMap(({ code: channel, errors }) =>
    Object.entries(errors).map(([code, explanation]) => rowOf(channel, code, explanation)),
  );

export function createErrorKnowledge(options: {
  db: Knex;
  clock: Clock;
  manifests(): ReadonlyMap<string, ChannelManifest>;
  log: { error(text: string): void };
}): ErrorKnowledge {
  const { db, clock } = options;
  let known = new Map<string, KnownError>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const columns = Object.keys(rowSchema.shape).map(columnOf);
    const rows: object[] = await db('error_knowledges').select(columns);
    const fresh = new Map<string, KnownError>();
    for (const each of rows) {
      const row = rowSchema.parse(fromRow({ ...each }));
      fresh.set(`${row.channel} ${row.code}`, {
        meaning: { zh: row.meaning, en: row.meaningEn || row.meaning },
        cause: { zh: row.cause, en: row.causeEn || row.cause },
        advice: { zh: row.advice, en: row.adviceEn || row.advice },
        retry: row.retry,
      });
    }
    known = fresh;
  }

  /** Nobody waits for it: the next one to ask sees what it brings. */
  function refresh(): void {
    if (reading !== undefined || performance.now() - readAt < knownForMs) return;
    readAt = performance.now();
    reading = read()
      .catch((error: unknown) =>
        options.log.error(`error knowledge: ${error instanceof Error ? error.message : error}`),
      )
      .finally(() => {
        reading = undefined;
      });
  }

  return {
    explain(channel, code) {
      refresh();
      return known.get(`${channel} ${code}`);
    },
    async seed() {
      const now = clock.now();
      const rows: object[] = await db('error_knowledges').select([
        ...Object.keys(rowSchema.shape).map(columnOf),
        'seed_hash',
      ]);
      const present = new Map(
        rows.map((each) => {
          const row = storedSchema.parse(fromRow({ ...each }));
          return [`${row.channel} ${row.code}`, row];
        }),
      );
      const missing: Row[] = [];
      for (const row of seededErrors(options.manifests().values())) {
        const stored = present.get(`${row.channel} ${row.code}`);
        if (stored === undefined) missing.push(row);
        else if (stored.seedHash === hashOf(stored) && stored.seedHash !== hashOf(row)) {
          await db('error_knowledges')
            .where({ channel: row.channel, code: row.code, seed_hash: stored.seedHash })
            .update(toColumns(db, { ...row, seedHash: hashOf(row), updatedAt: now }));
        }
      }
      for (let start = 0; start < missing.length; start += rowsAtOnce) {
        const part = missing.slice(start, start + rowsAtOnce);
        await db('error_knowledges')
          .insert(part.map((row) => completeRow(db, { ...row, seedHash: hashOf(row) }, now)))
          .onConflict(['channel', 'code'])
          .ignore();
      }
      await read();
      readAt = performance.now();
    },
  };
}
