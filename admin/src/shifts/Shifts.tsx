import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Flex, Input, Modal, Select, Skeleton, Space } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { FailureView } from '../shell/FailureView';
import { useTerminals } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { shift as shiftView } from './contracts';
import { ShiftForm } from './ShiftForm';
import { ShiftSlip } from './ShiftSlip';

/** 班结审核: every shift, and the second pair of eyes on it. */
export default function Shifts() {
  const { t } = useText();
  const { may } = useAccount();
  return (
    <SchemaList
      type="shift"
      keyField="shiftNo"
      title={t('menu.shifts')}
      initial={{ status: 'closed' }}
      detailWidth={860}
      detailTitle={t('shifts.slip')}
      detail={(shiftNo, { reload }) => <Review shiftNo={shiftNo} onChanged={reload} />}
      extra={({ reload }) => (may('reconcile', 'shift') ? <OpenTerminal onOpened={reload} /> : null)}
    />
  );
}

function Review({ shiftNo, onChanged }: { shiftNo: string; onChanged: () => void }) {
  const { t } = useText();
  const toast = useToast();
  const { account, may } = useAccount();
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const path = `/reconciliation/shifts/${shiftNo}`;
  const { data, error, refetch } = useQuery({
    queryKey: ['shift', shiftNo],
    queryFn: () => call(path, shiftView),
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton active />;
  const changed = () => {
    onChanged();
    void refetch();
  };
  const act = async (verb: 'review' | 'give-back', body: object, done: string) => {
    setBusy(true);
    try {
      await call(`${path}/${verb}`, shiftView, { method: 'POST', body });
      toast.success(done);
      setNote('');
    } catch (failure) {
      toast.failure(failure);
    } finally {
      setBusy(false);
      changed();
    }
  };
  if (data.status === 'open' && data.kind === 'terminal' && may('reconcile', 'shift'))
    return <ShiftForm shift={data} onClosed={changed} />;
  const isOwn = [data.operatorCode, data.closedBy].includes(account?.username ?? '');
  return (
    <Flex vertical gap={16}>
      <ShiftSlip shift={data} />
      <Flex justify="center">
        <Button onClick={() => window.print()}>{t('shifts.print')}</Button>
      </Flex>
      {data.status === 'closed' && may('reconcile', 'shift') && (
        <Flex vertical gap={8}>
          {isOwn && <Alert type="info" showIcon message={t('shifts.otherPerson')} />}
          <Input.TextArea
            aria-label={t('shifts.reviewNote')}
            placeholder={t('shifts.reviewHint')}
            rows={2}
            maxLength={500}
            value={note}
            onChange={({ target }) => setNote(target.value)}
          />
          <Space>
            <Button
              type="primary"
              loading={busy}
              disabled={isOwn}
              onClick={() =>
                void act('review', note.trim() ? { note: note.trim() } : {}, t('shifts.reviewed'))
              }
            >
              {t('shifts.review')}
            </Button>
            <Button
              danger
              loading={busy}
              disabled={note.trim() === ''}
              onClick={() => void act('give-back', { reason: note.trim() }, t('shifts.givenBack'))}
            >
              {t('shifts.giveBack')}
            </Button>
          </Space>
        </Flex>
      )}
    </Flex>
  );
}

/** A window or kiosk has a shift of its own; finance opens it. */
function OpenTerminal({ onOpened }: { onOpened: () => void }) {
  const { t } = useText();
  const toast = useToast();
  const terminals = useTerminals();
  const [isAsking, setAsking] = useState(false);
  const [code, setCode] = useState<string>();
  const open = async () => {
    const terminal = terminals.find(({ value }) => value === code);
    if (!terminal) return;
    const body = { merchantCode: terminal.row.merchantCode, terminalCode: code, isTerminal: true };
    try {
      await call('/reconciliation/shifts', shiftView, { method: 'POST', body });
      setAsking(false);
      onOpened();
    } catch (failure) {
      toast.failure(failure);
    }
  };
  return (
    <>
      <Button onClick={() => setAsking(true)}>{t('shifts.openTerminal')}</Button>
      <Modal
        open={isAsking}
        title={t('shifts.openTerminal')}
        okText={t('common.confirm')}
        cancelText={t('common.cancel')}
        okButtonProps={{ disabled: code === undefined }}
        onOk={() => void open()}
        onCancel={() => setAsking(false)}
      >
        <Select
          aria-label={t('shifts.terminal')}
          showSearch
          optionFilterProp="label"
          style={{ width: '100%' }}
          placeholder={t('common.choose')}
          options={terminals.map(({ value, label }) => ({ value, label: `${label} (${value})` }))}
          onChange={setCode}
        />
      </Modal>
    </>
  );
}
