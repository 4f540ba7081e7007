import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

/** Strapi allows one instance in a process: the second of two lives in one of its own. */
export interface SecondProcess {
  url: string;
  ask(ask: 'audit' | 'every' | 'fired', count?: number): Promise<unknown>;
  stop(): Promise<void>;
}

const root = path.resolve(
  __dirname,
  '..',
  '..',
  ...(__dirname.includes(`${path.sep}dist${path.sep}`) ? ['..'] : []),
);

interface Message {
  id?: number;
  url?: string;
  value?: unknown;
  error?: string;
}

/** `env`: the database and secrets of the first, GATEWAY_URL and CREDENTIALS. Needs the compiled tests. */
export async function startSecond(env: Record<string, string>): Promise<SecondProcess> {
  const child: ChildProcess = fork(path.join(root, 'test', 'dist', 'harness', 'second-process.js'), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const next = (isWanted: (message: Message) => boolean) =>
    new Promise<Message>((resolve, reject) => {
      const gone = (code: number | null) => reject(new Error(`the second process ended with ${code}`));
      const listen = (message: Message) => {
        if (!isWanted(message)) return;
        child.off('exit', gone);
        child.off('message', listen);
        resolve(message);
      };
      child.once('exit', gone);
      child.on('message', listen);
    });
  const { url = '' } = await next((message) => message.url !== undefined);
  let asked = 0;
  return {
    url,
    async ask(ask, count) {
      asked += 1;
      const id = asked;
      const answered = next((message) => message.id === id);
      child.send({ id, ask, count });
      const { value, error } = await answered;
      if (error !== undefined) throw new Error(error);
      return value;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
