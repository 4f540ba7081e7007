import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ChannelDriver, RawNotification } from '@hospital-pay/payments/contract';

/** Where notifications arrive: kept as they came and answered as the driver says. */
export interface Inbox {
  url: string;
  received: RawNotification[];
  /** The driver that answers them. */
  reader: ChannelDriver | undefined;
  next(count: number): Promise<RawNotification>;
  stop(): Promise<void>;
}

export async function openInbox(): Promise<Inbox> {
  const received: RawNotification[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const raw = { headers, body: Buffer.concat(chunks) };
      received.push(raw);
      const reading = await inbox.reader?.readNotification?.(raw);
      if (reading === undefined) return response.writeHead(500).end();
      const { status, contentType, body } = reading.kind === 'rejected' ? reading.answer : reading.accepted;
      return response.writeHead(status, { 'Content-Type': contentType }).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const inbox: Inbox = {
    url: `http://127.0.0.1:${address.port}/notify`,
    received,
    reader: undefined,
    async next(count) {
      const end = Date.now() + 5_000;
      while (received.length < count && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const raw = received[count - 1];
      if (raw === undefined) throw new Error(`${count} notifications were expected, ${received.length} came`);
      return raw;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return inbox;
}
