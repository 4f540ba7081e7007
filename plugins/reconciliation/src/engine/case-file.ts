import { type FileHandle, open } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import type { DayCase } from '../write-back';

const piece = z.array(z.custom<DayCase>());
const lengthBytes = 4;

/** Puts one piece behind the others; each follows its length. */
export async function putCases(file: FileHandle, cases: DayCase[]): Promise<void> {
  const bytes = serialize(cases);
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(bytes.length);
  await file.writev([length, bytes]);
}

/** The pieces of a file in the order in which they were put. */
export async function* casesIn(path: string): AsyncGenerator<DayCase[]> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(lengthBytes);
    while ((await file.read(length)).bytesRead === lengthBytes) {
      const { buffer } = await file.read(Buffer.alloc(length.readUInt32LE()));
      yield piece.parse(deserialize(buffer));
    }
  } finally {
    await file.close();
  }
}
