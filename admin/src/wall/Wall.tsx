import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { leave } from '../http/account';
import { call, onSignedOut } from '../http/client';
import { useText } from '../i18n';
import type { Look } from './chartOptions';
import { type Board, boardList } from './contracts';
import { momentText } from './field';
import { PanelView } from './PanelView';
import { type Figures, useFigures } from './useFigures';
import './wall.css';

/** Figures that were counted longer ago than this, or missed so many rounds, are said to be old. */
const staleMs = 60_000;
const missedRounds = 3;
const playSeconds = 60;
const leastRefreshSeconds = 2;

const numberOf = (text: string | null): number | undefined =>
  text && /^\d+$/.test(text) ? Number(text) : undefined;

/** 监控大屏: a screen that nobody touches. The address says what it shows: `board`, `play`, `refresh`, and the choosers. */
export default function Wall() {
  const { t, pick } = useText();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const { data: boards = [] } = useQuery({
    queryKey: ['wall-boards'],
    queryFn: () => call('/monitoring/wall', boardList),
    retry: true,
    retryDelay: 5000,
  });
  const uid = search.get('board') ?? boards[0]?.uid;
  const play = numberOf(search.get('play'));

  useEffect(
    () =>
      onSignedOut(() => {
        leave();
        const here = `${window.location.pathname}${window.location.search}`;
        navigate(`/sign-in?to=${encodeURIComponent(here)}`, { replace: true });
      }),
    [navigate],
  );

  const set = (name: string, value: string | undefined) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );

  useEffect(() => {
    if (!play || boards.length < 2) return;
    const timer = setInterval(() => {
      setSearch(
        (before) => {
          const shown = before.get('board') ?? boards[0]?.uid;
          const next = boards[(boards.findIndex((one) => one.uid === shown) + 1) % boards.length];
          const params = new URLSearchParams(before);
          if (next) params.set('board', next.uid);
          return params;
        },
        { replace: true },
      );
    }, play * 1000);
    return () => clearInterval(timer);
  }, [play, boards, setSearch]);

  return (
    <main className="wall">
      {uid && (
        <Showing
          key={uid}
          uid={uid}
          search={search}
          tools={
            <>
              <select
                aria-label={t('wall.board')}
                value={uid}
                onChange={(event) => set('board', event.target.value)}
              >
                {boards.map((one) => (
                  <option key={one.uid} value={one.uid}>
                    {pick({ zh: one.title, en: one.titleEn })}
                  </option>
                ))}
              </select>
              <button type="button" onClick={() => set('play', play ? undefined : String(playSeconds))}>
                {play ? t('wall.stop') : t('wall.play')}
              </button>
              <Link to="/">{t('wall.leave')}</Link>
            </>
          }
          onChoose={set}
        />
      )}
    </main>
  );
}

interface ShowingProps {
  uid: string;
  search: URLSearchParams;
  tools: React.ReactNode;
  onChoose: (name: string, value: string | undefined) => void;
}

const ours = new Set(['board', 'play', 'refresh']);

function Showing({ uid, search, tools, onChoose }: ShowingProps) {
  const { t } = useText();
  const refresh = numberOf(search.get('refresh'));
  const chosen = new URLSearchParams([...search].filter(([name]) => !ours.has(name)));
  const figures = useFigures(
    uid,
    chosen.size > 0 ? `?${chosen}` : '',
    refresh === undefined ? undefined : Math.max(refresh, leastRefreshSeconds),
  );
  const { board, answer } = figures;
  const say = useSay(board);
  const look = useLook(board, answer, say);
  const rows = Math.max(...(board?.panels ?? []).map(({ gridPos: { y, h } }) => y + h), 1);
  return (
    <>
      <header>
        <h1>{board ? say(board.title) : t('wall.title')}</h1>
        <nav>
          {board?.choices.map(({ name, label, values }) => (
            <select
              key={name}
              aria-label={say(label)}
              value={search.get(name) ?? ''}
              onChange={(event) => onChoose(name, event.target.value)}
            >
              <option value="">{t('wall.all', { label: say(label) })}</option>
              {values.map(({ value, text }) => (
                <option key={value} value={value}>
                  {say(text)}
                </option>
              ))}
            </select>
          ))}
          {tools}
        </nav>
        <Clock zone={board?.zone} aheadMs={answer ? Date.parse(answer.at) - figures.answeredAt : undefined} />
      </header>
      <Staleness figures={figures} refreshSeconds={refresh ?? board?.refreshSeconds ?? 30} />
      <div className="wall-grid" style={{ gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))` }}>
        {look &&
          board?.panels.map((panel) => (
            <PanelView key={panel.id} panel={panel} answer={answer?.panels[panel.id]} look={look} />
          ))}
      </div>
    </>
  );
}

const measure = () => Math.min(window.innerWidth / 1920, window.innerHeight / 1080);

function useScale(): number {
  const [scale, setScale] = useState(measure);
  useEffect(() => {
    const resize = () => setScale(measure());
    window.addEventListener('resize', resize);
    return () => window.removeEventListener('resize', resize);
  }, []);
  return scale;
}

/** What a dashboard says, in the viewer's language: whole, or its parts between dots and up to a colon. */
function useSay(board: Board | undefined): Look['say'] {
  const { language } = useText();
  return useCallback(
    (text) => {
      if (language === 'zh' || !board) return text;
      const english = (part: string) => board.english[part] ?? part;
      return (
        board.english[text] ??
        text
          .split(/(?= · )|(?<= · )|(?<=:)/)
          .map(english)
          .join('')
      );
    },
    [board, language],
  );
}

function useLook(board: Board | undefined, answer: Figures['answer'], say: Look['say']): Look | undefined {
  const { t } = useText();
  const scale = useScale();
  return useMemo(
    () =>
      board &&
      answer && {
        scale,
        zone: board.zone,
        units: {
          day: t('wall.units.day'),
          hour: t('wall.units.hour'),
          minute: t('wall.units.minute'),
          second: t('wall.units.second'),
        },
        say,
        from: Date.parse(answer.from),
        to: Date.parse(answer.to),
      },
    [board, answer, scale, say, t],
  );
}

/** Re-renders whoever uses it once a second. */
function useSecond(): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The hospital's time by the server's clock. */
function Clock({ zone, aheadMs }: { zone: string | undefined; aheadMs: number | undefined }) {
  const now = useSecond();
  if (zone === undefined || aheadMs === undefined) return <time />;
  return <time>{momentText(now + aheadMs, zone)}</time>;
}

function Staleness({ figures, refreshSeconds }: { figures: Figures; refreshSeconds: number }) {
  const { t, pick } = useText();
  const now = useSecond();
  const { answer, answeredAt, failure, board } = figures;
  const silentMs = now - answeredAt;
  const time = answer && board ? momentText(Date.parse(answer.at), board.zone) : '—';
  if (failure || silentMs > refreshSeconds * 1000 * missedRounds) {
    return (
      <p className="wall-banner wall-banner-lost" role="alert">
        {t('wall.lost', { time, seconds: Math.round(silentMs / 1000) })} {failure ? pick(failure) : ''}
      </p>
    );
  }
  if (answer && board && Date.parse(answer.at) - Date.parse(answer.countedAt) > staleMs) {
    return (
      <p className="wall-banner" role="alert">
        {t('wall.stale', { time: momentText(Date.parse(answer.countedAt), board.zone) })}
      </p>
    );
  }
  return null;
}
