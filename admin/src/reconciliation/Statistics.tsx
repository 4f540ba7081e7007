import { useQuery } from '@tanstack/react-query';
import {
  Alert,
  Card,
  Col,
  DatePicker,
  Empty,
  Flex,
  Row as Line,
  Skeleton,
  Statistic,
  Table,
  Typography,
} from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { Link } from 'react-router';
import { ExportButton } from '../exports/ExportButton';
import { call } from '../http/client';
import { type Row, statistics } from '../http/contracts';
import { useText } from '../i18n';
import { Clipped, CopyableNumber, Money } from '../schema/Cell';
import { wordsOf } from '../schema/columns';
import { CurrencyChoice } from '../shell/CurrencyChoice';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useAsked } from '../shell/useAsked';
import { addDays, dateTimeText, fromPicker, today, toPicker } from '../time';
import { FirstOf } from './FirstOf';
import { locationOf } from './locationOf';

/** One day's figures: 当日差帐 = HIS − platform; arrived at the bank = platform − abnormal refunds. */
export default function Statistics() {
  const { t } = useText();
  const { search, go } = useAsked();
  const date = search.get('date') ?? addDays(today(), -1);
  const merchantCode = search.get('merchantCode') ?? undefined;
  const currency = search.get('currency') ?? undefined;
  const question = { date, merchantCode, currency };
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['statistics', question],
    queryFn: () => call('/reconciliation/statistics', statistics, { query: question }),
  });
  return (
    <Page
      title={t('statistics.title')}
      currency={data?.currency}
      extra={
        <>
          <DatePicker
            aria-label={t('common.date')}
            allowClear={false}
            value={toPicker(date)}
            onChange={(value) => go({ date: fromPicker(value) ?? date })}
          />
          <MerchantChoice value={merchantCode} onChange={(code) => go({ merchantCode: code })} />
          <CurrencyChoice figures={data} onChange={(code) => go({ currency: code })} />
          <ExportButton code="statistics" question={question} />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <Flex vertical gap={12}>
          {data.isHalfWritten && <Alert type="warning" showIcon message={t('statistics.halfWritten')} />}
          <Line gutter={12}>
            {(
              [
                ['his', data.hisFen, ''],
                ['platform', data.platformFen, ''],
                ['abnormalRefund', data.abnormalRefundFen, ''],
                ['difference', data.differenceFen, 'differenceSign'],
                ['bankArrival', data.bankArrivalFen, 'arrivalSign'],
              ] as const
            ).map(([name, fen, sign]) => (
              <Col key={name} flex="1 1 0">
                <Card size="small" style={{ height: '100%' }}>
                  <Statistic title={t(`statistics.${name}`)} valueRender={() => <Money fen={fen} />} />
                  <span className="quiet">{sign && t(`statistics.${sign}`)}</span>
                </Card>
              </Col>
            ))}
          </Line>
          <section className="panel" aria-label={t('statistics.refundDetail')}>
            <Flex justify="space-between" align="start">
              <h2>{t('statistics.refundDetail')}</h2>
              <ExportButton code="statistics-refunds" question={question} size="small" />
            </Flex>
            <Flex gap={24} style={{ marginBottom: 8 }} wrap>
              <span>
                {t('statistics.totalRefund')} <Money fen={data.abnormalRefundFen} strong />
              </span>
              {(['online', 'cash', 'other'] as const).map((method) => (
                <span key={method}>
                  {t(`statistics.${method}`)} <Money fen={data.refundsByMethod[method]} />
                </span>
              ))}
            </Flex>
            <Details rows={data.refundDetail} columns={refundColumns} />
          </section>
          <section className="panel" aria-label={t('statistics.differenceDetail')}>
            <Flex justify="space-between" align="start">
              <h2>{t('statistics.differenceDetail')}</h2>
              <ExportButton code="statistics-differences" question={question} size="small" />
            </Flex>
            <Typography.Paragraph type="secondary" style={{ marginBottom: 8 }}>
              {t('statistics.handled')} {data.handled} · {t('statistics.open')} {data.open} ·{' '}
              {t('statistics.carriedOut')} {data.carriedOut}
            </Typography.Paragraph>
            <FirstOf shown={data.differenceDetail.length} total={data.differenceCount} />
            <Details rows={data.differenceDetail} columns={differenceColumns} total={data.differenceCount} />
          </section>
          {data.carriedIn.length > 0 && (
            <section className="panel" aria-label={t('statistics.carriedIn')}>
              <h2>{t('statistics.carriedIn')}</h2>
              <Details rows={data.carriedIn} columns={differenceColumns} />
            </section>
          )}
        </Flex>
      )}
    </Page>
  );
}

type Draw = 'at' | 'text' | 'order' | 'money' | 'method' | 'kind';
/** Key of the title, then the field names under which the value may come, the first present one counts. */
type DetailColumn = [title: string, draw: Draw, names: string[]];

const refundColumns: DetailColumn[] = [
  ['refundAt', 'at', ['refundedAt', 'resolvedAt']],
  ['occurredAt', 'at', ['occurredAt']],
  ['cardNo', 'text', ['cardNo']],
  ['patient', 'text', ['patientName']],
  ['orderNo', 'order', ['orderNo']],
  ['refundAmount', 'money', ['amountFen', 'resolutionFen', 'refundFen']],
  ['method', 'method', ['method', 'resolution']],
];
const differenceColumns: DetailColumn[] = [
  ['at', 'at', ['occurredAt']],
  ['cardNo', 'text', ['cardNo']],
  ['patient', 'text', ['patientName']],
  ['orderNo', 'order', ['orderNo']],
  ['platformAmount', 'money', ['platformFen']],
  ['hisAmount', 'money', ['hisFen']],
  ['tradeDifference', 'money', ['differenceFen']],
  ['tradeKind', 'kind', ['tradeKind']],
  ['refundTime', 'at', ['refundedAt', 'resolvedAt']],
  ['remark', 'text', ['remark']],
];

/** `total`: how many there are, where these are the first of them. */
function Details({
  rows,
  columns,
  total = rows.length,
}: {
  rows: Row[];
  columns: DetailColumn[];
  total?: number;
}) {
  const { t, language } = useText();
  const drawn: ColumnsType<Row> = columns.map(([title, draw, names]) => ({
    key: title,
    title: t(`statistics.${title}`),
    align: draw === 'money' ? 'right' : 'left',
    render: (_, row) => {
      const value = names
        .map((name) => wordsOf(row, name, language))
        .find((candidate) => candidate !== undefined && candidate !== null);
      return <Value draw={draw} value={value} row={row} />;
    },
  }));
  return (
    <Table<Row>
      size="small"
      dataSource={rows.map((row, index) => ({ ...row, rowIndex: index }))}
      rowKey={(row) => String(row.rowIndex)}
      columns={drawn}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} /> }}
      pagination={{
        pageSize: 20,
        showQuickJumper: true,
        showTotal: () => t('common.total', { total }),
        hideOnSinglePage: true,
      }}
    />
  );
}

function Value({ draw, value, row }: { draw: Draw; value: unknown; row: Row }) {
  const { t } = useText();
  if (draw === 'order') {
    const number = locationOf(row);
    return number ? (
      <Flex gap={8}>
        <CopyableNumber value={number} />
        <Link to={`/locate?no=${encodeURIComponent(number)}`}>{t('orders.locate')}</Link>
      </Flex>
    ) : null;
  }
  if (value === undefined || value === '') return <span className="quiet">—</span>;
  switch (draw) {
    case 'at':
      return (
        <span className="number">
          {typeof value === 'string' || typeof value === 'number' ? dateTimeText(value) : ''}
        </span>
      );
    case 'money':
      return <Money fen={value} />;
    case 'method':
      return <span>{t(`statistics.methods.${String(value)}`, { defaultValue: String(value) })}</span>;
    case 'kind':
      return <span>{t(`statistics.kinds.${String(value)}`, { defaultValue: String(value) })}</span>;
    case 'text':
      return <Clipped text={String(value)} />;
    default:
      return draw satisfies never;
  }
}
