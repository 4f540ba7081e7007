import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Card, Col, Descriptions, Drawer, Flex, Row as Line, Skeleton, Tabs } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../../http/client';
import { type CaseDetail, caseDetail, type Row } from '../../http/contracts';
import { useText } from '../../i18n';
import { useLocation } from '../../orders/OrderDetail';
import { Cell, CurrencyAround, Money } from '../../schema/Cell';
import { wordsOf } from '../../schema/columns';
import { useScreen } from '../../schema/useScreen';
import { FailureView } from '../../shell/FailureView';
import { useAccount } from '../../shell/useAccount';
import { dateTimeText } from '../../time';
import { currencyOf } from '../currencyOf';
import { locationOf } from '../locationOf';
import { Side } from '../SidesOfNumber';
import { hisSide, platformSide } from '../sides';
import { AskNote } from './AskNote';
import { Decide } from './Decide';
import { Matching } from './Matching';
import { useActs, usePeople } from './useActs';
import { Work } from './Work';

interface Props {
  caseNo: string | undefined;
  onClose: () => void;
  onChanged: () => void;
}

/** One difference: both sides, what can be done about it and what that does, who did what so far. */
export function CaseDrawer({ caseNo, onClose, onChanged }: Props) {
  const { t } = useText();
  const { data, error, refetch } = useQuery({
    queryKey: ['case', caseNo],
    queryFn: () => call(`/reconciliation/discrepancies/${encodeURIComponent(caseNo ?? '')}`, caseDetail),
    enabled: caseNo !== undefined,
    // The channel's answer arrives by itself.
    refetchInterval: ({ state }) => (state.data?.case.status === 'refunding' ? 2000 : false),
  });
  return (
    <Drawer
      open={caseNo !== undefined}
      onClose={onClose}
      width={1180}
      destroyOnHidden
      title={
        <>
          {t('handling.title')} <span className="number">{caseNo}</span>
        </>
      }
      extra={
        data && (
          <Link to={`/locate?no=${encodeURIComponent(locationOf(data.case))}`} onClick={onClose}>
            {t('menu.locate')}
          </Link>
        )
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton active />}
      {data && (
        <CurrencyAround.Provider value={currencyOf(data.case)}>
          <Handled detail={data} onChanged={onChanged} />
        </CurrencyAround.Provider>
      )}
    </Drawer>
  );
}

function Handled({ detail, onChanged }: { detail: CaseDetail; onChanged: () => void }) {
  const { t } = useText();
  const { may } = useAccount();
  const client = useQueryClient();
  const entry = detail.case;
  const caseNo = String(entry.caseNo);
  const number = locationOf(entry);
  const located = useLocation(may('read', 'order') ? number : '');
  const { run, isBusy } = useActs(() => {
    void client.invalidateQueries({ queryKey: ['locate'] });
    onChanged();
  });
  const mayHandle = may('resolve', 'discrepancy');
  const offers = detail.offers.filter(({ action }) => action !== 'match');
  const canMatch = detail.offers.some(({ action }) => action === 'match');
  return (
    <Line gutter={16}>
      <Col span={15}>
        <Flex vertical gap={12}>
          <Facts entry={entry} />
          <State detail={detail} run={run} isBusy={isBusy} />
          {located.data && (
            <>
              <Side
                title={t('locate.his')}
                missing={t('locate.hisMissing')}
                lines={hisSide(located.data)}
                kind="his"
              />
              <Side
                title={t('locate.thirdParty')}
                missing={t('locate.platformMissing')}
                lines={platformSide(located.data)}
                kind="platform"
              />
            </>
          )}
          {detail.group.length > 0 && <Group rows={detail.group} />}
        </Flex>
      </Col>
      <Col span={9}>
        <Flex vertical gap={12}>
          {mayHandle && detail.offers.length > 0 && (
            <Card size="small" title={t('handling.decide')}>
              <Tabs
                size="small"
                items={[
                  {
                    key: 'decide',
                    label: t('handling.how'),
                    children: (
                      <Decide
                        offers={offers}
                        isBusy={isBusy}
                        onDecide={(act) => void run('handle', { caseNos: [caseNo], act })}
                      />
                    ),
                  },
                  ...(canMatch
                    ? [
                        {
                          key: 'match',
                          label: t('handling.match'),
                          children: (
                            <Matching
                              entry={entry}
                              isBusy={isBusy}
                              onMatch={(body) => void run('match', body)}
                            />
                          ),
                        },
                      ]
                    : []),
                ]}
              />
            </Card>
          )}
          <Work detail={detail} mayHandle={mayHandle} isBusy={isBusy} run={run} />
        </Flex>
      </Col>
    </Line>
  );
}

const shownFacts = [
  'status',
  'kind',
  'leg',
  'tradeKind',
  'part',
  'date',
  'occurredAt',
  'platformFen',
  'hisFen',
  'channelFen',
  'differenceFen',
  'payType',
  'patientName',
  'cardNo',
  'resolution',
  'resolvedBy',
  'approvedBy',
  'carriedTo',
  'dueOn',
  'remark',
];

function Facts({ entry }: { entry: Row }) {
  const { pick, language } = useText();
  const { data: screen } = useScreen('discrepancy');
  const fields = shownFacts.flatMap((name) => screen?.fields.find((field) => field.name === name) ?? []);
  return (
    <Descriptions
      className="facts"
      size="small"
      bordered
      column={3}
      items={fields
        .filter(({ name }) => entry[name] !== null && entry[name] !== undefined && entry[name] !== '')
        .map((field) => ({
          key: field.name,
          label: pick(field.title),
          children: <Cell field={field} value={wordsOf(entry, field.name, language)} whole />,
        }))}
    />
  );
}

type Run = ReturnType<typeof useActs>['run'];

/** Where the case stands, and what may be done from there. */
function State({ detail, run, isBusy }: { detail: CaseDetail; run: Run; isBusy: boolean }) {
  const { t } = useText();
  const { account, may } = useAccount();
  const { nameOf } = usePeople();
  const [asking, setAsking] = useState<'reject' | 'undo'>();
  const entry = detail.case;
  const caseNo = String(entry.caseNo);
  const isMine = entry.proposedBy === account?.username;
  const isUndoable =
    may('resolve', 'discrepancy') &&
    (entry.status === 'in_transit' ||
      (entry.status === 'open' && Boolean(entry.carriedTo)) ||
      (entry.status === 'resolved' && Boolean(entry.touchedAt) && entry.resolution !== 'online_refund'));
  const judge = (act: object) =>
    run('judge', { caseNos: [caseNo], act, seen: { [caseNo]: String(entry.proposedAt) } });
  return (
    <>
      {detail.lockedUntil && (
        <Alert type="warning" showIcon message={t('handling.locked', { day: detail.lockedUntil })} />
      )}
      {entry.status === 'pending_approval' && (
        <Alert
          type="warning"
          showIcon
          message={t('handling.pending', {
            who: nameOf(String(entry.proposedBy)),
            what: t(`handling.proposals.${String(entry.proposedAction)}`),
            at: dateTimeText(String(entry.proposedAt)),
          })}
          description={
            <Flex vertical gap={8}>
              <span>
                {t('handling.amount')} <Money fen={entry.proposedFen} strong />{' '}
                {String(entry.proposedDay ?? '')}
              </span>
              <span>{String(entry.proposedNote ?? '')}</span>
              <Flex gap={8}>
                {may('approve', 'discrepancy') && !isMine && (
                  <>
                    <Button type="primary" loading={isBusy} onClick={() => void judge({ do: 'approve' })}>
                      {t('handling.approve')}
                    </Button>
                    <Button danger disabled={isBusy} onClick={() => setAsking('reject')}>
                      {t('handling.reject')}
                    </Button>
                  </>
                )}
                {isMine && (
                  <>
                    <Button
                      loading={isBusy}
                      onClick={() => void run('handle', { caseNos: [caseNo], act: { do: 'withdraw' } })}
                    >
                      {t('handling.withdraw')}
                    </Button>
                    <span className="quiet">{t('handling.ownProposal')}</span>
                  </>
                )}
              </Flex>
            </Flex>
          }
        />
      )}
      {entry.status === 'refunding' && (
        <Alert
          type="info"
          showIcon
          message={t('handling.refunding')}
          description={
            detail.refund &&
            `${detail.refund.refundNo} · ${t(`handling.refundStates.${detail.refund.status}`)}`
          }
        />
      )}
      {isUndoable && (
        <div>
          <Button size="small" onClick={() => setAsking('undo')}>
            {t('handling.undo')}
          </Button>
        </div>
      )}
      {asking && (
        <AskNote
          title={t(`handling.${asking}`)}
          isBusy={isBusy}
          onClose={() => setAsking(undefined)}
          onSay={async (note) => {
            const isDone = await (asking === 'reject'
              ? judge({ do: 'reject', note })
              : run('handle', { caseNos: [caseNo], act: { do: 'undo', note } }));
            if (isDone) setAsking(undefined);
          }}
        />
      )}
    </>
  );
}

function Group({ rows }: { rows: Row[] }) {
  const { t, language } = useText();
  return (
    <Card size="small" title={t('handling.group')}>
      <ul className="plain">
        {rows.map((row) => (
          <li key={String(row.caseNo)}>
            <span className="number">{String(row.caseNo)}</span> <Money fen={row.differenceFen} />{' '}
            {String(wordsOf(row, 'remark', language) ?? '')}
          </li>
        ))}
      </ul>
    </Card>
  );
}
