import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { type ApplepayCredentials, merchantMark } from './credentials';

const asked = z.object({
  merchantIdentifier: z.string(),
  displayName: z.string().min(1),
  initiative: z.literal('web'),
  initiativeContext: z.string(),
});

export const sessionPath = '/paymentservices/paymentSession';

/** A merchant session for one of these merchants, good for five minutes; undefined for anybody else. */
export function sessionFor(
  merchants: readonly ApplepayCredentials[],
  body: string,
  now: number,
): { merchant: ApplepayCredentials; session: Record<string, unknown> } | undefined {
  const read = asked.safeParse(readJson(body));
  if (!read.success) return undefined;
  const { merchantIdentifier, displayName, initiativeContext } = read.data;
  const merchant = merchants.find(
    (one) => one.merchantIdentifier === merchantIdentifier && one.domain === initiativeContext,
  );
  if (merchant === undefined) return undefined;
  const session = {
    epochTimestamp: now,
    expiresAt: now + 300_000,
    merchantSessionIdentifier: `SSH${randomBytes(32).toString('hex').toUpperCase()}`,
    nonce: randomBytes(4).toString('hex'),
    merchantIdentifier,
    domainName: initiativeContext,
    displayName,
    signature: randomBytes(64).toString('hex'),
    operationalAnalyticsIdentifier: `${displayName}:${merchantIdentifier}`,
    retries: 0,
    pspId: merchantIdentifier,
  };
  return { merchant, session };
}

/** The session gateway as it stands at Apple: nobody comes in without a merchant identity certificate (mutual TLS). */
export async function listenForSessions(
  own: ApplepayCredentials,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(
    {
      cert: own.gatewayCertificate,
      key: own.gatewayKey,
      ca: [own.rootCertificate, own.intermediateCertificate],
      requestCert: true,
      rejectUnauthorized: true,
    },
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const body = Buffer.concat(chunks).toString('utf8');
      const opened = request.url === sessionPath ? sessionFor([own], body, Date.now()) : undefined;
      const certificate =
        request.socket instanceof TLSSocket ? request.socket.getPeerCertificate().raw : null;
      const fits = opened && certificate?.includes(merchantMark(opened.merchant.merchantIdentifier));
      response.writeHead(fits ? 200 : 417, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(fits ? opened.session : { statusCode: '417' }));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `https://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
