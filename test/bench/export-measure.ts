import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Runs one export and tells what it took. */
export async function measure(work: () => Promise<{ rows: number; bytes: number }>) {
  const rss = () => process.memoryUsage.rss() / 2 ** 20;
  const baseMb = rss();
  let peakMb = baseMb;
  const watching = setInterval(() => {
    peakMb = Math.max(peakMb, rss());
  }, 50);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = performance.now();
  const written = await work();
  const seconds = (performance.now() - started) / 1000;
  delay.disable();
  clearInterval(watching);
  return {
    ...written,
    seconds,
    baseMb,
    peakMb: Math.max(peakMb, rss()),
    stallMs: delay.percentile(99) / 1e6,
  };
}
