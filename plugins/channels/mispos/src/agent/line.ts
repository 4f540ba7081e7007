import net from 'node:net';
import { SerialPort } from 'serialport';

/** The wire to a terminal: one request, one reply. */
export interface Line {
  /**
   * @param frame the whole reply once the bytes received hold it
   * @throws Error when the line cannot be opened (nothing was sent), `LineSilent` when no whole reply came
   */
  exchange(
    request: Buffer,
    frame: (received: Buffer) => Buffer | undefined,
    limitMs: number,
  ): Promise<Buffer>;
}

/** The request was, or may have been, sent; no whole reply came back. */
export class LineSilent extends Error {
  override readonly name = 'LineSilent';
}

interface Stream {
  write(bytes: Buffer): void;
  onData(listener: (bytes: Buffer) => void): void;
  onEnd(listener: (cause: string) => void): void;
  close(): void;
}

function lineOver(open: () => Promise<Stream>): Line {
  return {
    async exchange(request, frame, limitMs) {
      const stream = await open();
      try {
        return await new Promise<Buffer>((resolve, reject) => {
          let received = Buffer.alloc(0);
          const timer = setTimeout(() => reject(new LineSilent('no reply in time')), limitMs);
          stream.onData((bytes) => {
            received = Buffer.concat([received, bytes]);
            const reply = frame(received);
            if (!reply) return;
            clearTimeout(timer);
            resolve(reply);
          });
          stream.onEnd((cause) => {
            clearTimeout(timer);
            reject(new LineSilent(cause));
          });
          stream.write(request);
        });
      } finally {
        stream.close();
      }
    },
  };
}

const openMs = 3000;

/** A terminal, or the program beside it, that listens on TCP. */
export function tcpLine(host: string, port: number): Line {
  return lineOver(
    () =>
      new Promise((resolve, reject) => {
        const socket = net.connect({ host, port, timeout: openMs });
        const refuse = (error: Error): void => {
          socket.destroy();
          reject(error);
        };
        socket.once('timeout', () => refuse(new Error(`no connection to ${host}:${port}`)));
        socket.once('error', refuse);
        socket.once('connect', () => {
          socket.removeAllListeners();
          socket.setTimeout(0);
          resolve({
            write: (bytes) => socket.write(bytes),
            onData: (listener) => socket.on('data', listener),
            onEnd: (listener) => {
              socket.on('error', (error) => listener(error.message));
              socket.on('close', () => listener('the terminal hung up'));
            },
            close: () => socket.destroy(),
          });
        });
      }),
  );
}

/** A terminal on a serial port, 8N1. */
export function serialLine(path: string, baudRate: number): Line {
  return lineOver(
    () =>
      new Promise((resolve, reject) => {
        const port = new SerialPort({ path, baudRate, dataBits: 8, parity: 'none', stopBits: 1 }, (error) => {
          if (error) {
            reject(error);
            return;
          }
          // What an earlier, abandoned exchange left in the buffer is no reply to this one.
          port.flush(() =>
            resolve({
              write: (bytes) => port.write(bytes),
              onData: (listener) => port.on('data', listener),
              onEnd: (listener) => {
                port.on('error', (failure) => listener(failure.message));
                port.on('close', () => listener('the port was closed'));
              },
              close: () => {
                port.removeAllListeners();
                port.close();
              },
            }),
          );
        });
      }),
  );
}
