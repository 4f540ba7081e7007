import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import {
  demoCredentials,
  type Sandbox,
  type SandboxCredentials,
  type SeedPayment,
} from '@hospital-pay/sandbox';
import type { Core } from '@strapi/strapi';
import { accountCodeOf, type Branch, branches } from './hospital';
import type { LedgerSeed } from './rows';

/** The western branch has merchant numbers of its own: two branches on one number would share one bill. */
const westIdentity = {
  alipay: { appId: '2021000122600202', sellerId: '2088102176283202' },
  wechat: { mchid: '1900006892', appid: 'wx5edab3bdfba3dc1d' },
};

export const sandboxFolder = (strapi: Core.Strapi): string =>
  process.env.SANDBOX_DATA || join(strapi.dirs.app.root, '.data', 'sandbox');

/** Made once, then read from beside the eastern branch's. */
export const westCredentials = (folder: string): SandboxCredentials =>
  demoCredentials(join(folder, 'west'), westIdentity);

/** Each branch's credentials at the simulated gateways; the sandbox forgets added merchants when it ends. */
export function branchCredentials(strapi: Core.Strapi, sandbox: Sandbox): Map<string, SandboxCredentials> {
  const [east] = sandbox.credentials;
  if (!east) throw new Error('the sandbox has no merchant');
  const known = sandbox.credentials.find(({ alipay }) => alipay.sellerId === westIdentity.alipay.sellerId);
  const west = known ?? westCredentials(sandboxFolder(strapi));
  if (!known) sandbox.addMerchant(west);
  return new Map([
    [branches[0].code, east],
    [branches[1].code, west],
  ]);
}

/** One secret for each branch's HIS, the same after every restart, kept nowhere: it follows from the sandbox's own. */
export const hisSecretOf = (sandbox: Sandbox, branch: Branch): string =>
  createHmac('sha256', sandbox.credentials[0]?.his.secret ?? '')
    .update(`application of ${branch.code}`)
    .digest('hex');

/** Writes the past payments into the channels' own books. */
export function fillLedger(
  sandbox: Sandbox,
  entries: readonly LedgerSeed[],
  credentials: ReadonlyMap<string, SandboxCredentials>,
): void {
  const merchantOf = new Map<string, string>();
  for (const [branchCode, { alipay, wechat }] of credentials) {
    merchantOf.set(accountCodeOf(branchCode, 'alipay'), alipay.sellerId);
    merchantOf.set(accountCodeOf(branchCode, 'wechat'), wechat.mchid);
  }
  sandbox.ledger.seed(
    entries.map((entry): SeedPayment => {
      const merchant = merchantOf.get(entry.accountCode);
      return {
        gateway: entry.gateway,
        outTradeNo: entry.outTradeNo,
        tradeNo: entry.tradeNo,
        amountFen: entry.amountFen,
        paidAt: entry.paidAt.getTime(),
        scene: entry.scene,
        subject: entry.subject,
        billed: entry.billed,
        ...(merchant === undefined ? {} : { merchant }),
        ...(entry.terminalId === null ? {} : { terminalId: entry.terminalId }),
        refunds: entry.refunds.map(({ at, ...refund }) => ({ ...refund, at: at.getTime() })),
      };
    }),
  );
}
