import {
  Button,
  Card,
  Col,
  Descriptions,
  Drawer,
  Empty,
  Flex,
  Input,
  Row as Line,
  Skeleton,
  Table,
  Tag,
} from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { LogDetail } from '../monitoring/InterfaceLogs';
import { OrderTimeline, RowsOf, useLocation } from '../orders/OrderDetail';
import { RefundModal, refundableFen } from '../orders/RefundModal';
import { Cell, CopyableNumber, Money } from '../schema/Cell';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useAccount } from '../shell/useAccount';
import { dateTimeText } from '../time';
import { currencyOf } from './currencyOf';
import { CaseDrawer } from './handling/CaseDrawer';
import { Side, Totals } from './SidesOfNumber';
import { hisSide, platformSide } from './sides';

/** One number, the two sides next to each other, so that one sees which is missing. */
export default function Locate() {
  const { t } = useText();
  const [search, setSearch] = useSearchParams();
  const number = search.get('no') ?? '';
  const [typed, setTyped] = useState(number);
  const { may } = useAccount();
  const located = useLocation(number);
  const [isRefunding, setRefunding] = useState(false);
  const [handling, setHandling] = useState<Row>();
  const [log, setLog] = useState<Row>();
  const { data: logScreen } = useScreen('interface-log', may('read', 'interface-log'));
  const facts = located.data;
  const order = facts?.order ?? undefined;
  const reload = () => void located.refetch();

  return (
    <Page
      title={t('locate.title')}
      currency={currencyOf(order ?? facts?.discrepancies[0] ?? facts?.hisRecords[0])}
      extra={
        <Input.Search
          aria-label={t('locate.number')}
          placeholder={t('locate.placeholder')}
          enterButton={t('common.search')}
          allowClear
          style={{ width: 420 }}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onSearch={(text) => setSearch(text.trim() ? { no: text.trim() } : {})}
        />
      }
    >
      {number === '' && (
        <div className="panel">
          <Empty description={t('locate.hint')} />
        </div>
      )}
      {located.error && <FailureView error={located.error} onRetry={reload} />}
      {number !== '' && located.isPending && <Skeleton active />}
      {facts && (
        <Flex vertical gap={12}>
          <Totals his={hisSide(facts)} platform={platformSide(facts)} />
          <Line gutter={12}>
            <Col span={12}>
              <Side
                title={t('locate.his')}
                missing={t('locate.hisMissing')}
                lines={hisSide(facts)}
                kind="his"
              />
            </Col>
            <Col span={12}>
              <Side
                title={t('locate.thirdParty')}
                missing={t('locate.platformMissing')}
                lines={platformSide(facts)}
                kind="platform"
                extra={
                  order &&
                  may('refund', 'order') && (
                    <Button
                      type="primary"
                      danger
                      size="small"
                      disabled={refundableFen(order) <= 0n}
                      onClick={() => setRefunding(true)}
                    >
                      {t('orders.refund')}
                    </Button>
                  )
                }
              />
            </Col>
          </Line>
          {facts.discrepancies.length > 0 && <Cases rows={facts.discrepancies} onHandle={setHandling} />}
          {may('read', 'bill-archive') && <BillLines rows={facts.billLines} />}
          <Line gutter={12}>
            <Col span={may('read', 'interface-log') ? 12 : 24}>
              <Card size="small" title={t('locate.timeline')}>
                <OrderTimeline events={facts.timeline} />
              </Card>
            </Col>
            {may('read', 'interface-log') && (
              <Col span={12}>
                <Card size="small" title={t('orders.interfaceLogs')}>
                  <RowsOf
                    type="interface-log"
                    rows={facts.interfaceLogs}
                    fields={['at', 'method', 'tradeType', 'httpStatus', 'durationMs', 'errorCode']}
                    onOpen={setLog}
                  />
                </Card>
              </Col>
            )}
          </Line>
        </Flex>
      )}
      <Drawer
        open={log !== undefined}
        onClose={() => setLog(undefined)}
        width={900}
        destroyOnHidden
        title={t('logs.detail')}
      >
        {log && logScreen && <LogDetail id="" screen={logScreen} row={log} />}
      </Drawer>
      {isRefunding && order && (
        <RefundModal
          order={order}
          onClose={() => setRefunding(false)}
          onDone={() => {
            setRefunding(false);
            reload();
          }}
        />
      )}
      <CaseDrawer
        caseNo={handling === undefined ? undefined : String(handling.caseNo)}
        onClose={() => setHandling(undefined)}
        onChanged={reload}
      />
    </Page>
  );
}

/** What the channel's bill says, word for word. */
function BillLines({ rows }: { rows: Row[] }) {
  const { t } = useText();
  return (
    <Card size="small" title={t('locate.billLines')} role="region" aria-label={t('locate.billLines')}>
      {rows.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('locate.noBillLines')} />
      )}
      <Flex vertical gap={12}>
        {rows.map((line) => (
          <div key={`${String(line.date)} ${String(line.lineNo)}`}>
            <Descriptions
              size="small"
              column={6}
              items={[
                {
                  key: 'kind',
                  label: t('locate.billKind'),
                  children: (
                    <Tag color={line.kind === 'refund' ? 'purple' : 'blue'}>
                      {line.kind === 'refund' ? t('locate.refund') : t('locate.charge')}
                    </Tag>
                  ),
                },
                {
                  key: 'bill',
                  label: t('locate.bill'),
                  children: (
                    <span className="number">
                      {t('locate.billLine', { date: line.date, line: line.lineNo })}
                    </span>
                  ),
                },
                {
                  key: 'at',
                  label: t('locate.at'),
                  children: (
                    <span className="number">
                      {typeof line.occurredAt === 'number' ? dateTimeText(line.occurredAt) : ''}
                    </span>
                  ),
                },
                { key: 'amount', label: t('locate.amount'), children: <Money fen={line.amountFen} strong /> },
                { key: 'fee', label: t('locate.fee'), children: <Money fen={line.feeFen} /> },
                {
                  key: 'channelNo',
                  label: t('locate.channelNo'),
                  children: <CopyableNumber value={String(line.channelNo ?? '')} />,
                },
              ]}
            />
            {typeof line.raw === 'string' ? (
              <pre className="code raw-line">{line.raw}</pre>
            ) : (
              <span className="quiet">{t('locate.rawHidden')}</span>
            )}
          </div>
        ))}
      </Flex>
    </Card>
  );
}

function Cases({ rows, onHandle }: { rows: Row[]; onHandle: (row: Row) => void }) {
  const { t, pick } = useText();
  const { data: screen } = useScreen('discrepancy');
  const names = [
    'caseNo',
    'kind',
    'tradeKind',
    'part',
    'platformFen',
    'hisFen',
    'differenceFen',
    'status',
    'resolution',
    'resolutionNote',
    'resolvedBy',
  ];
  const columns: ColumnsType<Row> = names.flatMap((name) => {
    const field = screen?.fields.find((candidate) => candidate.name === name);
    if (!field) return [];
    return [
      {
        key: name,
        title: pick(field.title),
        align: field.kind === 'money' ? ('right' as const) : ('left' as const),
        render: (_: unknown, row: Row) => <Cell field={field} value={row[name]} currency={row.currency} />,
      },
    ];
  });
  columns.push({
    key: 'actions',
    title: t('common.actions'),
    render: (_, row) => (
      <Button type="link" size="small" className="cell-link" onClick={() => onHandle(row)}>
        {t('locate.handle')}
      </Button>
    ),
  });
  return (
    <Card size="small" title={t('locate.cases')}>
      <Table<Row>
        size="small"
        columns={columns}
        dataSource={rows}
        rowKey={(row) => String(row.caseNo)}
        pagination={false}
        scroll={{ x: 'max-content' }}
      />
    </Card>
  );
}
