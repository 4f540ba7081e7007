import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import type { RawNotification } from '../contract';
import type { Payments } from '../types';
import { notifyMiddleware } from './notify';

describe('the address of notifications', () => {
  test('takes a form by POST as its bytes and by GET as its query, and leaves a bare GET alone', async () => {
    const received: RawNotification[] = [];
    const notifications: Payments['notifications'] = {
      async receive(_account, raw) {
        received.push(raw);
        return { status: 200, contentType: 'text/plain', body: 'ok' };
      },
    };
    const app = new Koa();
    app.use(notifyMiddleware({ notifications }));
    const server = createServer(app.callback());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const url = `http://127.0.0.1:${address.port}/api/notify/CCB01`;
    const status = async (path: string, options: RequestInit = {}) =>
      (await fetch(url + path, options)).status;
    expect(await status('', { method: 'POST', body: 'ORDERID=1&SUCCESS=Y' })).toBe(200);
    expect(await status('?ORDERID=2&SUCCESS=Y')).toBe(200);
    expect(await status('')).toBe(404);
    expect(received.map(({ body }) => body.toString())).toEqual([
      'ORDERID=1&SUCCESS=Y',
      'ORDERID=2&SUCCESS=Y',
    ]);
    server.closeAllConnections();
    server.close();
  });
});
