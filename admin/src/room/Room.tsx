import { FilePdfOutlined, PrinterOutlined, QrcodeOutlined } from '@ant-design/icons';
import {
  Alert,
  Button,
  Card,
  Empty,
  Flex,
  Input,
  QRCode,
  Result,
  Space,
  Spin,
  Table,
  Typography,
} from 'antd';
import { useEffect, useState } from 'react';
import { call, failureOf } from '../http/client';
import type { Failure } from '../http/failure';
import { fetchFile } from '../http/files';
import { useText } from '../i18n';
import { currencySign, fenText } from '../money';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useMerchants } from '../shell/references';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';
import { isSettled, type RoomLink, roomLink, type UnpaidBills, unpaidBills } from './bill';

type Bill = UnpaidBills['bills'][number];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The consulting room: a patient's card, what HIS says is owed, and the code of one of these bills. */
export default function Room() {
  const { t } = useText();
  const { choices, currencyOf } = useMerchants();
  const [chosen, setChosen] = useState<string>();
  const [cardNo, setCardNo] = useState('');
  const [found, setFound] = useState<{ cardNo: string; merchantCode: string } & UnpaidBills>();
  const [link, setLink] = useState<RoomLink>();
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const merchantCode = chosen ?? choices[0]?.value;

  const currency = currencyOf(found?.merchantCode);

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };

  const lookUp = () =>
    attempt(async () => {
      const card = cardNo.trim();
      if (!merchantCode || card === '') return;
      setLink(undefined);
      setFound(undefined);
      const bills = await call('/room/bills', unpaidBills, {
        method: 'POST',
        body: { merchantCode, cardNo: card },
      });
      setFound({ cardNo: card, merchantCode, ...bills });
    });

  const open = (bill: Bill) =>
    attempt(async () => {
      if (!found) return;
      const { merchantCode: merchant, cardNo: card } = found;
      const body = { merchantCode: merchant, cardNo: card, billNo: bill.billNo };
      setLink(await call('/room/links', roomLink, { method: 'POST', body }));
    });

  return (
    <Page
      title={t('room.title')}
      extra={choices.length > 1 && <MerchantChoice value={merchantCode} onChange={setChosen} />}
    >
      <Flex gap={16} align="flex-start" wrap>
        <Flex vertical gap={12} style={{ flex: '1 1 560px', minWidth: 0 }}>
          <Input.Search
            aria-label={t('room.cardNo')}
            placeholder={t('room.cardNoHint')}
            size="large"
            autoFocus
            maxLength={64}
            value={cardNo}
            enterButton={t('common.search')}
            loading={isBusy}
            onChange={({ target }) => setCardNo(target.value)}
            onSearch={() => void lookUp()}
          />
          {failure && <FailureView error={failure} />}
          {found && (
            <Table<Bill>
              rowKey="billNo"
              size="middle"
              pagination={false}
              title={() => t('room.owes', { name: found.patientName, count: found.bills.length })}
              dataSource={found.bills}
              locale={{ emptyText: <Empty description={t('room.owesNothing')} /> }}
              expandable={{
                expandedRowRender: ({ items }) => (
                  <ul style={{ margin: 0 }}>
                    {items.map((item) => (
                      <li key={item.name}>
                        {item.name} {item.quantity}{' '}
                        <span className="money">{fenText(item.amountFen, { currency })}</span>
                      </li>
                    ))}
                  </ul>
                ),
                rowExpandable: ({ items }) => items.length > 0,
              }}
              columns={[
                { title: t('room.billNo'), dataIndex: 'billNo' },
                { title: t('room.subject'), dataIndex: 'subject' },
                { title: t('room.department'), dataIndex: 'department' },
                { title: t('room.doctor'), dataIndex: 'doctor' },
                {
                  title: t('room.amount'),
                  align: 'right',
                  render: (_, { amountFen }) => (
                    <span className="money">{fenText(amountFen, { currency })}</span>
                  ),
                },
                {
                  title: '',
                  align: 'right',
                  render: (_, bill) => (
                    <Button
                      type="primary"
                      icon={<QrcodeOutlined />}
                      disabled={isBusy}
                      onClick={() => void open(bill)}
                    >
                      {t('room.showCode')}
                    </Button>
                  ),
                },
              ]}
            />
          )}
        </Flex>
        {link && <Code key={link.code} link={link} onChange={setLink} />}
      </Flex>
    </Page>
  );
}

function Code({ link, onChange }: { link: RoomLink; onChange: (link: RoomLink) => void }) {
  const { t } = useText();
  const toast = useToast();
  const [isOffline, setOffline] = useState(false);
  const isWatched = !isSettled(link);
  useEffect(() => {
    if (!isWatched) return;
    const controller = new AbortController();
    const watch = async () => {
      while (!controller.signal.aborted) {
        await pause(1500);
        try {
          const next = await call(`/room/links/${encodeURIComponent(link.code)}`, roomLink, {
            query: { wait: 10_000 },
            signal: controller.signal,
          });
          if (controller.signal.aborted) return;
          setOffline(false);
          onChange(next);
        } catch {
          if (!controller.signal.aborted) setOffline(true);
        }
      }
    };
    void watch();
    return () => controller.abort();
  }, [isWatched, link.code, onChange]);

  const amount = `${currencySign(link.currency)}${fenText(link.amountFen, { currency: link.currency })}`;
  const isOpen = link.state === 'payable' || link.state === 'paying';
  const keepSlip = () =>
    fetchFile(`/room/links/${encodeURIComponent(link.code)}/slip.pdf`, {}, `${link.code}.pdf`).catch(
      toast.failure,
    );
  return (
    <Card style={{ flex: '0 1 360px' }} aria-label={t('room.code')}>
      <Flex vertical align="center" gap={8} role="status" aria-live="polite">
        {isOffline && <Alert type="warning" showIcon message={t('room.offline')} />}
        {isOpen ? (
          <>
            <article className="receipt" aria-label={t('room.slip')}>
              <Flex vertical align="center" gap={8}>
                <Typography.Title level={4} style={{ margin: 0 }}>
                  {link.hospital}
                </Typography.Title>
                <span>
                  {link.subject} · {link.patient}
                </span>
                <figure aria-label={t('room.code')} data-text={link.url} style={{ margin: 0 }}>
                  <QRCode value={link.url} size={260} errorLevel="M" type="svg" />
                </figure>
                <span className="money strong" style={{ fontSize: 30 }}>
                  {amount}
                </span>
                <span className="quiet">{t('room.validUntil', { time: dateTimeText(link.expiresAt) })}</span>
              </Flex>
            </article>
            <span className="quiet">{t(`room.state.${link.state}`)}</span>
            <Space>
              <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
                {t('room.print')}
              </Button>
              <Button icon={<FilePdfOutlined />} onClick={() => void keepSlip()}>
                {t('room.pdf')}
              </Button>
            </Space>
          </>
        ) : (
          <Result
            status={link.state === 'paid' ? 'success' : 'info'}
            icon={link.state === 'confirming' ? <Spin size="large" /> : undefined}
            title={t(`room.state.${link.state}`)}
            subTitle={
              <>
                <div className="money strong">{amount}</div>
                {link.subject} · {link.patient}
                {link.receipt && (
                  <div>
                    {t(`room.his.${link.receipt.hisState}`)} {link.receipt.receiptNo}
                  </div>
                )}
              </>
            }
          />
        )}
      </Flex>
    </Card>
  );
}
