import { access } from '@hospital-pay/access';
import { jobs } from '@hospital-pay/jobs';
import { demoCredentials } from '@hospital-pay/sandbox';
import { startHospital } from './hospital';

/** The other process of a house that runs as two: it answers over HTTP, and does what the test asks of it. */
async function main(): Promise<void> {
  const { GATEWAY_URL = '', CREDENTIALS = '', ...env } = process.env;
  const given = (name: string) => ({ [name]: env[name] ?? '' });
  const hospital = await startHospital({
    env: {
      ...given('DATABASE_URL'),
      ...given('REDIS_URL'),
      ...given('SECRETS_KEY'),
      ...given('JWT_SECRET'),
      ...given('ROLE'),
    },
    gateways: { url: GATEWAY_URL, credentials: demoCredentials(CREDENTIALS) },
  });
  let fired = 0;

  async function answer({ ask, count }: { ask?: unknown; count?: unknown }): Promise<unknown> {
    switch (ask) {
      case 'audit':
        await Promise.all(
          Array.from({ length: Number(count) }, (_, index) =>
            access(hospital.strapi()).audit.write({
              actor: 'super',
              action: 'update',
              subject: 'stress',
              subjectKey: `second-${index}`,
            }),
          ),
        );
        return null;
      case 'every':
        jobs(hospital.strapi()).every('probe', Number(count), async () => {
          fired += 1;
        });
        return null;
      case 'fired':
        return fired;
      default:
        throw new Error(`cannot be asked ${String(ask)}`);
    }
  }

  process.on('message', (message: { id?: unknown; ask?: unknown; count?: unknown }) => {
    answer(message).then(
      (value) => process.send?.({ id: message.id, value }),
      (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => {
    hospital.stop().finally(() => process.exit(0));
  });
  process.send?.({ url: hospital.url });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
