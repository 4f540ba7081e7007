import { z } from 'zod';
import { asFailure, Failure, readFailure, unreachable, unreadable } from './failure';
import { forgetTokens, readTokens, type Tokens, writeTokens } from './session';

const refreshed = z.object({ accessToken: z.string(), refreshToken: z.string() });

let refreshing: Promise<boolean> | undefined;

/** One refresh at a time, in this tab and across tabs: a refresh token works once. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= locked(exchange).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function locked(work: () => Promise<boolean>): Promise<boolean> {
  // Web locks need a secure context, and a hospital's plain-http intranet is none.
  return 'locks' in navigator ? navigator.locks.request('hospital-pay.refresh', work) : leased(work);
}

const leaseKey = 'hospital-pay.refreshing';
const leaseMs = 8000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One tab at a time by a mark in storage; the mark of a tab that died runs out. */
async function leased(work: () => Promise<boolean>): Promise<boolean> {
  const mine = `${Math.random().toString(36).slice(2)}`;
  for (;;) {
    const until = Number(localStorage.getItem(leaseKey)?.split(':')[1] ?? 0);
    if (until < Date.now()) {
      const mark = `${mine}:${Date.now() + leaseMs}`;
      localStorage.setItem(leaseKey, mark);
      // Another tab may have written in the same moment: whoever's mark stays has the lease.
      await pause(25);
      if (localStorage.getItem(leaseKey) === mark) break;
    }
    await pause(50);
  }
  try {
    return await work();
  } finally {
    localStorage.removeItem(leaseKey);
  }
}

let lastUsed: string | undefined;

async function exchange(): Promise<boolean> {
  const held = readTokens();
  if (!held) return false;
  if (lastUsed !== undefined && held.accessToken !== lastUsed) return true;
  const response = await fetch(new URL('/api/access/refresh', window.location.origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ refreshToken: held.refreshToken }),
  }).catch(() => undefined);
  if (!response) throw unreachable();
  const parsed = refreshed.safeParse(response.ok ? await response.json().catch(() => undefined) : undefined);
  if (parsed.success) {
    writeTokens(parsed.data);
    return true;
  }
  if (response.status >= 500) throw await readFailure(response);
  const now = readTokens();
  if (now && now.refreshToken !== held.refreshToken) return true;
  forgetTokens();
  return false;
}

function withToken(request: Request, held: Tokens | undefined): Request {
  const headers = new Headers(request.headers);
  if (held) headers.set('Authorization', `Bearer ${held.accessToken}`);
  return new Request(request, { headers });
}

/** @throws Failure when nothing answers; what aborted it as it is */
const send = (request: Request): Promise<Response> =>
  fetch(request).catch((error: unknown) => {
    throw error instanceof TypeError ? unreachable() : error;
  });

/** `fetch` as the signed-in account: renews the access token once when the server says it has expired. */
export async function sessionFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const again = request.clone();
  const held = readTokens();
  const response = await send(withToken(request, held));
  if (response.status !== 401 || !held) return response;
  lastUsed = held.accessToken;
  if (!(await refreshSession())) {
    signalSignedOut();
    return response;
  }
  return send(withToken(again, readTokens()));
}

const signedOutListeners = new Set<() => void>();
function signalSignedOut(): void {
  for (const listener of signedOutListeners) listener();
}
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  query?: Record<string, string | number | boolean | undefined | null>;
  signal?: AbortSignal;
}

/**
 * Calls our API and reads the answer by its schema.
 * @throws Failure always, whatever went wrong, except when `signal` aborted it.
 */
export async function call<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { method = 'GET', body, query = {}, signal }: CallOptions = {},
): Promise<z.output<Schema>> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const url = new URL(`/api${path}${search.size > 0 ? `?${search}` : ''}`, window.location.origin);
  let response: Response;
  try {
    response = await sessionFetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw error instanceof Failure ? error : unreachable();
  }
  if (!response.ok) throw await readFailure(response);
  const answer: unknown = response.status === 204 ? null : await response.json().catch(() => undefined);
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw unreadable(path);
  return parsed.data;
}

/** What any failed call is shown as. */
export const failureOf = asFailure;
