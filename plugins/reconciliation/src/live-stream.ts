import { PassThrough } from 'node:stream';
import { access, type SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import type { MerchantScope } from './figures';
import type { Live, LiveFigures } from './live';

/** How often the line is shown to be alive and the account to be signed in still. */
const heartbeatMs = 5000;
const retryMs = 3000;
/** Whoever reads so slowly is shown the next figures instead. */
const mostUnreadBytes = 1 << 20;

const bearer = (ctx: Context): string => ctx.get('authorization').replace(/^Bearer\s+/i, '');

/** What of the figures this account may see, patients masked unless it may unmask them. */
function shownTo(strapi: Core.Strapi, account: SignedInAccount, figures: LiveFigures): object {
  const rows = <Row extends object>(type: string, of: Row[]): Row[] =>
    account.can('read', type) ? of.map((row) => access(strapi).mask(type, row, account)) : [];
  return {
    ...figures,
    orders: rows('order', figures.orders),
    alerts: rows('discrepancy', figures.alerts),
  };
}

/** Everything that decides what an account is shown: when it changes, the reader has to ask again. */
const viewOf = ({ merchantCodes, rules }: SignedInAccount): string => JSON.stringify([merchantCodes, rules]);

/** Today's figures as Server-Sent Events, until the reader goes or is signed in no longer. */
export function streamLive(
  strapi: Core.Strapi,
  live: Live,
  ctx: Context,
  which: { scope: MerchantScope; currency: string | undefined },
): void {
  const account: SignedInAccount = ctx.state.account;
  const token = bearer(ctx);
  const stream = new PassThrough();
  let id = 0;
  let last = '';
  const send = (event: string, data: string): void => {
    id += 1;
    stream.write(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`);
  };
  const stopWatching = live.watch({
    ...which,
    show(figures) {
      const data = JSON.stringify(shownTo(strapi, account, figures));
      if (data === last || stream.writableLength > mostUnreadBytes) return;
      last = data;
      send('figures', data);
    },
    failed(error) {
      strapi.log.error(`live figures: ${error instanceof Error ? error.message : String(error)}`);
    },
  });
  const stop = (): void => {
    clearInterval(heartbeat);
    stopWatching();
  };
  const end = (): void => {
    stop();
    send('end', '{}');
    stream.end();
  };
  const heartbeat = setInterval(() => {
    access(strapi)
      .sessions.authenticate(token)
      .then(
        (now) => (viewOf(now) === viewOf(account) ? stream.write(': still here\n\n') : end()),
        () => end(),
      );
  }, heartbeatMs);
  heartbeat.unref();
  stream.once('close', stop);
  stream.write(`retry: ${retryMs}\n\n`);
  ctx.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    // Neither compressed nor collected on its way.
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  ctx.status = 200;
  ctx.body = stream;
}
