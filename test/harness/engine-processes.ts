import fs from 'node:fs';
import path from 'node:path';

/** Processes of the engine that work for this one. */
export function engineProcesses(): number[] {
  const children = fs
    .readdirSync('/proc/self/task')
    .flatMap((task) => fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '));
  const isEngine = (pid: string): boolean => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join('engine', 'child.js'));
    } catch {
      return false;
    }
  };
  return children.filter((pid) => pid !== '' && isEngine(pid)).map(Number);
}
