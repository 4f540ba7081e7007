import { clockOf, jobs } from '@hospital-pay/jobs';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { registeredChannels } from './contract';
import { createPayments, type RunningPayments } from './create';
import { docsMiddleware } from './http/docs';
import { openApiDocument } from './http/document';
import { notifyMiddleware } from './http/notify';
import { createOpenApi } from './http/open-api';
import { createStaffApi } from './http/staff';
import { wellKnownMiddleware } from './http/well-known';
import { providePayments } from './index';
import { traceMiddleware } from './trace';
import { keyFrom } from './vault';

const running = new WeakMap<Core.Strapi, RunningPayments>();

function runningOf(strapi: Core.Strapi): RunningPayments {
  const found = running.get(strapi);
  if (!found) throw new Error('the payments plugin is not registered');
  return found;
}

const staff = (
  method: string,
  path: string,
  handler: string,
  action: string,
  subject: string,
  field?: string,
) => ({
  method,
  path: `/payments${path}`,
  handler,
  config: {
    auth: false,
    middlewares: [{ name: 'plugin::access.guard', config: { action, subject, ...(field ? { field } : {}) } }],
  },
});

/** Applications sign their requests; the controllers authenticate them. */
const open = (method: string, path: string, handler: string) => ({
  method,
  path: `/v1${path}`,
  handler: `open.${handler}`,
  config: { auth: false },
});

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    const publicUrl = process.env.PUBLIC_URL || strapi.config.get<string>('server.absoluteUrl', '');
    const instance = createPayments({
      db: strapi.db.connection,
      clock: clockOf(strapi),
      queue: jobs(strapi),
      secretsKey: keyFrom(process.env),
      publicUrl,
      manifests: () => registeredChannels(strapi),
      log: { error: (text) => strapi.log.error(text) },
    });
    running.set(strapi, instance);
    providePayments(strapi, instance.payments);
    strapi.server.use(traceMiddleware);
    strapi.server.use(notifyMiddleware(instance.payments));
    strapi.server.use(docsMiddleware());
    strapi.server.use(wellKnownMiddleware(instance.core));
  },
  async bootstrap({ strapi }: { strapi: Core.Strapi }) {
    await runningOf(strapi).start();
  },
  controllers: {
    open: ({ strapi }: { strapi: Core.Strapi }) => {
      const { core, payments, openApiParts } = runningOf(strapi);
      return {
        ...createOpenApi(core, payments),
        document(ctx: Context) {
          ctx.body = openApiDocument(openApiParts, process.env.PUBLIC_URL ?? '');
        },
      };
    },
    staff: ({ strapi }: { strapi: Core.Strapi }) => createStaffApi(runningOf(strapi).payments),
  },
  routes: {
    'content-api': {
      type: 'content-api',
      prefix: '',
      routes: [
        open('POST', '/orders', 'createOrder'),
        open('GET', '/orders/:merchantOrderNo', 'readOrder'),
        open('POST', '/orders/:merchantOrderNo/close', 'closeOrder'),
        open('POST', '/orders/:merchantOrderNo/reverse', 'reverseOrder'),
        open('POST', '/refunds', 'createRefund'),
        open('GET', '/refunds/:merchantRefundNo', 'readRefund'),
        open('POST', '/mixed-payments', 'createMixed'),
        open('GET', '/mixed-payments/:merchantOrderNo', 'readMixed'),
        open('POST', '/mixed-payments/:merchantOrderNo/confirm', 'confirmMixed'),
        open('POST', '/mixed-payments/:merchantOrderNo/cancel', 'cancelMixed'),
        open('POST', '/mixed-payments/:merchantOrderNo/refund', 'refundMixed'),
        open('GET', '/openapi.json', 'document'),
        staff('GET', '/channels', 'staff.channels', 'read', 'channel-account'),
        staff('PUT', '/channels/:code', 'staff.switchChannel', 'update', 'channel'),
        staff('POST', '/accounts', 'staff.createAccount', 'create', 'channel-account'),
        staff('PUT', '/accounts/:code', 'staff.updateAccount', 'update', 'channel-account'),
        staff('GET', '/accounts/:code', 'staff.readAccount', 'read', 'channel-account', 'config'),
        staff('POST', '/accounts/:code/test', 'staff.testAccount', 'test', 'channel-account'),
        staff('POST', '/routes/explain', 'staff.explainRouting', 'read', 'route'),
        staff('GET', '/orders/:orderNo/routing', 'staff.readRouting', 'read', 'order'),
        staff('POST', '/applications', 'staff.createApplication', 'create', 'application'),
        staff('POST', '/cashier/orders', 'staff.createOrder', 'pay', 'cashier'),
        staff('GET', '/cashier/orders/:orderNo', 'staff.readOrder', 'pay', 'cashier'),
        staff('POST', '/cashier/orders/:orderNo/close', 'staff.closeOrder', 'pay', 'cashier'),
        staff('POST', '/cashier/orders/:orderNo/reverse', 'staff.reverseOrder', 'pay', 'cashier'),
        staff('POST', '/orders/:orderNo/query', 'staff.queryOrder', 'read', 'order'),
        staff('POST', '/orders/:orderNo/refunds', 'staff.createRefund', 'refund', 'order'),
        staff('POST', '/mixed-payments/:mixedNo/refund', 'staff.refundMixed', 'refund', 'order'),
        staff('POST', '/mixed-payments/:mixedNo/retry', 'staff.retryMixed', 'refund', 'order'),
        staff('POST', '/refunds/:refundNo/retry', 'staff.retryRefund', 'refund', 'order'),
      ],
    },
  },
};
