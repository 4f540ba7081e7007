import { once } from 'node:events';
import { createServer } from 'node:http';
import type {
  Bill,
  BillLine,
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  ChannelManifest,
  NotificationReading,
  PaymentReference,
  PayRequest,
  RawNotification,
  RefundRequest,
  Scene,
} from '@hospital-pay/payments/contract';
import {
  channelConfigs,
  createSandbox,
  type GatewayName,
  type Sandbox,
  type SandboxCredentials,
} from '@hospital-pay/sandbox';
import { keptCredentials } from '../harness/kept';

/** A channel's driver at a counter of its own: a real gateway in front, and an address that its notifications reach. */
export interface Counter {
  sandbox: Sandbox;
  credentials: SandboxCredentials;
  driver(changes?: ChannelConfig, timeoutMs?: number): ChannelDriver;
  request(scene: Scene, amount: number, more?: Partial<PayRequest>): PayRequest;
  /** What came in, as it came, and how the driver read it. */
  received: { raw: RawNotification; reading: NotificationReading }[];
  /** Every call the driver recorded, as text: what must not hold a secret. */
  calls: CallRecord[];
  notifyUrl: string;
  close(): Promise<void>;
}

export async function openCounter(manifest: ChannelManifest, name: GatewayName): Promise<Counter> {
  const credentials = keptCredentials();
  const sandbox = createSandbox({ credentials, notifyRetryScale: 0, refundSettleMs: 1, billsForToday: true });
  const gateway = await sandbox.listen();
  const received: Counter['received'] = [];
  const calls: CallRecord[] = [];
  let serial = 0;

  const listener = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const raw = { headers: {}, body: Buffer.concat(chunks) };
    const reading = await counter.driver().readNotification?.(raw);
    if (reading === undefined) return void response.writeHead(404).end();
    received.push({ raw, reading });
    const answer = reading.kind === 'rejected' ? reading.answer : reading.accepted;
    response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');

  const notifyUrl = `http://127.0.0.1:${address.port}/api/notify/A1`;
  const counter: Counter = {
    sandbox,
    notifyUrl,
    credentials,
    received,
    calls,
    driver: (changes = {}, timeoutMs = 3_000) =>
      manifest.connect(
        { ...channelConfigs(credentials, gateway.baseUrl)[name], ...changes },
        {
          now: () => new Date(sandbox.clock.now()),
          notifyUrl,
          timeoutMs,
          record: (call) => void calls.push(call),
        },
      ),
    request(scene, amount, more = {}) {
      serial += 1;
      const now = sandbox.clock.now();
      return {
        attemptNo: `${new Date(now).toISOString().replace(/\D/g, '')}${String(serial).padStart(7, '0')}`,
        scene,
        amount,
        currency: 'CNY',
        subject: '门诊缴费',
        createdAt: new Date(now),
        expiresAt: new Date(now + 900_000),
        ...(scene === 'micropay' ? { authCode: sandbox.patient.issueCode(name) } : {}),
        ...more,
      };
    },
    async close() {
      listener.closeAllConnections();
      listener.close();
      await gateway.close();
      sandbox.destroy();
    },
  };
  return counter;
}

export const referenceOf = (request: PayRequest, channelNo?: string): PaymentReference => ({
  attemptNo: request.attemptNo,
  scene: request.scene,
  amount: request.amount,
  currency: request.currency,
  createdAt: request.createdAt ?? new Date(),
  expiresAt: request.expiresAt,
  ...(channelNo === undefined ? {} : { channelNo }),
});

export const refundOf = (payment: PaymentReference, amount: number, count = 1): RefundRequest => ({
  refundNo: `${payment.attemptNo}R${String(count).padStart(2, '0')}`,
  amount,
  reason: '退号',
  requestedAt: new Date(payment.createdAt.getTime() + 1000),
  payment,
});

export async function linesOf(bill: Bill | undefined): Promise<BillLine[]> {
  if (bill?.kind !== 'ready') throw new Error(`the bill is ${bill?.kind ?? 'not offered'}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

export const chinaDay = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10);
