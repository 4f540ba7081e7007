import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { root } from './root';

/** Strapi allows one instance in a process: the second of two lives in one of its own. */
export interface SecondProcess {
  url: string;
  ask(ask: 'audit' | 'every' | 'fired', count?: number): Promise<unknown>;
  /** Reconciles here; says how the run ended. */
  reconcile(runNo: string): Promise<unknown>;
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

interface Message {
  id?: number;
  url?: string;
  value?: unknown;
  error?: string;
}

/** `env`: the database and secrets of the first. Needs the compiled tests. */
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
  const question = async (put: {
    ask: string;
    count?: number | undefined;
    what?: string;
  }): Promise<unknown> => {
    asked += 1;
    const id = asked;
    const answered = next((message) => message.id === id);
    child.send({ id, ...put });
    const { value, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return value;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  return {
    url,
    ask: (ask, count) => question({ ask, count }),
    reconcile: (runNo) => question({ ask: 'reconcile', what: runNo }),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
