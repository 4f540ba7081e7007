import { access } from '@hospital-pay/access';
import { manifest as wechat } from '@hospital-pay/channel-wechat';
import { jobs } from '@hospital-pay/jobs';
import { reconciliation } from '@hospital-pay/reconciliation';
import { openDayChannel } from '../bench/reconcile/day-channel';
import { merchantCode, startHospital } from './hospital';
import { keptCredentials } from './kept';

interface Question {
  ask?: unknown;
  count?: unknown;
  what?: unknown;
}

/** The other process of a house that runs as two: it answers over HTTP, and does what the test asks of it. */
async function main(): Promise<void> {
  const { DAY_BILL = '', ...env } = process.env;
  const given = (name: string) => ({ [name]: env[name] ?? '' });
  const hospital = await startHospital({
    env: {
      ...given('DATABASE_URL'),
      ...given('REDIS_URL'),
      ...given('SECRETS_KEY'),
      ...given('JWT_SECRET'),
      ...given('ROLE'),
      ...(env.ARCHIVE_DIR ? given('ARCHIVE_DIR') : {}),
    },
    // It finds the hospital furnished and asks the first one's gateways.
    gateways: { url: 'http://127.0.0.1:1/sandbox', credentials: keptCredentials() },
    async prepare(strapi) {
      if (DAY_BILL !== '') await openDayChannel(strapi, wechat, DAY_BILL, merchantCode);
    },
  });
  let fired = 0;

  async function answer({ ask, count, what }: Question): Promise<unknown> {
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
      case 'reconcile':
        return (await reconciliation(hospital.strapi()).runs.execute(String(what))).status;
      default:
        throw new Error(`cannot be asked ${String(ask)}`);
    }
  }

  process.on('message', (message: Question & { id?: unknown }) => {
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
