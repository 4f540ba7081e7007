import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { standing } from '../messages';

const entry = z.object({
  no: z.string(),
  kind: z.enum(['payment', 'refund']),
  paidNo: z.string(),
  amountFen: z.number().int(),
  begunAt: z.string(),
  standing,
  /** Told to the platform, which has said that it heard. */
  told: z.boolean(),
});
export type Entry = z.infer<typeof entry>;

export interface Journal {
  find(no: string): Entry | undefined;
  /** What stands to be learnt or told. */
  unfinished(): Entry[];
  /** The last transaction that the terminal approved, as `batch voucher`. */
  lastVoucher(): string | undefined;
  /** On the disk when it returns. @throws Error when it cannot be written: then nothing may be sent to the terminal */
  write(entry: Entry): void;
  close(): void;
}

/** Every transaction of one terminal, in a file that only grows; the last line about a number counts. */
export function openJournal(file: string): Journal {
  mkdirSync(path.dirname(file), { recursive: true });
  const entries = new Map<string, Entry>();
  let lastVoucher: string | undefined;
  const learn = (known: Entry): void => {
    entries.set(known.no, known);
    if (known.standing.state === 'approved')
      lastVoucher = `${known.standing.batch} ${known.standing.voucher}`;
  };
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const line of before.split('\n')) {
    const known = readLine(line);
    if (known) learn(known);
  }
  const handle = openSync(file, 'a', 0o600);
  if (before !== '' && !before.endsWith('\n')) writeSync(handle, '\n');
  return {
    find: (no) => entries.get(no),
    unfinished: () =>
      [...entries.values()].filter(
        ({ standing: { state }, told }) => state === 'waiting' || state === 'unknown' || !told,
      ),
    lastVoucher: () => lastVoucher,
    write(changed) {
      writeSync(handle, `${JSON.stringify(changed)}\n`);
      fsyncSync(handle);
      learn(changed);
    },
    close: () => closeSync(handle),
  };
}

/** A line that a power cut left unfinished was never acted upon. */
function readLine(line: string): Entry | undefined {
  if (!line.endsWith('}')) return undefined;
  return entry.parse(JSON.parse(line));
}
