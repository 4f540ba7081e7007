import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Flex, Skeleton, Table, Tabs, Typography } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { call } from '../http/client';
import { anything, page, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { Cell } from '../schema/Cell';
import { wordsOf } from '../schema/columns';
import { Fields, useRow } from '../schema/SchemaDetail';
import { SchemaList } from '../schema/SchemaList';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';

/** 消息管理: what was told, to whom, whether it arrived and was read. */
export default function Messages() {
  const { t } = useText();
  return (
    <SchemaList
      type="message"
      title={t('menu.messages')}
      detailWidth={860}
      detailTitle={t('messages.detail')}
      detail={(id, { screen, row, reload }) => (
        <Message key={id} id={id} screen={screen} row={row} reload={reload} />
      )}
    />
  );
}

function Message({
  id,
  screen,
  row: listed,
  reload: reloadList,
}: {
  id: string;
  screen: Screen;
  row: Row | undefined;
  reload: () => void;
}) {
  const { t, language } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const top = useRef<HTMLDivElement>(null);
  const mayAct = may('update', 'message');
  const { row: message, error, reload } = useRow('messages', id, listed);

  // Looking at it is reading it.
  useEffect(() => {
    if (mayAct) call(`/monitoring/messages/${id}/read`, anything, { method: 'POST' }).catch(() => undefined);
  }, [id, mayAct]);

  if (error) return <FailureView error={error} onRetry={reload} />;
  if (!message) return <Skeleton active />;
  const act = async (action: 'acknowledge' | 'resolve') => {
    setBusy(true);
    try {
      await call(`/monitoring/messages/${id}/${action}`, anything, { method: 'POST' });
      toast.success(t(`messages.${action}d`));
      // The button that was pressed goes away: with the focus lost, Escape would no longer close the drawer.
      top.current?.focus();
      if (!listed) reload();
      reloadList();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  const isOpen = message.status === 'open';
  const title = String(wordsOf(message, 'title', language) ?? '');
  const body = String(wordsOf(message, 'body', language) ?? '');
  const orderNo = typeof message.orderNo === 'string' ? message.orderNo : '';
  return (
    <Flex vertical gap={12} ref={top} tabIndex={-1} style={{ outline: 'none' }}>
      {mayAct && message.status !== 'resolved' && (
        <Alert
          type={isOpen ? 'warning' : 'info'}
          showIcon
          message={t(isOpen ? 'messages.open' : 'messages.acknowledgedHint')}
          action={
            <Flex gap={8}>
              {isOpen && (
                <Button size="small" type="primary" loading={isBusy} onClick={() => void act('acknowledge')}>
                  {t('messages.acknowledge')}
                </Button>
              )}
              <Button size="small" loading={isBusy} onClick={() => void act('resolve')}>
                {t('messages.resolve')}
              </Button>
            </Flex>
          }
        />
      )}
      <div>
        <Typography.Title level={5} style={{ marginTop: 0 }}>
          {title}
        </Typography.Title>
        {body !== title && <Typography.Paragraph className="told">{body}</Typography.Paragraph>}
        {orderNo !== '' && may('read', 'order') && (
          <Link to={`/orders?open=${encodeURIComponent(orderNo)}`}>{t('logs.toOrder')}</Link>
        )}
      </div>
      <Fields screen={withFields(screen, message)} row={message} />
      <Tabs
        size="small"
        items={[
          ...(may('read', 'delivery')
            ? [
                {
                  key: 'deliveries',
                  label: t('messages.deliveries'),
                  children: <Deliveries messageNo={id} />,
                },
              ]
            : []),
          ...(may('read', 'alarm')
            ? [{ key: 'alarms', label: t('messages.alarms'), children: <Alarms messageNo={id} /> }]
            : []),
        ]}
      />
    </Flex>
  );
}

/** What is known of it, the words apart, in the order in which it happened. */
function withFields(screen: Screen, message: Row): Screen {
  const known = new Map(screen.fields.map((field) => [field.name, field]));
  const fields = shownFields
    .filter((name) => message[name] !== null && message[name] !== undefined && message[name] !== '')
    .flatMap((name) => known.get(name) ?? []);
  return { ...screen, fields };
}

const shownFields = [
  'level',
  'status',
  'kind',
  'count',
  'at',
  'lastAt',
  'orderNo',
  'audience',
  'delivery',
  'step',
  'nextStepAt',
  'readBy',
  'readAt',
  'acknowledgedBy',
  'acknowledgedAt',
  'resolvedBy',
  'resolvedAt',
];

const shownDeliveries = [
  'targetCode',
  'recipient',
  'purpose',
  'status',
  'deliveredAt',
  'readAt',
  'lastError',
];
const shownAlarms = ['at', 'about', 'text', 'orderNo'];

const Deliveries = ({ messageNo }: { messageNo: string }) => (
  <RowsOf
    type="delivery"
    path="/deliveries"
    messageNo={messageNo}
    fields={shownDeliveries}
    sort="createdTime:asc"
  />
);

const Alarms = ({ messageNo }: { messageNo: string }) => (
  <RowsOf type="alarm" path="/alarms" messageNo={messageNo} fields={shownAlarms} sort="at:desc" />
);

function RowsOf({
  type,
  path,
  messageNo,
  fields,
  sort,
}: {
  type: string;
  path: string;
  messageNo: string;
  fields: string[];
  sort: string;
}) {
  const { pick, t, language } = useText();
  const { data: screen } = useScreen(type);
  const [current, setCurrent] = useState(1);
  const { data, error, refetch } = useQuery({
    queryKey: [type, messageNo, current],
    queryFn: () =>
      call(path, page, {
        query: {
          'filters[messageNo][$eq]': messageNo,
          sort,
          'pagination[page]': current,
          'pagination[pageSize]': 20,
        },
      }),
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!screen || !data) return <Skeleton active />;
  const known = new Map(screen.fields.map((field) => [field.name, field]));
  return (
    <Table
      size="small"
      rowKey="documentId"
      dataSource={data.data}
      pagination={{
        current,
        pageSize: 20,
        total: data.meta?.pagination?.total ?? 0,
        hideOnSinglePage: true,
        showSizeChanger: false,
        showTotal: (total) => t('common.total', { total }),
        onChange: setCurrent,
      }}
      columns={fields.flatMap((name) => {
        const field = known.get(name);
        if (!field) return [];
        return [
          {
            key: name,
            title: pick(field.title),
            render: (_: unknown, row: Row) => (
              <Cell field={field} value={wordsOf(row, name, language)} whole={field.kind === 'text'} />
            ),
          },
        ];
      })}
    />
  );
}
