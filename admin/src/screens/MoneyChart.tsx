import type { EChartsType } from 'echarts/core';
import { useContext, useEffect, useRef } from 'react';
import { fenText } from '../money';
import { CurrencyAround } from '../schema/Cell';

interface Series {
  name: string;
  color: string;
  /** Fen; drawn as they are, so that labels stay exact. */
  values: number[];
}

interface Props {
  kind: 'line' | 'bar';
  label: string;
  categories: string[];
  series: Series[];
  height?: number;
}

/** Amounts over time. The chart library is fetched only when a chart is drawn. */
export function MoneyChart({ kind, label, categories, series, height = 240 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | undefined>(undefined);
  const currency = useContext(CurrencyAround);
  const latest = useRef({ kind, categories, series, currency });
  latest.current = { kind, categories, series, currency };

  useEffect(() => {
    let isGone = false;
    const resize = () => chart.current?.resize();
    void import('./chart').then(({ init }) => {
      if (isGone || !box.current) return;
      chart.current = init(box.current);
      draw(chart.current, latest.current);
    });
    window.addEventListener('resize', resize);
    return () => {
      isGone = true;
      window.removeEventListener('resize', resize);
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);

  const key = JSON.stringify([kind, categories, series, currency]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: redrawn when what it shows differs; `key` is its value
  useEffect(() => {
    if (chart.current) draw(chart.current, latest.current);
  }, [key]);

  return <div ref={box} role="img" aria-label={label} style={{ height, width: '100%' }} />;
}

function draw(
  chart: EChartsType,
  {
    kind,
    categories,
    series,
    currency,
  }: Pick<Props, 'kind' | 'categories' | 'series'> & { currency: string | undefined },
): void {
  const yuan = (value: unknown) =>
    typeof value === 'number' ? (fenText(Math.round(value), { currency }) ?? '') : '';
  chart.setOption(
    {
      animation: false,
      grid: { left: 8, right: 16, top: series.length > 1 ? 34 : 14, bottom: 4, containLabel: true },
      tooltip: { trigger: 'axis', valueFormatter: yuan, confine: true },
      ...(series.length > 1 ? { legend: { top: 0, right: 0 } } : {}),
      xAxis: { type: 'category', data: categories, axisTick: { show: false } },
      yAxis: {
        type: 'value',
        axisLabel: { formatter: (value: number) => yuan(value).replace(/\.00$/, '') },
        splitLine: { lineStyle: { color: '#eef0f3' } },
      },
      series: series.map(({ name, color, values }) => ({
        name,
        type: kind,
        data: values,
        color,
        barMaxWidth: 24,
        symbolSize: 6,
        lineStyle: { width: 2 },
      })),
    },
    true,
  );
}
