import { join } from 'node:path';
import { startAgent } from '@hospital-pay/channel-mispos/agent';
import { sandbox as mountedSandbox } from '@hospital-pay/sandbox';
import type { Core } from '@strapi/strapi';
import { branchCredentials, sandboxFolder } from './gateways';
import { accountCodeOf, terminals } from './hospital';

/** Time to look for the card and to type its password. */
const cardMs = 1000;

/**
 * A simulated card terminal at every window of the demo hospital, and beside it the real terminal agent, which signs in
 * to the platform over the network as it would from the window's computer. Needs the sandbox: there is none in production.
 */
export async function plugInCardTerminals(
  strapi: Core.Strapi,
): Promise<{ terminalIdOf(terminalCode: string): string; close(): Promise<void> }> {
  const sandbox = mountedSandbox(strapi);
  const credentials = branchCredentials(strapi, sandbox);
  const url = sandbox.baseUrl().replace(/\/sandbox$/, '');
  const windows = terminals.filter(({ kind }) => kind === 'window');
  const terminalIdOf = (terminalCode: string) =>
    String(101 + windows.findIndex(({ code }) => code === terminalCode)).padStart(8, '0');

  const plugged = await Promise.all(
    windows.map(async ({ code: terminalCode, merchantCode }, index) => {
      const { merchantNo = '', agentToken = '' } = credentials.get(merchantCode)?.mispos ?? {};
      const terminalId = terminalIdOf(terminalCode);
      // Both makes of terminal are met.
      const protocol = index % 2 === 0 ? 'ums' : 'allinpay';
      const device = await sandbox.gateways.mispos.openTerminal({ protocol, terminalId, merchantNo, cardMs });
      const agent = startAgent({
        url,
        accountCode: accountCodeOf(merchantCode, 'mispos'),
        token: agentToken,
        terminalCode,
        protocol,
        device: `tcp://127.0.0.1:${device.port}`,
        posNo: terminalId,
        folder: join(sandboxFolder(strapi), 'agents'),
      });
      return { agent, device };
    }),
  );
  return {
    terminalIdOf,
    async close() {
      await Promise.all(
        plugged.map(async ({ agent, device }) => {
          await agent.close();
          await device.close();
        }),
      );
    },
  };
}
