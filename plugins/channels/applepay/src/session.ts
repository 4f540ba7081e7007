import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ChannelContext, WalletSession } from '@hospital-pay/payments/contract';
import { pem, readJson } from '@hospital-pay/wallets';
import { z } from 'zod';
import type { ApplePaySettings } from './config';

/** Hosts that Apple publishes for merchant sessions. */
const appleHost = /^(?:cn-)?apple-pay-gateway(?:-[0-9a-z-]+)?\.apple\.com$/;
const path = '/paymentservices/paymentSession';
const largestAnswer = 256 * 1024;

/**
 * Where the session is asked for. The page hands on what the device named; nothing but Apple's hosts (or the one in the
 * account) is ever called, or the page could make us call anybody.
 */
export function sessionAddress(validationUrl: string, sessionUrl: string): URL | undefined {
  if (!URL.canParse(validationUrl)) return undefined;
  const named = new URL(validationUrl);
  if (named.origin === new URL(sessionUrl).origin) return new URL(sessionUrl + path);
  const isApple = named.protocol === 'https:' && named.port === '' && appleHost.test(named.hostname);
  return isApple ? new URL(path, named.origin) : undefined;
}

/** Asks Apple whom the sheet shows as payee, proving who we are by the merchant identity certificate (mutual TLS). */
export async function openSession(
  settings: ApplePaySettings,
  context: ChannelContext,
  asked: { validationUrl: string; domain: string },
): Promise<WalletSession> {
  const url = sessionAddress(asked.validationUrl, settings.sessionUrl);
  if (url === undefined)
    return { kind: 'refused', code: 'SESSION_HOST', message: 'the validation address is none of Apple’s' };
  if (asked.domain !== settings.domain)
    return { kind: 'refused', code: 'SESSION_DOMAIN', message: `${asked.domain} is not the verified domain` };
  const body = JSON.stringify({
    merchantIdentifier: settings.merchantIdentifier,
    displayName: settings.displayName,
    initiative: 'web',
    initiativeContext: settings.domain,
  });
  const startedAt = context.now();
  const started = performance.now();
  const answer = await post(url, body, settings, context.timeoutMs);
  const session = z.record(z.string(), z.unknown()).safeParse(readJson(answer.text));
  const result: WalletSession =
    answer.status === 200 && session.success
      ? { kind: 'opened', session: session.data }
      : {
          kind: 'refused',
          code: answer.code ?? `HTTP_${answer.status}`,
          message: answer.cause ?? 'no session',
        };
  context.record({
    method: 'wallet_session',
    url: url.href,
    request: body,
    // Whoever holds a session can show a sheet in our name.
    response: result.kind === 'opened' ? '{"session":"***"}' : answer.text.slice(0, 500),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    ...(answer.status === undefined ? {} : { httpStatus: answer.status }),
    ...(result.kind === 'refused' ? { errorCode: result.code, errorMessage: result.message } : {}),
  });
  return result;
}

interface Posted {
  status?: number;
  text: string;
  code?: string;
  cause?: string;
}

function post(url: URL, body: string, settings: ApplePaySettings, timeoutMs: number): Promise<Posted> {
  const secure = url.protocol === 'https:';
  const identity = {
    cert: pem(settings.identityCertificate),
    key: pem(settings.identityKey),
    agent: false as const,
    ...(settings.sessionAuthority === undefined ? {} : { ca: pem(settings.sessionAuthority) }),
  };
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error) =>
      resolve({
        text: '',
        code: limit.aborted ? 'TIMEOUT' : 'NETWORK',
        cause: limit.aborted ? `no answer within ${timeoutMs} ms` : error.message,
      });
    const start = secure ? httpsRequest : httpRequest;
    const call = start(
      url,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal: limit,
        ...(secure ? identity : {}),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > largestAnswer) call.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        answer.on('error', fail);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    call.on('error', fail);
    call.end(body);
  });
}
