import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

/** A part of a benchmark in its own process, so that it is measured and not shared. */
export interface Part {
  /** What it said when it was ready. */
  ready: Record<string, string>;
  /** Asks it something and waits for the answer. */
  ask(question: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startPart(name: string, env: Record<string, string>): Promise<Part> {
  const child = fork(path.join(__dirname.replace(/test\/bench$/, 'test/dist/bench'), `${name}.js`), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ready = await nextMessage(child);
  return {
    ready: Object.fromEntries(Object.entries(ready).map(([key, value]) => [key, String(value)])),
    async ask(question) {
      child.send(question);
      return (await nextMessage(child)).answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function nextMessage(child: ChildProcess): Promise<{ answer?: unknown }> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`a part of the benchmark ended with ${code}`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(typeof message === 'object' && message !== null ? message : { answer: message });
    });
  });
}

/** The part's own side: says it is ready, answers questions, ends on SIGTERM or with the one who started it. */
export function bePart(
  ready: Record<string, string>,
  answer: (question: string) => unknown,
  end: () => Promise<void>,
): void {
  process.on('message', async (question) => process.send?.({ answer: await answer(String(question)) }));
  const leave = () => end().finally(() => process.exit(0));
  process.once('SIGTERM', leave);
  // Nobody measures any more: the one who asked has gone.
  process.once('disconnect', leave);
  process.send?.(ready);
}
