import { his } from '@hospital-pay/his';
import { clockOf, jobs } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { createHouse, type House } from './house';
import { createKioskApi } from './http/kiosk';
import { createOpenLinkApi } from './http/open';
import { createPatientApi } from './http/patient';
import { createRoomApi } from './http/room';
import { providePatients } from './index';
import { createKiosks } from './kiosks';
import { createLinks } from './links';
import { linksOpenApi } from './openapi';

const sweepMs = 60_000;

const houses = new WeakMap<Core.Strapi, House>();

function houseOf(strapi: Core.Strapi): House {
  const found = houses.get(strapi);
  if (!found) throw new Error('the patients plugin is not registered');
  return found;
}

/** Open to whoever holds the code, or signed by an application: the controllers tell. */
const route = (method: string, path: string, handler: string) => ({
  method,
  path,
  handler,
  config: { auth: false },
});

/** For people who may take money: doctors and cashiers. */
const staff = (method: string, path: string, handler: string) => ({
  method,
  path: `/room${path}`,
  handler: `room.${handler}`,
  config: {
    auth: false,
    middlewares: [{ name: 'plugin::access.guard', config: { action: 'pay', subject: 'cashier' } }],
  },
});

/** For people who look after the terminals. */
const keeper = (method: string, handler: string) => ({
  method,
  path: '/kiosks/:code/token',
  handler: `kiosk.${handler}`,
  config: {
    auth: false,
    middlewares: [{ name: 'plugin::access.guard', config: { action: 'update', subject: 'terminal' } }],
  },
});

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    const db = strapi.db.connection;
    const clock = clockOf(strapi);
    const publicUrl = process.env.PUBLIC_URL || strapi.config.get<string>('server.absoluteUrl', '');
    const links = createLinks({ db, clock, payments: payments(strapi) });
    const house = createHouse({
      db,
      clock,
      payments: payments(strapi),
      links,
      publicUrl: publicUrl.replace(/\/+$/, ''),
    });
    houses.set(strapi, house);
    providePatients(strapi, { links });
    payments(strapi).openapi.add(linksOpenApi);
  },
  bootstrap({ strapi }: { strapi: Core.Strapi }) {
    const { links } = houseOf(strapi);
    const queue = jobs(strapi);
    if (queue.works) queue.every('patients-links', sweepMs, () => links.sweep());
    payments(strapi).events.on('order.moved', ({ orderNo, to }) => {
      if (to !== 'paid') return;
      // What is missed here is found when the bill is next looked at.
      links
        .heard(orderNo)
        .catch((error: unknown) => strapi.log.error(`payment link of ${orderNo}: ${error}`));
    });
  },
  controllers: {
    open: ({ strapi }: { strapi: Core.Strapi }) => createOpenLinkApi(houseOf(strapi)),
    patient: ({ strapi }: { strapi: Core.Strapi }) => createPatientApi(houseOf(strapi)),
    kiosk: ({ strapi }: { strapi: Core.Strapi }) => {
      const house = houseOf(strapi);
      return createKioskApi(house, createKiosks(house.db, house.clock), (merchantCode, cardNo) =>
        his(strapi).bills.unpaid(merchantCode, cardNo),
      );
    },
    room: ({ strapi }: { strapi: Core.Strapi }) =>
      createRoomApi(houseOf(strapi), (merchantCode, cardNo) =>
        his(strapi).bills.unpaid(merchantCode, cardNo),
      ),
  },
  routes: {
    'content-api': {
      type: 'content-api',
      prefix: '',
      routes: [
        route('POST', '/v1/payment-links', 'open.create'),
        route('GET', '/v1/payment-links/:merchantOrderNo', 'open.read'),
        route('GET', '/v1/payment-links/:merchantOrderNo/qr.png', 'open.qr'),
        route('GET', '/v1/payment-links/:merchantOrderNo/slip.pdf', 'open.slip'),
        route('POST', '/v1/payment-links/:merchantOrderNo/close', 'open.close'),
        staff('POST', '/bills', 'bills'),
        staff('POST', '/links', 'create'),
        staff('GET', '/links/:code', 'read'),
        staff('GET', '/links/:code/slip.pdf', 'slip'),
        keeper('POST', 'issue'),
        keeper('DELETE', 'revoke'),
        route('GET', '/kiosk', 'kiosk.self'),
        route('POST', '/kiosk/bills', 'kiosk.bills'),
        route('POST', '/kiosk/links', 'kiosk.choose'),
        route('POST', '/kiosk/deposits', 'kiosk.deposit'),
        route('GET', '/kiosk/links/:token', 'kiosk.read'),
        route('POST', '/kiosk/links/:token/payments', 'kiosk.pay'),
        route('GET', '/pay/:token', 'patient.read'),
        route('POST', '/pay/:token/ask', 'patient.ask'),
        route('POST', '/pay/:token/payments', 'patient.pay'),
        route('POST', '/pay/:token/wallets/:channel/session', 'patient.session'),
        route('GET', '/pay/:token/qr.svg', 'patient.qr'),
        route('GET', '/pay/:token/payer/:channel', 'patient.identify'),
        route('GET', '/pay/:token/payer/:channel/back', 'patient.identified'),
      ],
    },
  },
};
