import { useEffect, useMemo, useRef, useState } from 'react';
import { useText } from '../i18n';
import { Chart } from './Chart';
import { heatOption, type Look, linesOption, namedValues, sharesOption } from './chartOptions';
import type { Frame, Panel, PanelAnswer } from './contracts';
import { configOf, shown, thresholdColor, unitText } from './field';

interface Props {
  panel: Panel;
  answer: PanelAnswer | undefined;
  look: Look;
}

/** One panel under its title; what it cannot show, it says. */
export function PanelView({ panel, answer, look }: Props) {
  const { x, y, w, h } = panel.gridPos;
  return (
    <section
      className="wall-panel"
      aria-label={look.say(panel.title)}
      title={panel.description && look.say(panel.description)}
      style={{ gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}` }}
    >
      <h2>{look.say(panel.title)}</h2>
      <div className="wall-panel-body">
        <Content panel={panel} answer={answer} look={look} />
      </div>
    </section>
  );
}

const charts = { timeseries: linesOption, piechart: sharesOption, heatmap: heatOption };
const isChart = (type: string): type is keyof typeof charts => type in charts;

function Content({ panel, answer, look }: Props) {
  const { t, pick } = useText();
  const { type, fieldConfig } = panel;
  if (!isChart(type) && !['stat', 'bargauge', 'table'].includes(type))
    return <p className="wall-note">{t('wall.unknownPanel', { type })}</p>;
  if (!panel.isAnswered) return <p className="wall-note">{t('wall.otherSource')}</p>;
  if (!answer) return null;
  if (answer.error) {
    return (
      <div className="wall-error" role="alert">
        <strong>
          {pick(answer.error)} · {answer.error.code}
        </strong>
        <p>{answer.error.detail}</p>
      </div>
    );
  }
  const isEmpty = answer.frames.every(({ rows }) => rows.length === 0);
  if (isEmpty) {
    const { noValue } = configOf(fieldConfig, '');
    return <p className="wall-note">{noValue ? look.say(noValue) : t('wall.noData')}</p>;
  }
  if (isChart(type)) return <ChartView panel={panel} type={type} frames={answer.frames} look={look} />;
  switch (type) {
    case 'stat':
      return <Figures panel={panel} frames={answer.frames} look={look} />;
    case 'bargauge':
      return <Bars panel={panel} frames={answer.frames} look={look} />;
    default:
      return <Rows panel={panel} frames={answer.frames} look={look} />;
  }
}

interface Drawn {
  panel: Panel;
  frames: readonly Frame[];
  look: Look;
}

function ChartView({ panel, type, frames, look }: Drawn & { type: keyof typeof charts }) {
  const option = useMemo(() => charts[type](panel, frames, look), [panel, type, frames, look]);
  return <Chart label={look.say(panel.title)} option={option} />;
}

/** In ems: Latin letters are about half as wide as Chinese characters. */
const widthOf = (text: string): number =>
  [...text].reduce((width, letter) => width + (/\p{Script=Han}/u.test(letter) ? 1 : 0.55), 0);

/** Every column of one row as a figure under its name, the first as large as its panel bears. */
function Figures({ panel, frames, look }: Drawn) {
  const [frame] = frames;
  const row = frame?.rows.at(-1) ?? [];
  const texts = (frame?.fields ?? []).map((field, index) => {
    const config = configOf(panel.fieldConfig, field.name);
    const { text, color } = shown(row[index] ?? null, field, config, look.zone, look.units);
    return { name: look.say(field.name), text: look.say(text), color };
  });
  const isAlone = texts.length === 1;
  /** Digits are a little more than half as wide as they are high; a name stands beside its figure, or below a single one. */
  const room =
    panel.gridPos.w * 3.9 - 2 - (isAlone ? 0 : Math.max(...texts.map(({ name }) => widthOf(name)), 0));
  const size = Math.min(3.2, ...texts.slice(0, 1).map(({ text }) => room / (text.length * 0.6)));
  return (
    <div className={isAlone ? 'wall-figures wall-figure' : 'wall-figures'}>
      {texts.map(({ name, text, color }, index) => (
        <div key={name}>
          <b style={{ color, fontSize: `${index === 0 ? size : Math.min(size, 2.2)}em` }}>{text}</b>
          <span>{name}</span>
        </div>
      ))}
    </div>
  );
}

function Bars({ panel, frames, look }: Drawn) {
  const values = namedValues(frames);
  const config = configOf(panel.fieldConfig, '');
  const most = Math.max(...values.map(({ value }) => value), Number.MIN_VALUE);
  const { box, fits } = useFitting();
  return (
    <div className="wall-bars" ref={box}>
      {values.slice(0, fits).map(({ name, value }) => (
        <div key={name} className="wall-row wall-bar">
          <span className="wall-bar-name">{look.say(name)}</span>
          <span className="wall-bar-track">
            <i style={{ width: `${(value / most) * 100}%`, background: thresholdColor(value, config) }} />
          </span>
          <b>{unitText(value, config.unit, config.decimals, look.units)}</b>
        </div>
      ))}
    </div>
  );
}

/** How many rows a box has room for; half a row is none. */
function useFitting() {
  const box = useRef<HTMLDivElement>(null);
  const [fits, setFits] = useState(100);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const measure = () => {
      const row = current.querySelector('.wall-row');
      if (row) setFits(Math.max(1, Math.floor(current.clientHeight / row.getBoundingClientRect().height)));
    };
    const resized = new ResizeObserver(measure);
    resized.observe(current);
    measure();
    return () => resized.disconnect();
  }, []);
  return { box, fits };
}

/** Columns that are shown, and where their value stands: before it in the viewer's language, if the answer has it. */
function columnsOf(panel: Panel, { fields }: Frame, { say }: Look) {
  return fields.flatMap((field, place) => {
    const config = configOf(panel.fieldConfig, field.name);
    if (config['custom.hidden']) return [];
    const own = fields.findIndex(({ name }) => name !== field.name && name === say(field.name));
    return [{ field, config, places: own === -1 ? [place] : [own, place] }];
  });
}

function Rows({ panel, frames: [frame], look }: Drawn) {
  const { t } = useText();
  const { box, fits } = useFitting();
  if (!frame) return null;
  const columns = columnsOf(panel, frame, look);
  // The heading takes the room of a row.
  const room = Math.max(fits - 1, 1);
  const rows = frame.rows.slice(0, room);
  return (
    <div className="wall-table" ref={box}>
      <table>
        <thead>
          <tr className="wall-row">
            {columns.map(({ field: { name, type } }) => (
              <th key={name} className={type === 'number' ? 'wall-number' : undefined}>
                {look.say(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own, and none keeps any state
              key={place}
              className="wall-row"
            >
              {columns.map(({ field, config, places }) => {
                const value = places.map((place) => row[place] ?? null).find((each) => each !== null) ?? null;
                const { text, color } = shown(value, field, config, look.zone, look.units);
                const isColored = config['custom.cellOptions'] !== undefined;
                return (
                  <td
                    key={field.name}
                    className={field.type === 'number' ? 'wall-number' : undefined}
                    style={isColored ? { color } : undefined}
                  >
                    {look.say(text)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {frame.rows.length > rows.length && (
        <span className="wall-more">{t('wall.more', { count: frame.rows.length - rows.length })}</span>
      )}
    </div>
  );
}
