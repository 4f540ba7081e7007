import type {
  ChannelConfig,
  ChannelSimulator,
  ChannelUnderTest,
  PayerAction,
} from '@hospital-pay/payments/contract';
import {
  channelConfigs,
  createSandbox,
  type GatewayName,
  gatewayNames,
  type Sandbox,
} from '@hospital-pay/sandbox';
import { keptCredentials } from '../../harness/kept';

type Fee = Awaited<ReturnType<NonNullable<ChannelSimulator['fee']>>>;

const fateOf = (fate: 'pays' | 'waits') => (fate === 'pays' ? 'pays' : 'paying_for_ever');

/** Our sandbox as the gateway of one channel. */
export async function startSandboxed(
  code: string,
  notifyUrl: string,
  prepare: ChannelUnderTest['prepare'],
): Promise<ChannelSimulator> {
  const name = gatewayNames.find((known) => known === code);
  if (name === undefined) throw new Error(`${code} has neither a gateway in the sandbox nor a simulator`);
  const credentials = keptCredentials();
  const sandbox = createSandbox({ credentials, notifyRetryScale: 0, refundSettleMs: 1, billsForToday: true });
  const served = await sandbox.listen();
  const config: ChannelConfig = { ...channelConfigs(credentials, served.baseUrl)[name] };
  await prepare?.({ baseUrl: served.baseUrl, notifyUrl, config });
  const gateway: {
    billFile?(merchant: string, day: string): Buffer;
    token?: ChannelSimulator['token'];
    fee?(wish: {
      insuredFen: number;
      cashFen: number;
      fate: 'pays' | 'paying_for_ever';
      patientName: string;
    }): Fee | Promise<Fee>;
  } = sandbox.gateways[name];
  return {
    config,
    paymentCode: (fate) => sandbox.patient.issueCode(name, fateOf(fate)),
    ...(gateway.token ? { token: gateway.token } : {}),
    fee: async (insuredFen, fate, patientName) => {
      if (!gateway.fee) throw new Error(`${code} has no fees`);
      return gateway.fee({ insuredFen, cashFen: 321, fate: fateOf(fate), patientName });
    },
    async pay(request, action) {
      const reference = await opened(sandbox, name, action);
      await sandbox.patient.pay(name, reference ?? request.attemptNo);
    },
    fault(operation, scene, kind) {
      const asked = operation === 'pay' && scene !== 'micropay' ? 'create' : operation;
      const { id } = sandbox.faults.add({ channel: name, operation: asked, kind });
      return () => !sandbox.faults.remove(id);
    },
    payments: () =>
      sandbox.ledger.payments({ gateway: name }).map((payment) => ({
        attemptNo: payment.outTradeNo,
        amount: payment.amountFen,
        paid: payment.paidAt !== null,
        ...(payment.state === 'reversed' ||
        sandbox.ledger.refundsOf(payment).some(({ kind }) => kind === 'reversal')
          ? { reversed: true }
          : {}),
        refunds: sandbox.ledger
          .refundsOf(payment)
          .filter(({ kind }) => kind === 'refund')
          .map(({ refundNo, amountFen }) => ({ refundNo, amount: amountFen })),
      })),
    billFile(day) {
      const merchant = sandbox.ledger.payments({ gateway: name })[0]?.merchant ?? '';
      return gateway.billFile?.(merchant, day) ?? Buffer.alloc(0);
    },
    async repeatNotification(attemptNo) {
      await sandbox.notifications.settled();
      await sandbox.notifications.resend(attemptNo);
    },
    async stop() {
      await served.close();
      sandbox.destroy();
    },
  };
}

/** What the phone makes of what it was given: a QR it reads, a page it opens, parameters its wallet takes. */
async function opened(
  sandbox: Sandbox,
  name: GatewayName,
  action: PayerAction | undefined,
): Promise<string | undefined> {
  const knows = (text: string) => sandbox.patient.find(name, text) !== null;
  switch (action?.kind) {
    case 'qr':
      return knows(action.text) ? action.text : undefined;
    case 'redirect':
      if (action.url.startsWith('http')) await fetch(action.url, { redirect: 'follow' });
      return knows(action.url) ? action.url : undefined;
    case 'client':
      return Object.values(action.parameters).find(knows);
    case undefined:
      return undefined;
    default: {
      const never: never = action;
      return never;
    }
  }
}
