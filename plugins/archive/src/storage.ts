import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Where files lie for good. Names are relative paths. What has been kept under a name is never replaced; DuckDB reads
 * files of this machine only, so whatever is asked for is brought here first.
 */
export interface ArchiveStorage {
  /** Keeps these bytes under this name. @throws TakenByOther */
  keep(name: string, bytes: Buffer): Promise<void>;
  /** A file of this machine with what is kept under this name. */
  find(name: string): Promise<string | undefined>;
  /** Where a file of this name is to be written on this machine before it is published. */
  place(name: string): string;
  /** Keeps the file written at `place(name)`; when there is one already, the first one stays. */
  publish(name: string): Promise<void>;
}

/** A folder, which several hosts may share. */
export function folderStorage(folder: string): ArchiveStorage {
  const place = (name: string): string => path.join(folder, name);
  return {
    place,
    async keep(name, bytes) {
      if (await writeNew(place(name), bytes)) return;
      if (!(await readFile(place(name))).equals(bytes)) throw new TakenByOther(name);
    },
    find: async (name) => (existsSync(place(name)) ? place(name) : undefined),
    publish: () => Promise.resolve(),
  };
}

/** Other bytes have this name already. */
export class TakenByOther extends Error {
  override readonly name = 'TakenByOther';
  constructor(file: string) {
    super(`${file} is archived with other contents`);
  }
}

/**
 * Under a temporary name, on disk, then linked: a reader sees the whole file or none, and a link never replaces.
 * False when the name is taken.
 */
export async function writeNew(file: string, bytes: Buffer): Promise<boolean> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  const temporary = `${file}.${randomBytes(4).toString('hex')}.part`;
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
  } catch (error) {
    // By its code alone: the Error class may be another realm's.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST')
      return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return true;
}
