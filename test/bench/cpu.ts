import fs from 'node:fs';

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100;

/** Seconds of processor that this process and its children have used, those that have ended and those that live. */
export function cpuSeconds(): number {
  const children = fs
    .readdirSync('/proc/self/task')
    .flatMap((task) => fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '');
  const own = statOf('self');
  const living = children.map((pid) => statOf(pid));
  const ticks = own.used + own.byEndedChildren + living.reduce((sum, { used }) => sum + used, 0);
  return ticks / ticksPerSecond;
}

function statOf(pid: string): { used: number; byEndedChildren: number } {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold blanks: what follows it begins with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const at = (field: number) => Number(fields[field - 3]);
    return { used: at(14) + at(15), byEndedChildren: at(16) + at(17) };
  } catch {
    return { used: 0, byEndedChildren: 0 };
  }
}
