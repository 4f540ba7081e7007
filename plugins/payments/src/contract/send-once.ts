import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpQuestion {
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  timeoutMs: number;
  maxBytes?: number;
  /** Who we are, where the other side demands a certificate, and whose certificates it may have. */
  tls?: { cert: string; key: string; ca?: string };
}

export type HttpAnswer =
  | { kind: 'answer'; status: number; headers: IncomingHttpHeaders; body: Buffer }
  | { kind: 'none'; code: 'TIMEOUT' | 'NETWORK' | 'TOO_LARGE'; cause: string };

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message;

/**
 * One HTTP request, sent once and never again by itself (a payment whose answer was lost must not be asked for
 * twice), limited in time from the first byte to the last and in size. Redirects are answers like any other.
 */
export function sendOnce(question: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(question.timeoutMs);
    const fail = (error: Error) =>
      resolve(
        limit.aborted
          ? { kind: 'none', code: 'TIMEOUT', cause: `no answer within ${question.timeoutMs} ms` }
          : { kind: 'none', code: 'NETWORK', cause: `connection failed: ${codeOf(error)}` },
      );
    const start = question.url.startsWith('https:') ? httpsRequest : httpRequest;
    const body = Buffer.from(question.body ?? '');
    const headers = { ...question.headers, ...(body.length > 0 ? { 'content-length': body.length } : {}) };
    const { method, tls } = question;
    // A client certificate belongs to one merchant: its connections are not shared with another's.
    const identity = tls ? { ...tls, agent: false as const } : {};
    const call = start(question.url, { method, headers, signal: limit, ...identity }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size <= (question.maxBytes ?? 4 * 1024 * 1024)) return;
        resolve({ kind: 'none', code: 'TOO_LARGE', cause: `the answer is larger than ${size - 1} bytes` });
        call.destroy();
      });
      answer.on('error', fail);
      answer.on('end', () =>
        resolve({
          kind: 'answer',
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    call.on('error', fail);
    call.end(body);
  });
}
