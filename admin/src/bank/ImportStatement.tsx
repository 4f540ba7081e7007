import { InboxOutlined } from '@ant-design/icons';
import { Alert, Button, Flex, Form, InputNumber, Modal, Select, Steps, Table, Upload } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { failureOf } from '../http/client';
import type { Failure } from '../http/failure';
import { sendFile } from '../http/files';
import { useText } from '../i18n';
import { Clipped, Money } from '../schema/Cell';
import { useToast } from '../shell/useToast';
import { imported, type Mapping, type Preview, preview, type StatementLine } from './contracts';

const columnFields = [
  'date',
  'time',
  'credit',
  'debit',
  'amount',
  'direction',
  'balance',
  'counterparty',
  'summary',
  'reference',
] as const;

/** A bank's file, step by step: which account, which column is what, what will be imported. */
export function ImportStatement({
  banks,
  onClose,
}: {
  banks: { value: string; label: string }[];
  onClose: () => void;
}) {
  const { t, pick } = useText();
  const toast = useToast();
  const [bankAccountCode, setBankAccountCode] = useState(banks.length === 1 ? banks[0]?.value : undefined);
  const [file, setFile] = useState<File>();
  const [read, setRead] = useState<Preview>();
  const [mapping, setMapping] = useState<Partial<Mapping>>({ headerLine: 1 });
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);

  const working = async (work: () => Promise<void>) => {
    setBusy(true);
    setFailure(undefined);
    await work().catch((error: unknown) => setFailure(failureOf(error)));
    setBusy(false);
  };
  const isComplete = (wanted: Partial<Mapping>): boolean =>
    Boolean(wanted.date && (wanted.credit || wanted.amount));
  const look = (chosen: File, wanted?: Partial<Mapping>) =>
    working(async () => {
      const told = await sendFile('/reconciliation/bank/statements/preview', preview, {
        query: { bankAccountCode, mapping: wanted && JSON.stringify(wanted) },
        file: chosen,
      });
      setFile(chosen);
      setRead(told);
      if (told.mapping) setMapping(told.mapping);
    });
  const change = (more: Partial<Mapping>) => {
    const next: Partial<Mapping> = { ...mapping, ...more };
    setMapping(next);
    if (file && isComplete(next)) void look(file, next);
  };
  const send = () =>
    working(async () => {
      if (!file) return;
      const told = await sendFile('/reconciliation/bank/statements', imported, {
        query: { bankAccountCode, fileName: file.name, mapping: JSON.stringify(mapping) },
        file,
      });
      if (told.repeated) toast.info(t('bank.sameFile'));
      else toast.success(t('bank.importedCount', told));
      onClose();
    });

  const header = read?.rows[(mapping.headerLine ?? 1) - 1] ?? [];
  const columns = [...new Set(header.filter((cell) => cell !== ''))].map((cell) => ({
    value: cell,
    label: cell,
  }));
  const isReady =
    read !== undefined &&
    read.lineCount > 0 &&
    read.problemCount === 0 &&
    read.missing.length === 0 &&
    isComplete(mapping);

  return (
    <Modal
      open
      width={1080}
      style={{ top: 24 }}
      title={t('bank.import')}
      onCancel={onClose}
      footer={
        <Flex justify="end" gap={8}>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="primary" disabled={!isReady} loading={busy} onClick={() => void send()}>
            {t('bank.importNow', { lines: read?.lineCount ?? 0 })}
          </Button>
        </Flex>
      }
    >
      <Flex vertical gap={12}>
        <Steps
          size="small"
          current={read ? 1 : 0}
          items={[{ title: t('bank.stepFile') }, { title: t('bank.stepColumns') }]}
        />
        <Flex gap={12} align="center" wrap>
          <Select
            aria-label={t('bank.account')}
            placeholder={t('bank.chooseAccount')}
            style={{ width: 240 }}
            value={bankAccountCode}
            options={banks}
            onChange={setBankAccountCode}
          />
          {banks.length === 0 && <Link to="/bank-accounts">{t('bank.makeAccount')}</Link>}
          {file && (
            <span className="quiet">
              {file.name} {read?.encoding ?? ''}
            </span>
          )}
        </Flex>
        {!read && (
          <Upload.Dragger
            accept=".csv,.txt,.xlsx"
            disabled={bankAccountCode === undefined || busy}
            showUploadList={false}
            beforeUpload={(chosen) => {
              void look(chosen);
              return false;
            }}
          >
            <p>
              <InboxOutlined style={{ fontSize: 32 }} />
            </p>
            <p>{t('bank.drop')}</p>
            <p className="quiet">{t('bank.dropHint')}</p>
          </Upload.Dragger>
        )}
        {failure && (
          <Alert
            type="error"
            showIcon
            role="alert"
            message={`${pick(failure)} [${failure.code}]`}
            description={
              typeof failure.details.lineNo === 'number'
                ? t('bank.atLine', { lineNo: failure.details.lineNo })
                : undefined
            }
          />
        )}
        {read && (
          <>
            <Alert
              type={read.origin === 'saved' ? 'success' : 'info'}
              showIcon
              message={t(`bank.mapping.${read.origin}`)}
            />
            <Form layout="inline" style={{ rowGap: 8 }}>
              <Form.Item label={t('bank.headerLine')}>
                <InputNumber
                  min={1}
                  max={200}
                  value={mapping.headerLine ?? 1}
                  onChange={(headerLine) => change({ headerLine: headerLine ?? 1 })}
                  style={{ width: 70 }}
                />
              </Form.Item>
              {columnFields.map((name) => (
                <Form.Item key={name} label={t(`bank.column.${name}`)} required={name === 'date'}>
                  <Select
                    aria-label={t(`bank.column.${name}`)}
                    allowClear={name !== 'date'}
                    style={{ width: 150 }}
                    value={mapping[name]}
                    options={columns}
                    onChange={(value?: string) => change({ [name]: value })}
                  />
                </Form.Item>
              ))}
            </Form>
            {read.missing.length > 0 && (
              <Alert
                type="error"
                showIcon
                message={t('bank.missing', { columns: read.missing.join(', ') })}
              />
            )}
            {read.problemCount > 0 && (
              <Alert
                type="error"
                showIcon
                message={t('bank.problems', { count: read.problemCount })}
                description={read.problems
                  .slice(0, 8)
                  .map((problem) => (
                    <div key={problem.lineNo}>
                      {t('bank.problem', { ...problem, value: problem.value || t('common.none') })}
                    </div>
                  ))}
              />
            )}
            {read.lineCount > 0 && (
              <Flex gap={24}>
                <span>{t('bank.lineCount', { lines: read.lineCount })}</span>
                <span>
                  {t('bank.credit')} <Money fen={read.creditFen} strong />
                </span>
                <span>
                  {t('bank.debit')} <Money fen={read.debitFen} strong />
                </span>
              </Flex>
            )}
            {read.lines.length > 0 ? <Lines lines={read.lines} /> : <Raw rows={read.rows} />}
          </>
        )}
      </Flex>
    </Modal>
  );
}

function Lines({ lines }: { lines: StatementLine[] }) {
  const { t } = useText();
  return (
    <Table<StatementLine>
      size="small"
      dataSource={lines}
      rowKey="lineNo"
      pagination={false}
      scroll={{ x: 'max-content', y: 240 }}
      columns={[
        { title: t('bank.lineNo'), dataIndex: 'lineNo', align: 'right' },
        {
          title: t('bank.lineDate'),
          render: (_, row) => <span className="number">{`${row.date} ${row.timeText}`}</span>,
        },
        { title: t('bank.amount'), align: 'right', render: (_, row) => <Money fen={row.amountFen} /> },
        {
          title: t('bank.column.balance'),
          align: 'right',
          render: (_, row) => <Money fen={row.balanceFen} />,
        },
        { title: t('bank.counterparty'), render: (_, row) => <Clipped text={row.counterparty} /> },
        { title: t('bank.summary'), render: (_, row) => <Clipped text={row.summary} /> },
        { title: t('bank.reference'), render: (_, row) => <Clipped text={row.reference} /> },
      ]}
    />
  );
}

/** The file as it stands, so that one sees where its header is. */
function Raw({ rows }: { rows: string[][] }) {
  const { t } = useText();
  const width = Math.max(0, ...rows.map((row) => row.length));
  return (
    <Table<{ lineNo: number; cells: string[] }>
      size="small"
      dataSource={rows.map((cells, place) => ({ lineNo: place + 1, cells }))}
      rowKey="lineNo"
      pagination={false}
      scroll={{ x: 'max-content', y: 240 }}
      columns={[
        { title: t('bank.lineNo'), dataIndex: 'lineNo', align: 'right' },
        ...Array.from({ length: width }, (_, place) => ({
          key: String(place),
          title: String(place + 1),
          render: (__: unknown, row: { cells: string[] }) => row.cells[place] ?? '',
        })),
      ]}
    />
  );
}
