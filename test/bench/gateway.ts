import { createSandbox, demoCredentials } from '@hospital-pay/sandbox';
import { bePart } from './processes';

/** The simulated gateways in a process of their own. */
async function main(): Promise<void> {
  const credentials = demoCredentials(process.env.CREDENTIALS ?? '');
  const sandbox = createSandbox({ credentials, baseUrl: process.env.GATEWAY_URL ?? '' });
  const served = await sandbox.listen(Number(new URL(process.env.GATEWAY_URL ?? '').port));
  bePart(
    {},
    () => null,
    async () => void (await served.close()),
  );
}

void main();
