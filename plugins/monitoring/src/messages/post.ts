import http from 'node:http';
import https from 'node:https';
import { BlockedAddress, type Guard } from './guard';

export interface HttpCall {
  method: 'POST' | 'PUT' | 'GET';
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

/**
 * How a try ended. `unknown`: it may have arrived; `retry`: it did not, and may the next time; `refused`: it never will.
 */
export type SendOutcome = { kind: 'delivered' } | { kind: 'refused' | 'retry' | 'unknown'; error: string };

/** Why a try failed, without its message, which may quote an address or a header with a secret in it. */
export const reasonOf = (error: unknown): string => {
  const { code, name = 'unknown' }: { code?: unknown; name?: unknown } = Object(error);
  return String(code ?? name);
};

export const answerLimitMs = 10_000;
const mostBytes = 64 * 1024;

/** One call, no redirects, cut off after the time limit; `read` says what an answer of a working server means. */
export async function post(
  call: HttpCall,
  guard: Guard,
  read: (answer: HttpAnswer) => SendOutcome,
  limitMs = answerLimitMs,
): Promise<SendOutcome> {
  let url: URL;
  try {
    url = new URL(call.url);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError(url.protocol);
    guard.checkHost(url.hostname);
  } catch (error) {
    return {
      kind: 'refused',
      error: error instanceof BlockedAddress ? error.message : 'not an http address',
    };
  }
  const answer = await exchange(call, url, guard, limitMs);
  if ('kind' in answer) return answer;
  if (answer.status === 429) return { kind: 'retry', error: 'HTTP 429' };
  if (answer.status >= 500) return { kind: 'unknown', error: `HTTP ${answer.status}` };
  if (answer.status >= 300)
    return { kind: 'refused', error: `HTTP ${answer.status} ${answer.body.slice(0, 200)}` };
  return read(answer);
}

function exchange(
  call: HttpCall,
  url: URL,
  guard: Guard,
  limitMs: number,
): Promise<HttpAnswer | SendOutcome> {
  const { method, headers, body } = call;
  const send = url.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve) => {
    let isConnected = false;
    const request = send(
      url,
      {
        method,
        headers: { ...headers, ...(method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) }) },
        lookup: guard.lookup,
        signal: AbortSignal.timeout(limitMs),
      },
      (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size <= mostBytes) pieces.push(piece);
          else response.destroy();
        });
        response.on('error', failed);
        response.on('close', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }),
        );
      },
    );
    const failed = (error: Error) => {
      const why = reasonOf(error);
      if (error instanceof BlockedAddress) resolve({ kind: 'refused', error: error.message });
      else resolve({ kind: isConnected ? 'unknown' : 'retry', error: why === 'ABORT_ERR' ? 'TIMEOUT' : why });
    };
    request.on('socket', (socket) => socket.once('connect', () => (isConnected = true)));
    request.on('error', failed);
    request.end(method === 'GET' ? undefined : body);
  });
}
