import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Flex, Skeleton, Table, Tabs } from 'antd';
import { useEffect, useState } from 'react';
import { call } from '../http/client';
import { anything, page, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { Cell } from '../schema/Cell';
import { SchemaDetail } from '../schema/SchemaDetail';
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
  row,
  reload,
}: {
  id: string;
  screen: Screen;
  row: Row | undefined;
  reload: () => void;
}) {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const mayAct = may('update', 'message');

  // Looking at it is reading it.
  useEffect(() => {
    if (mayAct) call(`/monitoring/messages/${id}/read`, anything, { method: 'POST' }).catch(() => undefined);
  }, [id, mayAct]);

  const act = async (action: 'acknowledge' | 'resolve') => {
    setBusy(true);
    try {
      await call(`/monitoring/messages/${id}/${action}`, anything, { method: 'POST' });
      toast.success(t(`messages.${action}d`));
      reload();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  const isOpen = row?.status === 'open';
  return (
    <Flex vertical gap={12}>
      {mayAct && row && row.status !== 'resolved' && (
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
      <SchemaDetail screen={screen} id={id} row={row} />
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

const shownDeliveries = [
  'targetCode',
  'recipient',
  'purpose',
  'status',
  'deliveredAt',
  'readAt',
  'lastError',
];
const shownAlarms = ['at', 'text', 'orderNo'];

const Deliveries = ({ messageNo }: { messageNo: string }) => (
  <RowsOf
    type="delivery"
    path="/deliveries"
    messageNo={messageNo}
    fields={shownDeliveries}
    sort="createdTime:asc"
  />
);

function Alarms({ messageNo }: { messageNo: string }) {
  const { language } = useText();
  const fields = shownAlarms.map((name) => (name === 'text' && language === 'en' ? 'textEn' : name));
  return <RowsOf type="alarm" path="/alarms" messageNo={messageNo} fields={fields} sort="at:desc" />;
}

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
  const { pick, t } = useText();
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
      scroll={{ x: 'max-content' }}
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
            render: (_: unknown, row: Row) =>
              name === 'targetCode' && row[name] === 'in-app' ? (
                t('messages.inApp')
              ) : (
                <Cell field={field} value={row[name]} />
              ),
          },
        ];
      })}
    />
  );
}
