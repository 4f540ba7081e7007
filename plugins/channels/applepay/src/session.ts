import {
  type ChannelContext,
  type HttpAnswer,
  sendOnce,
  type WalletSession,
} from '@hospital-pay/payments/contract';
import { maskedText, pem, readJson } from '@hospital-pay/wallets';
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
  const answer = await sendOnce({
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/json' },
    body,
    timeoutMs: context.timeoutMs,
    maxBytes: largestAnswer,
    tls: {
      cert: pem(settings.identityCertificate),
      key: pem(settings.identityKey),
      ...(settings.sessionAuthority === undefined ? {} : { ca: pem(settings.sessionAuthority) }),
    },
  });
  const text = answer.kind === 'answer' ? answer.body.toString('utf8') : '';
  const result = read(answer, text);
  context.record({
    method: 'wallet_session',
    url: url.href,
    request: body,
    // Whoever holds a session can show a sheet in our name.
    response: result.kind === 'opened' ? '{"session":"***"}' : maskedText(text, {}),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
    ...(result.kind === 'refused' ? { errorCode: result.code, errorMessage: result.message } : {}),
  });
  return result;
}

function read(answer: HttpAnswer, text: string): WalletSession {
  if (answer.kind === 'none') return { kind: 'refused', code: answer.code, message: answer.cause };
  const session = z.record(z.string(), z.unknown()).safeParse(readJson(text));
  return answer.status === 200 && session.success
    ? { kind: 'opened', session: session.data }
    : { kind: 'refused', code: `HTTP_${answer.status}`, message: 'no session' };
}
