import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useEffect, useRef } from 'react';

/** One chart for as long as the panel stands: drawn again with what is new, resized with its box, given back at the end. */
export function Chart({ label, option }: { label: string; option: EChartsCoreOption }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | undefined>(undefined);
  const latest = useRef(option);
  latest.current = option;

  useEffect(() => {
    let isGone = false;
    const resized = new ResizeObserver(() => chart.current?.resize());
    void import('./charts').then(({ init }) => {
      if (isGone || !box.current) return;
      chart.current = init(box.current);
      chart.current.setOption(latest.current);
      resized.observe(box.current);
    });
    return () => {
      isGone = true;
      resized.disconnect();
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option]);

  return <div ref={box} className="wall-chart" role="img" aria-label={label} />;
}
