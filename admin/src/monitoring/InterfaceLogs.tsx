import { Descriptions, Flex, Segmented, Skeleton, Tag, Typography } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { Cell } from '../schema/Cell';
import { isNumberOfSomething } from '../schema/columns';
import { useRow } from '../schema/SchemaDetail';
import { SchemaList } from '../schema/SchemaList';
import { FailureView } from '../shell/FailureView';
import { useAccount } from '../shell/useAccount';
import { prettyBody } from './body';

export default function InterfaceLogs() {
  const { t } = useText();
  return (
    <SchemaList
      type="interface-log"
      title={t('menu.interfaceLogs')}
      detailWidth={900}
      detailTitle={t('logs.detail')}
      detail={(id, { screen, row }) => <LogDetail id={id} screen={screen} row={row} />}
    />
  );
}

export function LogDetail({ id, screen, row }: { id: string; screen: Screen; row: Row | undefined }) {
  const { t, pick } = useText();
  const { may } = useAccount();
  // Lists leave the bodies out.
  const listed = row?.request === undefined ? undefined : row;
  const { row: log, error, reload } = useRow('interface-logs', id, listed);
  if (error) return <FailureView error={error} onRetry={reload} />;
  if (!log) return <Skeleton active />;
  const bodies = new Set(['request', 'response']);
  return (
    <Flex vertical gap={16}>
      {typeof log.orderNo === 'string' && log.orderNo !== '' && may('read', 'order') && (
        <Flex gap={16}>
          <Link to={`/orders?open=${encodeURIComponent(log.orderNo)}`}>{t('logs.toOrder')}</Link>
          <Link to={`/interface-logs?orderNo=${encodeURIComponent(log.orderNo)}`}>{t('logs.ofOrder')}</Link>
        </Flex>
      )}
      <Descriptions
        size="small"
        bordered
        column={2}
        items={screen.fields
          .filter(({ name }) => !bodies.has(name) && log[name] !== undefined && log[name] !== null)
          .map((field) => ({
            key: field.name,
            label: field.name === 'durationMs' ? t('logs.duration') : pick(field.title),
            span: field.name === 'url' || field.name === 'traceId' ? 2 : 1,
            children:
              field.name === 'traceId' ? (
                <Link to={`/interface-logs?traceId=${encodeURIComponent(String(log.traceId))}`}>
                  {String(log.traceId)}
                </Link>
              ) : field.name === 'durationMs' ? (
                <Tag color={Number(log.durationMs) > 3000 ? 'red' : 'default'}>
                  {t('logs.ms', { ms: log.durationMs })}
                </Tag>
              ) : (
                <Cell field={field} value={log[field.name]} whole copyable={isNumberOfSomething(field)} />
              ),
          }))}
      />
      <Body title={t('logs.request')} text={log.request} />
      <Body title={t('logs.response')} text={log.response} />
    </Flex>
  );
}

function Body({ title, text }: { title: string; text: unknown }) {
  const { t } = useText();
  const [isPretty, setPretty] = useState(true);
  const body =
    typeof text === 'string' ? text : text === null || text === undefined ? '' : JSON.stringify(text);
  return (
    <section aria-label={title}>
      <Flex justify="space-between" align="center" style={{ minHeight: 30 }}>
        <h3 style={{ fontSize: 14, margin: 0 }}>{title}</h3>
        {body !== '' && (
          <Flex gap={8} align="center">
            <Segmented
              size="small"
              value={isPretty ? 'pretty' : 'raw'}
              onChange={(value) => setPretty(value === 'pretty')}
              options={[
                { value: 'pretty', label: t('logs.pretty') },
                { value: 'raw', label: t('logs.raw') },
              ]}
            />
            <Typography.Text copyable={{ text: body, tooltips: [t('common.copy'), t('common.copied')] }} />
          </Flex>
        )}
      </Flex>
      <pre className="code log-body">
        {body === '' ? t('logs.emptyBody') : isPretty ? prettyBody(body) : body}
      </pre>
    </section>
  );
}
