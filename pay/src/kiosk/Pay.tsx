import { useEffect } from 'preact/hooks';
import { isPaid } from '../bill';
import { type Failure, failureOf } from '../http';
import { type Language, momentText } from '../language';
import { fenText } from '../money';
import type { Flow, Machine, Server, ShownBill } from './server';
import type { Texts } from './texts';

const longPollMs = 20_000;
const restMs = 1500;

/** Follows the bill on the platform as long as anything may still change; the machine itself decides nothing. */
function useStanding(
  bill: ShownBill,
  server: Server,
  isTaking: boolean,
  take: (bill: ShownBill) => void,
  refused: (failure: Failure) => void,
) {
  const isBooked = isPaid(bill) && bill.receipt?.hisState !== 'waiting';
  const isOver = isBooked || bill.state === 'expired' || bill.state === 'closed';
  useEffect(() => {
    if (isOver || isTaking) return undefined;
    let isGone = false;
    let timer: ReturnType<typeof setTimeout>;
    const wait = bill.state === 'payable' ? 0 : longPollMs;
    const follow = () => {
      timer = setTimeout(async () => {
        const next = await server.read(bill.token, wait).catch(failureOf);
        if (isGone) return;
        if ('isOffline' in next) refused(next);
        else take(next);
        follow();
      }, restMs);
    };
    follow();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [bill.token, bill.state, isOver, isTaking, server, take, refused]);
}

interface PayProps {
  texts: Texts;
  language: Language;
  machine: Machine;
  server: Server;
  bill: ShownBill;
  flow: Flow;
  isTaking: boolean;
  isOffline: boolean;
  take: (bill: ShownBill) => void;
  refused: (failure: Failure) => void;
  onMore: (() => void) | undefined;
}

export function Pay(props: PayProps) {
  const { texts, language, bill, server, isTaking, isOffline, take, refused } = props;
  useStanding(bill, server, isTaking, take, refused);
  if (isTaking) return <Told mood="busy" title={texts.taking} bill={bill} />;
  const confirming = <Told mood="busy" title={texts.confirming} hint={texts.confirmingHint} bill={bill} />;
  if (isOffline && !isPaid(bill)) return confirming;
  switch (bill.state) {
    case 'payable':
    case 'paying':
      return (
        <section class="pay">
          <Facts {...{ texts, bill }} />
          {bill.failure && (
            <p class="told" role="alert">
              {texts.lastTry}：{bill.failure[language]}
            </p>
          )}
          {bill.state === 'paying' && (
            <p class="notice" role="status">
              <b>{texts.onPhone}</b>　{texts.onPhoneHint}
            </p>
          )}
          <div class="ways">
            <figure class="card">
              <h2>{texts.byCode}</h2>
              <div class="scanner" aria-hidden="true" />
              <figcaption>{texts.byCodeHint}</figcaption>
            </figure>
            <figure class="card">
              <h2>{texts.byQr}</h2>
              <img
                class="qr"
                src={`/api/pay/${encodeURIComponent(bill.token)}/qr.svg`}
                alt={texts.byQr}
                data-token={bill.token}
              />
              <figcaption>{texts.byQrHint}</figcaption>
            </figure>
          </div>
        </section>
      );
    case 'confirming':
      return confirming;
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
      return <Receipt {...props} />;
    case 'expired':
    case 'closed':
      return <Told mood="bad" title={texts[bill.state]} bill={bill} />;
    default:
      return bill.state satisfies never;
  }
}

function Told({
  mood,
  title,
  hint,
  bill,
}: {
  mood: 'busy' | 'bad';
  title: string;
  hint?: string;
  bill: ShownBill;
}) {
  return (
    <section class={`card standing ${mood}`} role="status">
      <h2>{title}</h2>
      <p class="money">¥{fenText(bill.amountFen)}</p>
      {hint && <p>{hint}</p>}
    </section>
  );
}

function Facts({ texts, bill }: { texts: Texts; bill: ShownBill }) {
  return (
    <div class="card facts">
      <p>
        <b>{bill.subject}</b>
        <span class="quiet">{[bill.patient, bill.department].filter(Boolean).join(' · ')}</span>
      </p>
      <p class="money" data-testid="amount">
        <span class="quiet">{texts.due}</span> ¥{fenText(bill.amountFen)}
      </p>
    </div>
  );
}

function Receipt({ texts, language, machine, bill, flow, onMore }: PayProps) {
  const { receipt } = bill;
  if (!receipt) return null;
  const booking = {
    none: null,
    waiting: texts.hisWaiting,
    confirmed: texts.hisConfirmed,
    refused: texts.hisRefused,
  }[receipt.hisState];
  const rows: [string, string | null][] = [
    [texts.subject, bill.subject],
    [texts.patient, bill.patient],
    [texts.department, bill.department],
    [texts.paidAmount, `¥${fenText(receipt.paidFen)}`],
    [texts.refundedAmount, receipt.refundedFen > 0 ? `¥${fenText(receipt.refundedFen)}` : null],
    [texts.method, receipt.channel[language]],
    [texts.time, receipt.paidAt && momentText(receipt.paidAt)],
    [texts.receiptNo, receipt.receiptNo],
    [texts.tradeNo, receipt.channelTradeNo],
    [texts.orderNo, receipt.orderNo],
    [texts.machine, `${machine.name} ${machine.code}`],
  ];
  const title =
    bill.state === 'paid' ? (flow === 'deposit' ? texts.depositPaid : texts.paid) : texts.refunded;
  return (
    <>
      <section class={`card standing ${bill.state === 'paid' ? 'good' : 'busy'}`} role="status">
        <h2>{title}</h2>
        <p class="money">¥{fenText(receipt.paidFen)}</p>
        {booking && <p>{booking}</p>}
      </section>
      <article class="card slip" aria-label={texts.slip}>
        <h3>
          {bill.hospital} {texts.slip}
        </h3>
        <dl>
          {rows.map(([name, value]) =>
            value ? (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ) : null,
          )}
        </dl>
        <p class="quiet">{texts.slipHint}</p>
      </article>
      <nav class="after">
        <button type="button" class="main" onClick={() => window.print()}>
          {texts.print}
        </button>
        {onMore && (
          <button type="button" onClick={onMore}>
            {texts.more}
          </button>
        )}
      </nav>
    </>
  );
}
