import { createServer, type Server } from 'node:http';
import type {
  Bill,
  BillLine,
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  ChannelManifest,
  PaymentReference,
  PayRequest,
  RawNotification,
} from '@hospital-pay/payments/contract';
import {
  channelConfigs,
  createSandbox,
  type GatewayName,
  generateCredentials,
  type Sandbox,
} from '@hospital-pay/sandbox';

/** A channel's driver in front of its gateway, without the platform: what it says is seen as it is. */
export interface Desk {
  sandbox: Sandbox;
  credentials: ReturnType<typeof generateCredentials>;
  notifyUrl: string;
  records: CallRecord[];
  received: RawNotification[];
  config: ChannelConfig;
  connect(changes?: ChannelConfig, timeoutMs?: number): ChannelDriver;
  order(amount: number, changes?: Partial<PayRequest>): PayRequest & PaymentReference;
  close(): Promise<void>;
}

let next = 0;

export async function openDesk(
  manifest: ChannelManifest,
  gateway: GatewayName,
  at: { now(): Date } = { now: () => new Date() },
  choices: Parameters<typeof generateCredentials>[0] = {},
): Promise<Desk> {
  const credentials = generateCredentials(choices);
  const sandbox = createSandbox({
    credentials,
    notifyRetryScale: 0.0001,
    refundSettleMs: 0,
    clock: { now: () => at.now().getTime() },
  });
  const served = await sandbox.listen();
  const received: RawNotification[] = [];
  const inbox = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      received.push({ headers, body: Buffer.concat(chunks) });
      response.end('OK');
    });
  });
  const notifyUrl = `${await listen(inbox)}/api/notify/A1`;
  const config: ChannelConfig = { ...channelConfigs(credentials, served.baseUrl)[gateway] };
  const records: CallRecord[] = [];
  return {
    sandbox,
    credentials,
    notifyUrl,
    records,
    received,
    config,
    connect: (changes = {}, timeoutMs = 3000) =>
      manifest.connect(
        { ...config, ...changes },
        { now: at.now, notifyUrl, timeoutMs, record: (call) => records.push(call) },
      ),
    order: (amount, changes = {}) => ({
      attemptNo: `J${Date.now()}${++next}`,
      scene: 'native',
      amount,
      currency: manifest.currency,
      subject: '外来診療費 患者 山田',
      expiresAt: new Date(at.now().getTime() + 300_000),
      createdAt: at.now(),
      ...changes,
    }),
    async close() {
      sandbox.destroy();
      inbox.closeAllConnections();
      inbox.close();
      await served.close();
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

export async function linesOf(bill: Bill): Promise<BillLine[]> {
  if (bill.kind !== 'ready') throw new Error(`the bill is ${bill.kind}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}
