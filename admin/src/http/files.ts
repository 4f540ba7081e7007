import type { z } from 'zod';
import { sessionFetch } from './client';
import { asFailure, readFailure, unreachable, unreadable } from './failure';

type Query = Record<string, string | undefined>;

function addressOf(path: string, query: Query): URL {
  const url = new URL(`/api${path}`, window.location.origin);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
}

/** Sends a file as it is. @throws Failure */
export async function sendFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { query = {}, file }: { query?: Query; file: Blob },
): Promise<z.output<Schema>> {
  const response = await sessionFetch(addressOf(path, query), {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/octet-stream' },
    body: await file.arrayBuffer(),
  }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await readFailure(response);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw unreadable(path);
  return parsed.data;
}

/** Fetches a file as the signed-in account and hands it to the browser to keep. @throws Failure */
export async function fetchFile(path: string, query: Query, fileName: string): Promise<void> {
  const response = await sessionFetch(addressOf(path, query)).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await readFailure(response);
  const file = await response.blob().catch((error: unknown) => {
    throw asFailure(error);
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = fileName;
  link.click();
  // The browser has to have begun before the file may go.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
