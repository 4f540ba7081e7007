import { useQuery } from '@tanstack/react-query';
import { Alert, App, Button, Empty, Flex, Table, Tag, Typography } from 'antd';
import { useState } from 'react';
import { call } from '../../http/client';
import { page, type Row } from '../../http/contracts';
import { useText } from '../../i18n';
import { fenText } from '../../money';
import { ChannelName, CopyableNumber, Money } from '../../schema/Cell';
import { FailureView } from '../../shell/FailureView';
import { Page } from '../../shell/Page';
import { useAccount } from '../../shell/useAccount';
import { dateTimeText } from '../../time';
import { locationOf } from '../locationOf';
import { AskNote } from './AskNote';
import { refundsOf } from './approving';
import { CaseDrawer } from './CaseDrawer';
import { useActs, usePeople } from './useActs';

const most = 200;

/** What waits for a second person, oldest first. One's own proposals stand here too, but somebody else decides on them. */
export default function Approvals() {
  const { t, language } = useText();
  const { account } = useAccount();
  const { modal } = App.useApp();
  const { nameOf } = usePeople();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['case', 'approvals'],
    queryFn: () =>
      call('/discrepancies', page, {
        query: {
          'filters[status][$eq]': 'pending_approval',
          'sort[0]': 'proposedAt:asc',
          'pagination[pageSize]': most,
        },
      }),
    refetchInterval: 30_000,
  });
  const [chosen, setChosen] = useState<string[]>([]);
  const [opened, setOpened] = useState<string>();
  const [rejecting, setRejecting] = useState<string[]>();
  const { run, isBusy } = useActs(() => {
    setChosen([]);
    void refetch();
  });
  const rows = data?.data ?? [];
  const isMine = (row: Row) => row.proposedBy === account?.username;
  const seenOf = (caseNos: string[]) =>
    Object.fromEntries(
      rows
        .filter((row) => caseNos.includes(String(row.caseNo)))
        .map((row) => [String(row.caseNo), String(row.proposedAt)]),
    );
  const judge = (caseNos: string[], act: object) => run('judge', { caseNos, act, seen: seenOf(caseNos) });
  /** Money that leaves by the approval itself is named before it does. */
  const approve = (caseNos: string[]) => {
    const { count, totals } = refundsOf(rows.filter((row) => caseNos.includes(String(row.caseNo))));
    const go = () => judge(caseNos, { do: 'approve' });
    if (count === 0) return void go();
    const total = totals.map(({ fen, currency }) => `${currency} ${fenText(fen, { currency })}`).join(' + ');
    modal.confirm({
      title: t('handling.approveRefunds', { count, total }),
      okText: t('handling.approve'),
      cancelText: t('common.cancel'),
      onOk: go,
    });
  };
  return (
    <Page title={t('menu.approvals')}>
      <Alert type="info" showIcon message={t('handling.fourEyes')} style={{ marginBottom: 10 }} />
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      <div className="panel">
        <Flex gap={8} align="center" style={{ marginBottom: 8, minHeight: 24 }}>
          {chosen.length === 0 ? (
            <span className="quiet">{t('common.total', { total: rows.length })}</span>
          ) : (
            <>
              <span>{t('handling.chosen', { count: chosen.length })}</span>
              <Button type="primary" size="small" loading={isBusy} onClick={() => approve(chosen)}>
                {t('handling.approve')}
              </Button>
              <Button size="small" danger disabled={isBusy} onClick={() => setRejecting(chosen)}>
                {t('handling.reject')}
              </Button>
            </>
          )}
        </Flex>
        <Table<Row>
          size="small"
          loading={isFetching && { delay: 200 }}
          dataSource={rows}
          rowKey={(row) => String(row.caseNo)}
          rowSelection={{
            selectedRowKeys: chosen,
            onChange: (keys) => setChosen(keys.map(String)),
            getCheckboxProps: (row) => ({ disabled: isMine(row) }),
          }}
          pagination={{ pageSize: 50, hideOnSinglePage: true }}
          tableLayout="fixed"
          locale={{
            emptyText: (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('handling.nothingPending')} />
            ),
          }}
          columns={[
            {
              title: t('handling.proposedBy'),
              width: 152,
              render: (_, row) => (
                <>
                  <div>
                    {nameOf(String(row.proposedBy))} {isMine(row) && <Tag>{t('handling.mine')}</Tag>}
                  </div>
                  <span className="number quiet">{dateTimeText(String(row.proposedAt))}</span>
                </>
              ),
            },
            {
              title: t('handling.proposal'),
              width: language === 'en' ? 168 : 110,
              render: (_, row) => t(`handling.proposals.${String(row.proposedAction)}`),
            },
            {
              title: t('handling.amount'),
              align: 'right',
              width: 100,
              render: (_, row) => <Money fen={row.proposedFen} currency={row.currency} strong />,
            },
            {
              title: t('handling.why'),
              render: (_, row) => {
                const why = String(row.proposedNote ?? '');
                return (
                  <Typography.Paragraph className="why" ellipsis={{ rows: 2, tooltip: why }}>
                    {why}
                  </Typography.Paragraph>
                );
              },
            },
            {
              title: t('handling.number'),
              width: 210,
              render: (_, row) => (
                <>
                  <CopyableNumber value={locationOf(row)} />
                  <div className="quiet">
                    <ChannelName code={row.payType} />
                  </div>
                </>
              ),
            },
            {
              title: t('handling.difference'),
              align: 'right',
              width: 100,
              render: (_, row) => <Money fen={row.differenceFen} currency={row.currency} />,
            },
            {
              title: t('common.actions'),
              width: language === 'en' ? 172 : 132,
              render: (_, row) => {
                const caseNo = String(row.caseNo);
                return (
                  <Flex gap={10}>
                    <Button type="link" size="small" className="cell-link" onClick={() => setOpened(caseNo)}>
                      {t('common.view')}
                    </Button>
                    {!isMine(row) && (
                      <>
                        <Button
                          type="link"
                          size="small"
                          className="cell-link"
                          disabled={isBusy}
                          onClick={() => approve([caseNo])}
                        >
                          {t('handling.approve')}
                        </Button>
                        <Button
                          type="link"
                          size="small"
                          danger
                          className="cell-link"
                          disabled={isBusy}
                          onClick={() => setRejecting([caseNo])}
                        >
                          {t('handling.reject')}
                        </Button>
                      </>
                    )}
                  </Flex>
                );
              },
            },
          ]}
        />
      </div>
      <CaseDrawer caseNo={opened} onClose={() => setOpened(undefined)} onChanged={() => void refetch()} />
      {rejecting && (
        <AskNote
          title={t('handling.reject')}
          isBusy={isBusy}
          onClose={() => setRejecting(undefined)}
          onSay={async (note) => {
            if (await judge(rejecting, { do: 'reject', note })) setRejecting(undefined);
          }}
        />
      )}
    </Page>
  );
}
