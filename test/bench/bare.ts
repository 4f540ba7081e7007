import type { AddressInfo } from 'node:net';
import { channelConfigs, demoCredentials } from '@hospital-pay/sandbox';
import { AlipaySdk } from 'alipay-sdk';
import Database from 'better-sqlite3';
import Koa from 'koa';
import { Pool } from 'pg';
import { bePart } from './processes';

/** The peer: the least a server can do for a payment, one signed call to the gateway and one durable insert. */
async function main(): Promise<void> {
  const { GATEWAY_URL = '', CREDENTIALS = '', DATABASE_URL = '', DATABASE_FILENAME = '' } = process.env;
  const { alipay } = channelConfigs(demoCredentials(CREDENTIALS), GATEWAY_URL);
  const sdk = new AlipaySdk({
    appId: alipay.appId,
    privateKey: alipay.privateKey,
    keyType: alipay.keyType,
    alipayPublicKey: alipay.alipayPublicKey,
    gateway: alipay.gateway,
  });
  const insert = DATABASE_URL ? await postgresInsert(DATABASE_URL) : sqliteInsert(DATABASE_FILENAME);
  const gatewayMs = new Map<string, number>();
  const app = new Koa();
  app.use(async (ctx) => {
    const chunks: Buffer[] = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    const order: { merchantOrderNo: string; amount: string; authCode: string } = JSON.parse(
      Buffer.concat(chunks).toString(),
    );
    const started = performance.now();
    const result = await sdk.exec(
      'alipay.trade.pay',
      {
        bizContent: {
          out_trade_no: order.merchantOrderNo,
          total_amount: order.amount,
          subject: 'bench',
          scene: 'bar_code',
          auth_code: order.authCode,
        },
        // China's time whatever the zone of the machine; the SDK would take the machine's.
        timestamp: new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
      },
      { validateSign: true },
    );
    gatewayMs.set(order.merchantOrderNo, performance.now() - started);
    await insert(order.merchantOrderNo, order.amount, String(result.tradeNo), new Date());
    ctx.body = { status: result.code === '10000' ? 'paid' : 'failed' };
  });
  const server = app.listen(0, '127.0.0.1', () => {
    const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
    bePart(
      { url: `http://127.0.0.1:${port}` },
      () => {
        const answer = Object.fromEntries(gatewayMs);
        gatewayMs.clear();
        return answer;
      },
      async () => {
        server.close();
        server.closeAllConnections();
      },
    );
  });
}

function sqliteInsert(filename: string) {
  const db = new Database(filename);
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) db.pragma(pragma);
  db.exec('CREATE TABLE bare (order_no TEXT PRIMARY KEY, amount TEXT, trade_no TEXT, at INTEGER)');
  const statement = db.prepare('INSERT INTO bare VALUES (?, ?, ?, ?)');
  return async (orderNo: string, amount: string, tradeNo: string, at: Date) => {
    statement.run(orderNo, amount, tradeNo, at.getTime());
  };
}

async function postgresInsert(url: string) {
  const pool = new Pool({ connectionString: url, max: 20 });
  await pool.query(
    'CREATE TABLE bare (order_no text PRIMARY KEY, amount numeric, trade_no text, at timestamptz)',
  );
  return async (orderNo: string, amount: string, tradeNo: string, at: Date) => {
    await pool.query('INSERT INTO bare VALUES ($1, $2, $3, $4)', [orderNo, amount, tradeNo, at]);
  };
}

void main();
