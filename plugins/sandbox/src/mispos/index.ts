import { randomBytes, randomInt } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { defineGateway, type Gateway } from '../gateway';
import { cardFates, SimulatedTerminal } from './terminal';
import { allinpayWire, umsWire } from './wires';

const misposCredentials = z.object({ merchantNo: z.string(), agentToken: z.string() });
type MisposCredentials = z.infer<typeof misposCredentials>;
type MisposChannelConfig = MisposCredentials;

/** A simulated terminal that listens on TCP, as the one at the counter would on its port. */
export interface ListeningTerminal {
  port: number;
  terminal: SimulatedTerminal;
  close(): Promise<void>;
}

export interface MisposGateway extends Gateway {
  openTerminal(options: {
    protocol: 'ums' | 'allinpay';
    terminalId?: string;
    /** Whose it is, when there are several merchants. */
    merchantNo?: string;
    port?: number;
    /** How long the customer looks for the card and the password. */
    cardMs?: number;
  }): Promise<ListeningTerminal>;
}

const wires = { ums: umsWire, allinpay: allinpayWire };
const cardsBody = z.object({ terminalId: z.string(), fates: z.array(z.enum(cardFates)).min(1) });

/** Card terminals: nothing below `/sandbox/mispos`, but ports that speak the terminals' own wire formats. */
export const mispos = defineGateway<MisposCredentials, MisposChannelConfig, MisposGateway>({
  title: '银行卡',
  colour: '#7a4b00',
  currency: 'CNY',
  credentials: misposCredentials,
  generate: (choices) => ({
    merchantNo: `8985${randomInt(10 ** 10, 10 ** 11)}`,
    agentToken: randomBytes(24).toString('hex'),
    ...choices,
  }),
  config: (credentials, _url, choices) => ({ ...credentials, ...choices }),
  identity: ({ merchantNo }) => ({ merchant: merchantNo, appId: '' }),
  books: {
    zone: 'Asia/Shanghai',
    payer: '621483******9012',
    bank: '0308',
    tradeNo: (_at, serial) => serial.slice(-12),
    refundId: (_at, serial) => serial.slice(-12),
    refundNumbersPer: 'merchant',
    closesWhenRefunded: false,
  },
  open: (world) => {
    const opened = new Map<string, SimulatedTerminal>();
    return {
      async handle(ctx) {
        ctx.status = 404;
      },
      levers: {
        'POST /cards': (body) => {
          const { terminalId, fates } = cardsBody.parse(body);
          const terminal = opened.get(terminalId);
          if (terminal === undefined) throw new Error(`no terminal ${terminalId}`);
          terminal.next(...fates);
          return { terminalId, fates };
        },
      },
      async openTerminal({ protocol, terminalId = '00000040', merchantNo, port = 0, cardMs = 0 }) {
        const [own] = world.merchants();
        const terminal = new SimulatedTerminal(world, merchantNo ?? own?.merchantNo ?? '', terminalId);
        opened.set(terminalId, terminal);
        const wire = wires[protocol];
        const sockets = new Set<Socket>();
        const server = createServer((socket) => {
          sockets.add(socket);
          let received = Buffer.alloc(0);
          socket.on('close', () => sockets.delete(socket));
          socket.on('error', () => socket.destroy());
          socket.on('data', (bytes) => {
            received = Buffer.concat([received, bytes]);
            const read = wire.read(received);
            if (read === undefined) return;
            received = Buffer.alloc(0);
            if (read === null) {
              socket.destroy();
              return;
            }
            const { reply, garbled } = terminal.answer(read.request);
            if (reply === null) {
              socket.destroy();
              return;
            }
            const answer = wire.write(reply, read.echo, terminalId);
            const last = answer.length - 1;
            // The check byte, or the last digit of what should be repeated, is another one.
            if (garbled) answer[last] = (answer[last] ?? 0) ^ 1;
            setTimeout(() => socket.write(answer), read.request.kind === 'last' ? 0 : cardMs);
          });
        });
        await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
        const address = server.address();
        if (address === null || typeof address === 'string') throw new Error('no port');
        return {
          port: address.port,
          terminal,
          close: () =>
            new Promise((resolve) => {
              opened.delete(terminalId);
              for (const socket of sockets) socket.destroy();
              server.close(() => resolve());
            }),
        };
      },
    };
  },
});
