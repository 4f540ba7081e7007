import type { EChartsCoreOption } from 'echarts/core';
import type { Frame, Panel } from './contracts';
import { configOf, momentText, palette, type Units, unitText } from './field';

export interface Look {
  /** 1 on a screen of 1920 × 1080. */
  scale: number;
  zone: string;
  units: Units;
  /** A text of the dashboard in the viewer's language. */
  say: (text: string) => string;
  from: number;
  to: number;
}

const quiet = '#9fb0c8';
const line = 'rgba(159, 176, 200, 0.16)';
const textSize = 18;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;

interface Series {
  name: string;
  points: [at: number, value: number][];
}

/** Columns time, (metric,) value of every query: a line for each name. */
export function seriesOf(frames: readonly Frame[]): Series[] {
  const found = new Map<string, Series>();
  for (const { fields, rows } of frames) {
    const time = fields.findIndex(({ type }) => type === 'time');
    const name = fields.findIndex(({ type }) => type === 'text');
    const number = fields.findIndex(({ type }) => type === 'number');
    for (const row of rows) {
      const [at, value] = [row[time], row[number]];
      if (typeof at !== 'number' || typeof value !== 'number') continue;
      const metric = String(row[name] ?? fields[number]?.name ?? '');
      const series = found.get(metric) ?? { name: metric, points: [] };
      series.points.push([at, value]);
      found.set(metric, series);
    }
  }
  return [...found.values()];
}

const timeFormat = (from: number, to: number) => (to - from > 2 * dayMs ? 'MM-DD' : 'HH:mm');

export function linesOption({ fieldConfig }: Panel, frames: readonly Frame[], look: Look): EChartsCoreOption {
  const { scale, zone, units, say, from, to } = look;
  const font = textSize * scale;
  const { unit, min, max } = configOf(fieldConfig, '');
  const series = seriesOf(frames);
  return {
    animation: false,
    color: palette,
    grid: { left: 8 * scale, right: 20 * scale, top: font * 2, bottom: 4 * scale, containLabel: true },
    legend: {
      top: 0,
      right: 0,
      textStyle: { color: quiet, fontSize: font },
      itemWidth: font * 1.4,
      itemHeight: font * 0.7,
    },
    xAxis: {
      type: 'time',
      min: from,
      max: Math.max(to, from + minuteMs),
      splitNumber: 6,
      axisLabel: {
        color: quiet,
        fontSize: font,
        hideOverlap: true,
        formatter: (at: number) => momentText(at, zone, timeFormat(from, to)),
      },
      axisLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: 'value',
      splitNumber: 4,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      axisLabel: {
        color: quiet,
        fontSize: font,
        formatter: (value: number) =>
          unitText(value, unit, unit?.startsWith('currency') ? 0 : undefined, units),
      },
      splitLine: { lineStyle: { color: line } },
    },
    series: series.map(({ name, points }) => {
      const config = configOf(fieldConfig, name);
      const opacity = (config['custom.fillOpacity'] ?? 0) / 100;
      return {
        name: say(name),
        type: 'line',
        data: points,
        showSymbol: points.length < 3,
        sampling: 'lttb',
        lineStyle: {
          width: (config['custom.lineWidth'] ?? 2) * scale,
          type: config['custom.lineStyle']?.fill === 'dash' ? 'dashed' : 'solid',
        },
        ...(opacity > 0 ? { areaStyle: { opacity } } : {}),
      };
    }),
  };
}

/** A name and a value in each row. */
export function namedValues([frame]: readonly Frame[]): { name: string; value: number }[] {
  if (!frame) return [];
  const name = frame.fields.findIndex(({ type }) => type === 'text');
  const number = frame.fields.findIndex(({ type }) => type === 'number');
  return frame.rows.flatMap((row) => {
    const value = row[number];
    return typeof value === 'number' ? [{ name: String(row[name] ?? ''), value }] : [];
  });
}

export function sharesOption(_: Panel, frames: readonly Frame[], { scale, say }: Look): EChartsCoreOption {
  const font = textSize * scale;
  return {
    animation: false,
    color: palette,
    legend: {
      bottom: 0,
      textStyle: { color: quiet, fontSize: font },
      itemWidth: font,
      itemHeight: font,
      itemGap: font * 0.7,
    },
    series: [
      {
        type: 'pie',
        radius: ['38%', '62%'],
        center: ['50%', '44%'],
        data: namedValues(frames).map(({ name, value }) => ({ name: say(name), value })),
        itemStyle: { borderColor: '#101828', borderWidth: 2 * scale },
        label: { color: '#eef2f8', fontSize: font * 1.05, formatter: '{b}\n{d}%', lineHeight: font * 1.3 },
        labelLine: { length: 8 * scale, length2: 8 * scale },
        minShowLabelAngle: 12,
      },
    ],
  };
}

export function heatOption(_: Panel, frames: readonly Frame[], look: Look): EChartsCoreOption {
  const { scale, zone, say, from, to } = look;
  const font = textSize * scale;
  const series = seriesOf(frames);
  const first = Math.floor(from / hourMs) * hourMs;
  const hours = Array.from(
    { length: Math.ceil((Math.max(to, first + 1) - first) / hourMs) },
    (_entry, index) => first + index * hourMs,
  );
  const data = series.flatMap(({ points }, row) =>
    points.map(([at, value]) => [hours.indexOf(Math.floor(at / hourMs) * hourMs), row, value]),
  );
  const most = Math.max(1, ...data.map(([, , value = 0]) => value));
  const fits = hours.length <= 12;
  return {
    animation: false,
    grid: { left: 4 * scale, right: 8 * scale, top: 4 * scale, bottom: 4 * scale, containLabel: true },
    xAxis: {
      type: 'category',
      data: hours.map((hour) => momentText(hour, zone, 'HH')),
      axisLabel: { color: quiet, fontSize: font },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'category',
      data: series.map(({ name }) => say(name)),
      axisLabel: { color: quiet, fontSize: font },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    visualMap: {
      show: false,
      min: 0,
      max: most,
      inRange: { color: ['#15263f', '#1d4f91', '#2f86d6', '#6fd0c8', '#f5e663'] },
    },
    series: [
      {
        type: 'heatmap',
        data,
        label: {
          show: fits,
          color: '#eef2f8',
          fontSize: font * 0.9,
          textBorderColor: '#101828',
          textBorderWidth: 2,
        },
        itemStyle: { borderColor: '#101828', borderWidth: 2 * scale },
      },
    ],
  };
}
