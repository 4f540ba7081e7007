import { z } from 'zod';
import { startAgent } from './index';

/**
 * The terminal agent of one counter: `node plugins/channels/mispos/dist/agent/main.js`, set by the environment.
 * It needs nothing but Node; the platform needs no serial port.
 */
const environment = z.object({
  AGENT_PLATFORM_URL: z.url(),
  AGENT_ACCOUNT: z.string().min(1),
  AGENT_TOKEN: z.string().min(32),
  AGENT_TERMINAL: z.string().min(1),
  AGENT_PROTOCOL: z.enum(['ums', 'allinpay']),
  AGENT_DEVICE: z.string().min(1),
  AGENT_POS_NO: z.string().max(8).default(''),
  AGENT_FOLDER: z.string().default('.data/agent'),
});

const read = environment.safeParse(process.env);
if (!read.success) {
  process.stderr.write(
    `终端代理缺少配置 The agent's settings are not complete:\n${z.prettifyError(read.error)}\n`,
  );
  process.exit(1);
}
const settings = read.data;
const agent = startAgent({
  url: settings.AGENT_PLATFORM_URL,
  accountCode: settings.AGENT_ACCOUNT,
  token: settings.AGENT_TOKEN,
  terminalCode: settings.AGENT_TERMINAL,
  protocol: settings.AGENT_PROTOCOL,
  device: settings.AGENT_DEVICE,
  posNo: settings.AGENT_POS_NO,
  folder: settings.AGENT_FOLDER,
  say: (text) => process.stdout.write(`${new Date().toISOString()} ${text}\n`),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void agent.close().finally(() => process.exit(0)));
}
