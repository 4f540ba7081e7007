import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { agentOf, choiceOf } from '../agent';
import { hasApplePay } from '../apple';
import { type Bill, isPaid, type OfferedWay } from '../bill';
import type { Failure } from '../http';
import { type Language, momentText, useLanguage } from '../language';
import { fenText, moneyText } from '../money';
import { type Texts, textsOf } from './texts';
import { useBill } from './useBill';

const agent = agentOf(navigator.userAgent);

export function Cashier({ token }: { token: string }) {
  const [language, switchLanguage] = useLanguage();
  const texts = textsOf(language);
  const { bill, failure, isOffline, isStarting, answer, pay, load } = useBill(token);
  const isPayerUnknown = new URLSearchParams(window.location.search).get('payer') === 'unknown';
  const unidentified = bill && needsIdentity(bill);
  useEffect(() => {
    document.title = bill ? `${bill.hospital} ${texts.title}` : texts.title;
  }, [bill?.hospital, texts.title, bill]);
  // Silent in WeChat: it goes and comes back before the page is seen.
  useEffect(() => {
    if (unidentified && !isPayerUnknown) identify(token, unidentified.channel);
  }, [unidentified?.channel, isPayerUnknown, token, unidentified]);

  const notice =
    answer === 'cancelled'
      ? texts.cancelled
      : answer === 'failed'
        ? texts.walletFailed
        : unidentified && isPayerUnknown
          ? texts.payerUnknown
          : undefined;

  return (
    <main>
      <header>
        <h1>{bill?.hospital ?? texts.title}</h1>
        <button type="button" class="language" onClick={switchLanguage}>
          {texts.language}
        </button>
      </header>
      {isOffline && (
        <p class="banner" role="alert">
          {texts.offline}
        </p>
      )}
      {!bill && !failure && (
        <section class="card quiet" role="status">
          {texts.loading}
          {isOffline && <Reload {...{ texts, load }} />}
        </section>
      )}
      {!bill && failure && (
        <section class="card standing bad" role="alert">
          <h2>{failure[language]}</h2>
          <p class="quiet">{failure.code}</p>
          <Reload {...{ texts, load }} />
        </section>
      )}
      {bill && <Standing {...{ bill, texts, language }} />}
      {bill && !isPaid(bill) && <Facts {...{ bill, texts }} />}
      {bill?.receipt && <Receipt {...{ bill, texts, language }} />}
      {bill && (
        <Told {...{ language, notice, failure: failure ?? bill.failure ?? undefined, texts, isStarting }} />
      )}
      {bill && (bill.state === 'payable' || bill.state === 'paying') && (
        <Pay
          {...{ bill, token, texts, language, isStarting }}
          onPay={(way) => (way.needsPayer ? identify(token, way.channel) : void pay(way, bill))}
        />
      )}
      {bill && (bill.state === 'paying' || bill.state === 'confirming') && (
        <button type="button" class="second" disabled={isStarting} onClick={() => void load('ask')}>
          {texts.iHavePaid}
        </button>
      )}
    </main>
  );
}

/** What this browser can do of what the hospital offers. */
const choiceFor = (bill: Bill) =>
  choiceOf(
    agent,
    bill.ways.filter(({ takesToken }) => !takesToken || hasApplePay()),
  );

function needsIdentity(bill: Bill): OfferedWay | undefined {
  const choice = choiceFor(bill);
  return choice.kind === 'pay' ? choice.ways.find((way) => way.needsPayer) : undefined;
}

const identify = (token: string, channel: string) =>
  window.location.replace(`/api/pay/${encodeURIComponent(token)}/payer/${encodeURIComponent(channel)}`);

function Reload({ texts, load }: { texts: Texts; load: (verb: 'read') => Promise<void> }) {
  return (
    <button type="button" class="second" onClick={() => void load('read')}>
      {texts.retry}
    </button>
  );
}

function Standing({ bill, texts, language }: { bill: Bill; texts: Texts; language: Language }) {
  const card = (mood: 'good' | 'bad' | 'busy', title: string, hint: string): ComponentChildren => (
    <section class={`card standing ${mood}`} role="status" aria-live="polite">
      <h2>{title}</h2>
      <p>{hint}</p>
    </section>
  );
  switch (bill.state) {
    case 'payable':
      return null;
    case 'paying':
      return card('busy', texts.underWay(bill.payment?.channel[language] ?? ''), texts.underWayHint);
    case 'confirming':
      return card('busy', texts.confirming, texts.confirmingHint);
    case 'paid':
      return card('good', texts.paid, texts.paidHint);
    case 'partially_refunded':
    case 'refunded':
      return card('busy', texts[bill.state], texts.refundHint);
    case 'expired':
    case 'closed':
      return card('bad', texts[bill.state], bill.state === 'expired' ? texts.expiredHint : texts.closedHint);
    default:
      return bill.state satisfies never;
  }
}

function Facts({ bill, texts }: { bill: Bill; texts: Texts }) {
  return (
    <section class="card">
      <p class="subject">{bill.subject}</p>
      <p class="amount">
        <span class="quiet">{texts.amount}</span>
        <b data-testid="amount">{moneyText(bill.amountFen, bill.currency)}</b>
      </p>
      <dl>
        <Row name={texts.patient} value={bill.patient} />
        <Row name={texts.department} value={bill.department} />
        <Row name={texts.validUntil} value={momentText(bill.expiresAt)} />
      </dl>
      {bill.items.length > 0 && (
        <details open={bill.items.length <= 4}>
          <summary>
            {texts.items}（{bill.items.length}）
          </summary>
          <ul>
            {bill.items.map((item) => (
              <li key={item.name}>
                <span>
                  {item.name}
                  {item.quantity && <small> ×{item.quantity}</small>}
                </span>
                <b>{fenText(item.amountFen, bill.currency)}</b>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Row({ name, value }: { name: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Receipt({ bill, texts, language }: { bill: Bill; texts: Texts; language: Language }) {
  const { receipt } = bill;
  if (!receipt) return null;
  const booking = {
    none: null,
    waiting: texts.hisWaiting,
    confirmed: texts.hisConfirmed,
    refused: texts.hisRefused,
  }[receipt.hisState];
  return (
    <article class="card receipt">
      <p class="amount">
        <span class="quiet">{texts.paidAmount}</span>
        <b data-testid="amount">{moneyText(receipt.paidFen, bill.currency)}</b>
      </p>
      {booking && <p class={receipt.hisState === 'refused' ? 'bad' : 'quiet'}>{booking}</p>}
      <dl>
        <Row name={texts.subject} value={bill.subject} />
        <Row name={texts.patient} value={bill.patient} />
        <Row name={texts.department} value={bill.department} />
        <Row name={texts.method} value={receipt.channel[language]} />
        <Row name={texts.time} value={receipt.paidAt && momentText(receipt.paidAt)} />
        {receipt.refundedFen > 0 && (
          <Row name={texts.refundedAmount} value={moneyText(receipt.refundedFen, bill.currency)} />
        )}
        <Row name={texts.receiptNo} value={receipt.receiptNo} />
        <Row name={texts.tradeNo} value={receipt.channelTradeNo} />
        <Row name={texts.orderNo} value={receipt.orderNo} />
      </dl>
    </article>
  );
}

function Told({
  language,
  notice,
  failure,
  texts,
  isStarting,
}: {
  language: Language;
  notice: string | undefined;
  failure: Pick<Failure, 'code' | 'zh' | 'en'> | undefined;
  texts: Texts;
  isStarting: boolean;
}) {
  if (isStarting || (!notice && !failure)) return null;
  return (
    <p class="told" role="alert">
      {notice ??
        `${failure && 'isOffline' in failure ? '' : `${texts.lastTry}：`}${failure?.[language] ?? ''}`}
    </p>
  );
}

function Pay({
  bill,
  token,
  texts,
  language,
  isStarting,
  onPay,
}: {
  bill: Bill;
  token: string;
  texts: Texts;
  language: Language;
  isStarting: boolean;
  onPay: (way: OfferedWay) => void;
}) {
  const choice = choiceFor(bill);
  const button = (way: OfferedWay, text: string) => (
    <button
      type="button"
      key={way.channel}
      class={`main ${way.channel}`}
      disabled={isStarting}
      onClick={() => onPay(way)}
    >
      {isStarting ? texts.starting : text}
    </button>
  );
  const amount = moneyText(bill.amountFen, bill.currency);
  const named = (way: OfferedWay) => button(way, `${texts.payWith(way.title[language])} ${amount}`);
  switch (choice.kind) {
    case 'pay': {
      const isOne = choice.ways.length === 1;
      return (
        <nav class="pay">
          {choice.ways.map((way) => {
            if (!isOne || way.takesToken) return named(way);
            return button(way, bill.state === 'paying' ? texts.goOn : `${texts.pay} ${amount}`);
          })}
        </nav>
      );
    }
    case 'scan':
      return (
        <section class="card standing">
          <h2>{texts.scan}</h2>
          <img class="qr" src={`/api/pay/${encodeURIComponent(token)}/qr.svg`} alt={texts.scan} />
          <p class="quiet">{texts.scanHint}</p>
          {choice.ways.map(named)}
        </section>
      );
    case 'elsewhere':
      return (
        <section class="card standing busy">
          <h2>{texts.elsewhere[choice.hint]}</h2>
          <p>{texts.elsewhereHint[choice.hint]}</p>
        </section>
      );
    default:
      return choice satisfies never;
  }
}
