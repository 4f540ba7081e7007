import { Alert, Button, Empty, Flex, Modal, Popconfirm, Table, Tag } from 'antd';
import { useState } from 'react';
import { z } from 'zod';
import { call } from '../http/client';
import { anything, type Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaForm } from '../schema/SchemaForm';
import { SchemaList } from '../schema/SchemaList';
import { useChannels, useMerchants } from '../shell/references';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';

const trial = z.object({
  knowsPast: z.boolean(),
  now: z.array(
    z.object({ subject: z.string(), value: z.string(), samples: z.number(), isOver: z.boolean() }),
  ),
  episodes: z.array(
    z.object({ subject: z.string(), from: z.string(), to: z.string().nullable(), worst: z.string() }),
  ),
});
type Trial = z.infer<typeof trial>;

/** 告警规则: thresholds without code; tried on the last day before they are saved, and fired for a test. */
export default function AlertRules() {
  const { t } = useText();
  return (
    <SchemaList
      type="alert-rule"
      title={t('menu.alertRules')}
      actionsWidth={152}
      viewable={false}
      rowActions={(row, { screen }) =>
        screen.can.update === true ? <TestFire code={String(row.code)} /> : null
      }
      form={(id, { screen, row, done }) => (
        <>
          <Alert type="info" showIcon message={t('alerts.explain')} style={{ marginBottom: 16 }} />
          <SchemaForm
            key={id ?? 'new'}
            screen={screen}
            id={id}
            row={row}
            onDone={done}
            tools={(read) => <TryOut read={read} />}
          />
        </>
      )}
    />
  );
}

function TestFire({ code }: { code: string }) {
  const { t } = useText();
  const toast = useToast();
  const fire = () =>
    call(`/monitoring/alert-rules/${encodeURIComponent(code)}/test`, anything, {
      method: 'POST',
      body: {},
    }).then(() => toast.success(t('alerts.fired')), toast.failure);
  return (
    <Popconfirm
      title={t('alerts.fireSure')}
      okText={t('alerts.fire')}
      cancelText={t('common.cancel')}
      onConfirm={() => void fire()}
    >
      <Button type="link" size="small" className="cell-link">
        {t('alerts.fire')}
      </Button>
    </Popconfirm>
  );
}

function TryOut({ read }: { read: () => Promise<Row> }) {
  const { t } = useText();
  const toast = useToast();
  const [shown, setShown] = useState<Trial>();
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    const rule = await read().catch(() => undefined);
    if (!rule) return;
    setBusy(true);
    try {
      setShown(await call('/monitoring/alert-rules/trial', trial, { method: 'POST', body: { rule } }));
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button loading={isBusy} onClick={() => void run()}>
        {t('alerts.tryOut')}
      </Button>
      <Modal
        open={shown !== undefined}
        width={680}
        title={t('alerts.trialTitle')}
        footer={null}
        onCancel={() => setShown(undefined)}
      >
        {shown && <Outcome trial={shown} />}
      </Modal>
    </>
  );
}

function Outcome({ trial: { now, episodes, knowsPast } }: { trial: Trial }) {
  const { t } = useText();
  const { titleOf } = useChannels();
  const { nameOf } = useMerchants();
  const about = (subject: string) => (subject === '' ? t('alerts.whole') : titleOf(nameOf(subject)));
  return (
    <Flex vertical gap={12}>
      <Table
        size="small"
        rowKey="subject"
        pagination={false}
        dataSource={now}
        locale={{ emptyText: t('alerts.noFigure') }}
        columns={[
          { title: t('alerts.subject'), render: (_, row) => about(row.subject) },
          { title: t('alerts.now'), dataIndex: 'value', align: 'right' },
          { title: t('alerts.samples'), dataIndex: 'samples', align: 'right' },
          {
            title: t('alerts.verdict'),
            render: (_, { isOver }) => (
              <Tag color={isOver ? 'error' : 'success'}>{t(isOver ? 'alerts.over' : 'alerts.fine')}</Tag>
            ),
          },
        ]}
      />
      {!knowsPast && <Alert type="info" showIcon message={t('alerts.presentOnly')} />}
      {knowsPast && episodes.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('alerts.silent')} />
      )}
      {episodes.length > 0 && (
        <Table
          size="small"
          title={() => <strong>{t('alerts.episodes', { count: episodes.length })}</strong>}
          rowKey={({ subject, from }) => `${subject} ${from}`}
          pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
          dataSource={episodes}
          columns={[
            { title: t('alerts.subject'), render: (_, row) => about(row.subject) },
            { title: t('alerts.from'), render: (_, { from }) => dateTimeText(from) },
            { title: t('alerts.to'), render: (_, { to }) => (to ? dateTimeText(to) : t('alerts.still')) },
            { title: t('alerts.value'), dataIndex: 'worst', align: 'right' },
          ]}
        />
      )}
    </Flex>
  );
}
