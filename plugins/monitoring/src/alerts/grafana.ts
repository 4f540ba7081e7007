import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Alarm } from '../messages/book';
import { scrub } from '../scrub';

/** As the provisioned contact point of `dashboards/` names them. */
export const signatureHeader = 'x-grafana-alerting-signature';
export const timestampHeader = 'x-grafana-alerting-timestamp';
const longestAgeMs = 5 * 60_000;

export interface Signed {
  body: string;
  signature: string;
  timestamp: string;
}

/** HMAC-SHA256 over `<seconds>:<body>`, hexadecimal; a signature is good for five minutes. */
export function verifyGrafana(
  { body, signature, timestamp }: Signed,
  secret: string,
  now: Date,
): 'ok' | 'bad' | 'stale' {
  const expected = createHmac('sha256', secret).update(`${timestamp}:${body}`).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'bad';
  const age = Math.abs(now.getTime() - Number(timestamp) * 1000);
  return age <= longestAgeMs ? 'ok' : 'stale';
}

const labels = z.record(z.string(), z.string()).catch({});
const grafanaAlert = z.object({
  status: z.enum(['firing', 'resolved']),
  fingerprint: z.string().min(1).max(128),
  startsAt: z.string(),
  labels,
  annotations: labels,
  values: z.record(z.string(), z.number()).nullish().catch(null),
});
const payload = z.object({ alerts: z.array(z.unknown()).min(1).max(10_000) });

export interface GrafanaNews {
  alarms: Alarm[];
  /** What of it is no alert that can be read. */
  malformed: string[];
}

const levelOf = (severity: string | undefined): Alarm['level'] =>
  severity === 'critical' ? 'critical' : severity === 'info' ? 'info' : 'warning';

/** What Grafana sent, alert by alert: one that cannot be read takes none of the others along. */
export function readGrafana(body: string): GrafanaNews {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { alarms: [], malformed: [body] };
  }
  const whole = payload.safeParse(parsed);
  if (!whole.success) return { alarms: [], malformed: [body] };
  const news: GrafanaNews = { alarms: [], malformed: [] };
  for (const each of whole.data.alerts) {
    const alert = grafanaAlert.safeParse(each);
    if (alert.success) news.alarms.push(alarmOf(alert.data));
    else news.malformed.push(JSON.stringify(each) ?? '');
  }
  return news;
}

function alarmOf({
  status,
  fingerprint,
  startsAt,
  labels: named,
  annotations,
  values,
}: z.output<typeof grafanaAlert>): Alarm {
  const isOver = status === 'resolved';
  const about = ['channel', 'account_code', 'topic'].flatMap((name) => named[name] ?? []).join(' ');
  const value = Object.values(values ?? {})[0];
  const name = named.alertname || fingerprint;
  const detail = (summary: string | undefined, description: string | undefined) =>
    [summary || name, about, value === undefined ? '' : `= ${value}`, description ?? '']
      .filter(Boolean)
      .join(' ');
  const { summary, description, summary_en = summary, description_en = description } = annotations;
  return {
    kind: 'grafana',
    level: isOver ? 'info' : levelOf(named.severity),
    zh: detail(summary, description),
    en: detail(summary_en, description_en),
    orderNo: null,
    about: fingerprint,
    isOver,
    dedupeKey: `grafana:${fingerprint}:${startsAt}:${status}`,
  };
}

/** Nothing that came signed is lost: what cannot be read is a message too, once for each text. */
export function malformedAlarm(text: string): Alarm {
  const said = scrub(text).slice(0, 500);
  return {
    kind: 'grafana',
    level: 'warning',
    zh: `收到无法识别的 Grafana 告警：${said}`,
    en: `Grafana sent an alert that cannot be read: ${said}`,
    orderNo: null,
    about: 'malformed',
    dedupeKey: `grafana-malformed:${createHash('sha256').update(text).digest('hex')}`,
  };
}
