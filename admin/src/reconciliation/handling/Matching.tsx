import { useQuery } from '@tanstack/react-query';
import { Button, Empty, Flex, Input, Table } from 'antd';
import { useState } from 'react';
import { call } from '../../http/client';
import { counterparts, type Row } from '../../http/contracts';
import { useText } from '../../i18n';
import { CopyableNumber, EnumTag, Money } from '../../schema/Cell';
import { useScreen } from '../../schema/useScreen';
import { FailureView } from '../../shell/FailureView';
import { dateTimeText } from '../../time';
import { locationOf } from '../locationOf';
import { apartFen, fenOfSide } from './matching';

/** Which other one-sided entries are the same business as this one. */
export function Matching({
  entry,
  isBusy,
  onMatch,
}: {
  entry: Row;
  isBusy: boolean;
  onMatch: (body: object) => void;
}) {
  const { t } = useText();
  const caseNo = String(entry.caseNo);
  const { data: screen } = useScreen('discrepancy');
  const kind = screen?.fields.find(({ name }) => name === 'kind');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['case', caseNo, 'counterparts'],
    queryFn: () =>
      call(`/reconciliation/discrepancies/${encodeURIComponent(caseNo)}/counterparts`, counterparts),
  });
  const [chosen, setChosen] = useState<string[]>([]);
  const [note, setNote] = useState('');
  const others = data?.cases ?? [];
  const picked = others.filter((row) => chosen.includes(String(row.caseNo)));
  const apart = apartFen(entry, picked);
  const isReady = picked.length > 0 && (apart === 0n || note.trim() !== '');
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  return (
    <Flex vertical gap={10}>
      <Table<Row>
        size="small"
        loading={isPending}
        dataSource={others}
        rowKey={(row) => String(row.caseNo)}
        rowSelection={{ selectedRowKeys: chosen, onChange: (keys) => setChosen(keys.map(String)) }}
        pagination={{ pageSize: 8, hideOnSinglePage: true, showSizeChanger: false }}
        tableLayout="fixed"
        locale={{
          emptyText: (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('handling.noCounterparts')} />
          ),
        }}
        columns={[
          {
            title: t('handling.number'),
            render: (_, row) => (
              <>
                <CopyableNumber value={locationOf(row)} />
                <div className="quiet">
                  <span className="number">{dateTimeText(String(row.occurredAt))}</span>{' '}
                  {String(row.patientName ?? '')}
                </div>
              </>
            ),
          },
          {
            title: t('locate.amount'),
            align: 'right',
            width: 116,
            render: (_, row) => (
              <>
                {kind && <EnumTag field={kind} value={row.kind} />}
                <div>
                  <Money fen={fenOfSide(row)} strong />
                </div>
              </>
            ),
          },
        ]}
      />
      {picked.length > 0 && (
        <>
          <Flex gap={24} wrap>
            <span>
              {t('handling.thisSide')} <Money fen={fenOfSide(entry)} strong />
            </span>
            <span>
              {t('handling.otherSide')}{' '}
              <Money fen={picked.reduce((sum, row) => sum + fenOfSide(row), 0n)} strong />
            </span>
            <span>
              {t('handling.apart')} <Money fen={apart} strong />
            </span>
          </Flex>
          <Input.TextArea
            aria-label={t('handling.note')}
            placeholder={t(apart === 0n ? 'handling.noteOptional' : 'handling.whyApart')}
            maxLength={500}
            autoSize={{ minRows: 2, maxRows: 4 }}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
          <Button
            type="primary"
            disabled={!isReady}
            loading={isBusy}
            onClick={() =>
              onMatch({
                caseNos: [caseNo, ...picked.map((row) => String(row.caseNo))],
                note: note.trim(),
                differenceFen: Number(apart),
              })
            }
          >
            {t('handling.match')}
          </Button>
        </>
      )}
    </Flex>
  );
}
