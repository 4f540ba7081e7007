import { useQueryClient } from '@tanstack/react-query';
import { Button, Card, Empty, Flex, Input, Select, Timeline, Upload } from 'antd';
import { useState } from 'react';
import { anything, type CaseDetail, type CaseStep } from '../../http/contracts';
import { fetchFile, sendFile } from '../../http/files';
import { useText } from '../../i18n';
import { Money } from '../../schema/Cell';
import { useAccount } from '../../shell/useAccount';
import { useToast } from '../../shell/useToast';
import { dateTimeText } from '../../time';
import { type useActs, usePeople } from './useActs';

interface Props {
  detail: CaseDetail;
  mayHandle: boolean;
  isBusy: boolean;
  run: ReturnType<typeof useActs>['run'];
}

const accepted = '.pdf,.png,.jpg,.jpeg,.xlsx,.docx,.csv,.txt';

/** Who has the case, what was said about it, which papers belong to it, and everything that happened. */
export function Work({ detail, mayHandle, isBusy, run }: Props) {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const client = useQueryClient();
  const { people, nameOf } = usePeople();
  const [comment, setComment] = useState('');
  const entry = detail.case;
  const caseNo = String(entry.caseNo);
  const handle = (act: object) => run('handle', { caseNos: [caseNo], act });
  const isLeft = entry.status !== 'resolved' && entry.status !== 'void';

  const upload = async (file: File) => {
    const path = `/reconciliation/discrepancies/${encodeURIComponent(caseNo)}/attachments`;
    try {
      await sendFile(path, anything, { query: { name: file.name }, file });
      toast.success(t('handling.attached'));
      await client.invalidateQueries({ queryKey: ['case'] });
    } catch (error) {
      toast.failure(error);
    }
  };

  return (
    <>
      <Card size="small" title={t('handling.work')}>
        <Flex vertical gap={10}>
          <Flex gap={8} align="center">
            <span>{t('handling.assignee')}</span>
            {mayHandle && isLeft ? (
              <Select
                aria-label={t('handling.assignee')}
                style={{ flex: 1 }}
                allowClear
                placeholder={t('handling.nobody')}
                value={typeof entry.assignee === 'string' ? entry.assignee : null}
                options={people.map(({ username, displayName }) => ({
                  value: username,
                  label: displayName === username ? username : `${displayName} (${username})`,
                }))}
                onChange={(assignee: string | undefined) =>
                  void handle({ do: 'assign', assignee: assignee ?? null })
                }
              />
            ) : (
              <span>{entry.assignee ? nameOf(String(entry.assignee)) : t('handling.nobody')}</span>
            )}
          </Flex>
          {detail.attachments.map((file) => (
            <Flex key={file.attachmentNo} justify="space-between" gap={8}>
              <Button
                type="link"
                size="small"
                className="cell-link"
                disabled={!may('unmask', 'patient')}
                title={`SHA-256 ${file.sha256}`}
                onClick={() =>
                  void fetchFile(`/reconciliation/attachments/${file.attachmentNo}`, {}, file.fileName).catch(
                    toast.failure,
                  )
                }
              >
                {file.fileName}
              </Button>
              <span className="quiet number">
                {Math.ceil(file.bytes / 1024)} KB · {nameOf(file.uploadedBy)}
              </span>
            </Flex>
          ))}
          {mayHandle && (
            <>
              <Input.TextArea
                aria-label={t('handling.comment')}
                placeholder={t('handling.comment')}
                maxLength={500}
                autoSize={{ minRows: 2, maxRows: 5 }}
                value={comment}
                onChange={(event) => setComment(event.target.value)}
              />
              <Flex gap={8}>
                <Button
                  size="small"
                  disabled={comment.trim() === '' || isBusy}
                  onClick={async () => {
                    if (await handle({ do: 'comment', note: comment.trim() })) setComment('');
                  }}
                >
                  {t('handling.say')}
                </Button>
                <Upload
                  accept={accepted}
                  showUploadList={false}
                  beforeUpload={(file) => {
                    void upload(file);
                    return false;
                  }}
                >
                  <Button size="small">{t('handling.attach')}</Button>
                </Upload>
              </Flex>
            </>
          )}
        </Flex>
      </Card>
      <Card size="small" title={t('handling.history')}>
        <History steps={detail.steps} />
      </Card>
    </>
  );
}

/** Latest first; nothing in it is ever changed. */
function History({ steps }: { steps: CaseStep[] }) {
  const { t } = useText();
  const { nameOf } = usePeople();
  if (steps.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('handling.noHistory')} />;
  return (
    <Timeline
      items={steps.toReversed().map((step, index) => ({
        key: String(steps.length - index),
        color: step.actor === 'system' ? 'gray' : 'blue',
        children: (
          <div>
            <span className="number quiet">{dateTimeText(step.at)}</span>{' '}
            <span className="strong">
              {step.actor === 'system' ? t('handling.system') : nameOf(step.actor)}
            </span>{' '}
            {t(`handling.steps.${step.action}`)} {step.assignee ? nameOf(step.assignee) : ''} {step.day ?? ''}{' '}
            {step.amountFen && <Money fen={step.amountFen} />}
            {step.fromStatus !== step.toStatus && (
              <div className="quiet">
                {t(`handling.statuses.${step.fromStatus}`)} → {t(`handling.statuses.${step.toStatus}`)}
              </div>
            )}
            {step.note && <div>{step.note}</div>}
          </div>
        ),
      }))}
    />
  );
}
