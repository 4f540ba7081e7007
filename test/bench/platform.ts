import { createLeases, systemClock } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import { demoCredentials } from '@hospital-pay/sandbox';
import { startHospital } from '../harness/hospital';
import { bePart } from './processes';

/** The platform in a process of its own; it tells how long the gateway took for each order. */
async function main(): Promise<void> {
  const { GATEWAY_URL = '', CREDENTIALS = '', DATABASE_URL = '' } = process.env;
  const credentials = demoCredentials(CREDENTIALS);
  const hospital = await startHospital({
    database: DATABASE_URL ? 'postgres' : 'sqlite',
    gateways: { url: GATEWAY_URL, credentials },
    // As merchants are set up; a test hospital's two seconds would make a case of every order.
    merchant: { graceSeconds: 120 },
    env: { HIS_SECRET: credentials.his.secret },
  });
  const { events } = payments(hospital.strapi());
  const { emit } = events;
  let isLogging = true;
  events.emit = (name, event) => {
    if (isLogging || name !== 'channel.call') emit(name, event);
  };
  const leases = createLeases(hospital.strapi().db.connection, systemClock);
  const counting = 'every:monitoring-minutes';
  const gatewayMs = new Map<string, number>();
  events.on('channel.call', (call) => {
    if (call.direction === 'out' && call.orderNo) gatewayMs.set(call.orderNo, call.durationMs);
  });
  bePart(
    { url: hospital.url, appId: hospital.application.appId, secret: hospital.application.secret },
    async (question) => {
      if (question === 'processor seconds') {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      }
      isLogging = question !== 'without logging';
      // Whoever holds its lease is the one who adds up; the bench never does.
      if (question === 'without counting')
        await leases.take(counting, 'bench', new Date('2100-01-01'), new Date('2099-01-01'));
      else await leases.release(counting, 'bench');
      return Object.fromEntries(gatewayMs);
    },
    () => hospital.stop(),
  );
}

void main();
