import { CreditCardOutlined, QrcodeOutlined, ScanOutlined } from '@ant-design/icons';
import { Alert, Button, Flex, Form, Input, type InputRef, Radio, Select } from 'antd';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { i18n, useText } from '../i18n';
import { currencySign, fenText, parseYuan, pressKey } from '../money';
import { amountProblem } from '../orders/RefundModal';
import { Page } from '../shell/Page';
import { useChannels, useMerchants, useTerminals } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { SalePanel } from './SalePanel';
import { isFinal, isPaymentCode, type SaleBody, saleNumber, WedgeReader } from './sale';
import { useSale } from './useSale';

const businesses = [
  'outpatient',
  'registration',
  'deposit',
  'inpatient',
  'exam',
  'pharmacy',
  'other',
] as const;
const keys = ['7', '8', '9', 'back', '4', '5', '6', 'clear', '1', '2', '3', '00', '0', '.'] as const;

interface Draft {
  amount: string;
  bizType: string;
  patientName: string;
  cardNo: string;
  businessNo: string;
}

const emptyDraft: Draft = { amount: '', bizType: 'outpatient', patientName: '', cardNo: '', businessNo: '' };

/** The counter's own choices stay with the computer: one window, one terminal. */
function useKept(name: string): [string | undefined, (value: string | undefined) => void] {
  const key = `hospital-pay.cashier.${name}`;
  const [value, setValue] = useState<string | undefined>(() => localStorage.getItem(key) ?? undefined);
  return [
    value,
    (next) => {
      if (next === undefined) localStorage.removeItem(key);
      else localStorage.setItem(key, next);
      setValue(next);
    },
  ];
}

export default function Cashier() {
  const { t } = useText();
  const toast = useToast();
  const { account } = useAccount();
  const { choices: merchants, isFetched } = useMerchants();
  const terminals = useTerminals();
  const { channels, titleOf } = useChannels();
  const [draft, setDraft] = useState(emptyDraft);
  const [scanned, setScanned] = useState('');
  const [problem, setProblem] = useState<string>();
  const [scanProblem, setScanProblem] = useState<string>();
  const [keptMerchant, setMerchant] = useKept('merchant');
  const [keptTerminal, setTerminal] = useKept('terminal');
  const [keptChannel, setChannel] = useKept('channel');
  const amountInput = useRef<InputRef>(null);
  const scanInput = useRef<InputRef>(null);

  const { sale, start, askAgain, clear, end } = useSale(
    useCallback(() => toast.info(i18n.t('cashier.lastSale')), [toast]),
  );

  const allowed = useMemo(() => {
    if (merchants.length > 0) return merchants.map(({ value, label }) => ({ value, label }));
    return (account?.merchantCodes ?? []).map((code) => ({ value: code, label: code }));
  }, [merchants, account]);
  const merchantCode = allowed.find(({ value }) => value === keptMerchant)?.value ?? allowed[0]?.value;
  const ownTerminals = terminals.filter(
    ({ row }) => row.merchantCode === merchantCode && row.enabled !== false,
  );
  const terminalCode = ownTerminals.find(({ value }) => value === keptTerminal)?.value;
  // What the hospital has no account for is no choice at its counter.
  const held = channels.filter(({ enabled, accounts }) => enabled && accounts > 0);
  const qrChannels = held.filter(({ scenes }) => scenes.includes('native')).map(({ code }) => code);
  const offered = qrChannels.length > 0 ? qrChannels : ['alipay', 'wechat'];
  const channel = offered.find((code) => code === keptChannel) ?? offered[0];
  // A till takes one currency: that of the channel chosen for its QR codes.
  const currency = channels.find(({ code }) => code === channel)?.currency || 'CNY';
  const takesCards = held.some(({ scenes }) => scenes.includes('terminal'));
  const isBusy = sale !== undefined;

  const bodyOf = (
    way:
      | { scene: 'micropay'; authCode: string }
      | { scene: 'native'; channel: string }
      | { scene: 'terminal' },
  ): SaleBody | undefined => {
    const reading = parseYuan(draft.amount, undefined, currency);
    if (!reading.ok) {
      setProblem(t(amountProblem[reading.reason]));
      amountInput.current?.focus();
      return undefined;
    }
    if (!merchantCode) return undefined;
    // Kept with the order and read by HIS: in Chinese whatever the screen's language.
    const bizType = i18n.getFixedT('zh')(`cashier.biz.${draft.bizType}`);
    const optional = {
      terminalCode,
      patientName: draft.patientName.trim(),
      cardNo: draft.cardNo.trim(),
      businessNo: draft.businessNo.trim(),
      department: ownTerminals.find(({ value }) => value === terminalCode)?.row.department,
    };
    return {
      merchantCode,
      merchantOrderNo: saleNumber('C'),
      amountFen: reading.fen,
      subject: bizType,
      bizType,
      ...way,
      ...Object.fromEntries(
        Object.entries(optional).filter(([, value]) => typeof value === 'string' && value !== ''),
      ),
    };
  };

  const pay = (authCode: string) => {
    setScanned('');
    if (isBusy) return;
    if (!isPaymentCode(authCode)) {
      setScanProblem(t('cashier.codeInvalid'));
      scanInput.current?.focus();
      return;
    }
    setScanProblem(undefined);
    const body = bodyOf({ scene: 'micropay', authCode });
    if (body) start(body);
  };

  const showQr = () => {
    if (isBusy || !channel) return;
    const body = bodyOf({ scene: 'native', channel });
    if (body) start(body);
  };

  const payByCard = () => {
    if (isBusy) return;
    const body = bodyOf({ scene: 'terminal' });
    if (body) start(body);
  };

  const refocus = useCallback(() => {
    const isReady = parseYuan(amountInput.current?.input?.value ?? '', undefined, currency).ok;
    (isReady ? scanInput : amountInput).current?.focus();
  }, [currency]);

  const change = (part: Partial<Draft>) => setDraft((current) => ({ ...current, ...part }));
  const next = () => {
    clear();
    setDraft({ ...emptyDraft, bizType: draft.bizType });
    setProblem(undefined);
    setScanProblem(undefined);
    setTimeout(() => amountInput.current?.focus());
  };
  const again = () => {
    if (sale) change({ amount: fenText(sale.amountFen, { grouped: false, currency }) ?? '' });
    clear();
    setTimeout(() => scanInput.current?.focus());
  };

  // A scanner types wherever the focus happens to be: its code is taken out of that field and charged.
  const latest = useRef({ draft, pay, isBusy });
  latest.current = { draft, pay, isBusy };
  useEffect(() => {
    const wedge = new WedgeReader();
    let before = emptyDraft;
    const onKey = (event: KeyboardEvent) => {
      if (event.target === scanInput.current?.input) return;
      const scannedCode = wedge.key(event.key, event.timeStamp);
      if (wedge.isFresh) before = latest.current.draft;
      if (scannedCode === undefined || latest.current.isBusy) return;
      event.preventDefault();
      event.stopPropagation();
      setDraft(before);
      latest.current.draft = before;
      setTimeout(() => latest.current.pay(scannedCode));
    };
    const onClick = () => {
      // After a click beside everything the scan field listens again.
      if (!latest.current.isBusy && document.activeElement === document.body) refocus();
    };
    window.addEventListener('keydown', onKey, true);
    window.addEventListener('mouseup', onClick);
    return () => {
      window.removeEventListener('keydown', onKey, true);
      window.removeEventListener('mouseup', onClick);
    };
  }, [refocus]);

  const isDone = sale?.phase === 'refused' || (sale?.phase === 'live' && isFinal(sale.order));

  return (
    <Page title={t('cashier.title')}>
      {isFetched && allowed.length === 0 && (
        <Alert type="warning" showIcon message={t('cashier.noMerchant')} style={{ marginBottom: 10 }} />
      )}
      <div className="cashier">
        <section className="panel" aria-label={t('cashier.newSale')}>
          <Form layout="vertical" disabled={isBusy} component="div">
            <Flex gap={12}>
              <Form.Item
                label={t('cashier.merchant')}
                style={{ flex: 1, marginBottom: 10 }}
                htmlFor="cashier-merchant"
              >
                <Select id="cashier-merchant" value={merchantCode} onChange={setMerchant} options={allowed} />
              </Form.Item>
              <Form.Item
                label={t('cashier.terminal')}
                style={{ flex: 1, marginBottom: 10 }}
                htmlFor="cashier-terminal"
              >
                <Select
                  id="cashier-terminal"
                  value={terminalCode}
                  allowClear
                  placeholder={t('cashier.noTerminal')}
                  onChange={(value: string | undefined) => setTerminal(value)}
                  options={ownTerminals.map(({ value, label }) => ({ value, label }))}
                />
              </Form.Item>
            </Flex>
            <Form.Item
              label={t('cashier.amount')}
              htmlFor="cashier-amount"
              style={{ marginBottom: 10 }}
              validateStatus={problem ? 'error' : ''}
              help={problem}
            >
              <Input
                id="cashier-amount"
                ref={amountInput}
                className="amount-input"
                prefix={currencySign(currency)}
                size="large"
                inputMode="decimal"
                autoComplete="off"
                autoFocus
                maxLength={32}
                value={draft.amount}
                onChange={(event) => {
                  setProblem(undefined);
                  change({ amount: event.target.value });
                }}
                onPressEnter={() => {
                  const reading = parseYuan(draft.amount, undefined, currency);
                  if (reading.ok) scanInput.current?.focus();
                  else setProblem(t(amountProblem[reading.reason]));
                }}
              />
            </Form.Item>
            <fieldset className="keypad" aria-label={t('cashier.keypad')}>
              {keys.map((key) => (
                <Button
                  key={key}
                  tabIndex={-1}
                  className={key === '0' ? 'keypad-zero' : undefined}
                  aria-label={
                    key === 'back' ? t('cashier.backspace') : key === 'clear' ? t('cashier.clear') : key
                  }
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => {
                    setProblem(undefined);
                    change({ amount: pressKey(draft.amount, key) });
                  }}
                >
                  {key === 'back' ? '⌫' : key === 'clear' ? 'C' : key}
                </Button>
              ))}
            </fieldset>
            <Flex gap={12} style={{ marginTop: 12 }}>
              <Form.Item
                label={t('cashier.bizType')}
                style={{ flex: 1, marginBottom: 8 }}
                htmlFor="cashier-biz"
              >
                <Select
                  id="cashier-biz"
                  value={draft.bizType}
                  onChange={(bizType: string) => change({ bizType })}
                  options={businesses.map((code) => ({ value: code, label: t(`cashier.biz.${code}`) }))}
                />
              </Form.Item>
              <Form.Item
                label={t('cashier.businessNo')}
                style={{ flex: 1, marginBottom: 8 }}
                htmlFor="cashier-business"
              >
                <Input
                  id="cashier-business"
                  maxLength={64}
                  autoComplete="off"
                  value={draft.businessNo}
                  onChange={(event) => change({ businessNo: event.target.value })}
                />
              </Form.Item>
            </Flex>
            <Flex gap={12}>
              <Form.Item
                label={t('cashier.patient')}
                style={{ flex: 1, marginBottom: 0 }}
                htmlFor="cashier-patient"
              >
                <Input
                  id="cashier-patient"
                  maxLength={64}
                  autoComplete="off"
                  value={draft.patientName}
                  onChange={(event) => change({ patientName: event.target.value })}
                />
              </Form.Item>
              <Form.Item
                label={t('cashier.cardNo')}
                style={{ flex: 1, marginBottom: 0 }}
                htmlFor="cashier-card"
              >
                <Input
                  id="cashier-card"
                  maxLength={64}
                  autoComplete="off"
                  value={draft.cardNo}
                  onChange={(event) => change({ cardNo: event.target.value })}
                />
              </Form.Item>
            </Flex>
          </Form>
        </section>
        <section className="panel" aria-label={t('cashier.charge')}>
          {sale ? (
            <SalePanel
              currency={currency}
              sale={sale}
              patientName={draft.patientName.trim() || undefined}
              onAskAgain={() => void askAgain()}
              onNext={() => isDone && next()}
              onAgain={() => isDone && again()}
              onEnd={end}
            />
          ) : (
            <Flex vertical gap={20} style={{ paddingTop: 8 }}>
              <div>
                <h2 className="pay-heading">
                  <ScanOutlined /> <label htmlFor="cashier-scan">{t('cashier.scan')}</label>
                </h2>
                <Flex gap={8}>
                  <Input
                    id="cashier-scan"
                    ref={scanInput}
                    size="large"
                    autoComplete="off"
                    inputMode="numeric"
                    maxLength={40}
                    status={scanProblem ? 'error' : ''}
                    value={scanned}
                    placeholder={draft.amount === '' ? t('cashier.scanFirst') : t('cashier.scanHint')}
                    onChange={(event) => {
                      setScanProblem(undefined);
                      setScanned(event.target.value.replace(/\s/g, ''));
                    }}
                    onPressEnter={() => pay(scanned)}
                  />
                  <Button type="primary" size="large" disabled={!merchantCode} onClick={() => pay(scanned)}>
                    {t('cashier.charge')}
                  </Button>
                </Flex>
                <div role="alert" className="negative" style={{ minHeight: 22 }}>
                  {scanProblem}
                </div>
              </div>
              <div>
                <h2 className="pay-heading">
                  <QrcodeOutlined /> {t('cashier.channel')}
                </h2>
                <Flex gap={12} align="center" wrap>
                  <Radio.Group
                    aria-label={t('cashier.channel')}
                    size="large"
                    optionType="button"
                    buttonStyle="solid"
                    value={channel}
                    onChange={(event) => {
                      const chosen: unknown = event.target.value;
                      if (typeof chosen === 'string') setChannel(chosen);
                    }}
                    options={offered.map((code) => ({ value: code, label: titleOf(code) }))}
                  />
                  <Button
                    size="large"
                    type="primary"
                    ghost
                    icon={<QrcodeOutlined />}
                    disabled={!merchantCode}
                    onClick={showQr}
                  >
                    {t('cashier.makeQr')}
                  </Button>
                </Flex>
              </div>
              {takesCards && (
                <div>
                  <h2 className="pay-heading">
                    <CreditCardOutlined /> {t('cashier.card')}
                  </h2>
                  <Flex gap={12} align="center" wrap>
                    <Button
                      size="large"
                      type="primary"
                      ghost
                      icon={<CreditCardOutlined />}
                      disabled={!merchantCode || terminalCode === undefined}
                      onClick={payByCard}
                    >
                      {t('cashier.payByCard')}
                    </Button>
                    {terminalCode === undefined && (
                      <span className="quiet">{t('cashier.cardNeedsTerminal')}</span>
                    )}
                  </Flex>
                </div>
              )}
            </Flex>
          )}
        </section>
      </div>
    </Page>
  );
}
