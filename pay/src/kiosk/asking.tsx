import { useState } from 'preact/hooks';
import { fenText } from '../money';
import type { Flow, Owed } from './server';
import type { Texts } from './texts';
import { isCardNumber } from './wedge';

export function Home({ texts, onChoose }: { texts: Texts; onChoose: (flow: Flow) => void }) {
  return (
    <>
      <h2>{texts.title}</h2>
      <nav class="tiles">
        {(['outpatient', 'deposit'] as const).map((flow) => (
          <button type="button" key={flow} class={`tile ${flow}`} onClick={() => onChoose(flow)}>
            <b>{texts[flow]}</b>
            <span>{texts[`${flow}Hint`]}</span>
          </button>
        ))}
      </nav>
      <p class="quiet">{texts.homeHint}</p>
    </>
  );
}

function Keypad({
  texts,
  isReady,
  onKey,
  onRemove,
  onClear,
  onConfirm,
}: {
  texts: Texts;
  isReady: boolean;
  onKey: (key: string) => void;
  onRemove: () => void;
  onClear: () => void;
  onConfirm: () => void;
}) {
  return (
    <div class="keypad">
      {[...'123456789'].map((key) => (
        <button type="button" key={key} onClick={() => onKey(key)}>
          {key}
        </button>
      ))}
      <button type="button" class="small" onClick={onClear}>
        {texts.clear}
      </button>
      <button type="button" onClick={() => onKey('0')}>
        0
      </button>
      <button type="button" class="small" onClick={onRemove}>
        {texts.remove}
      </button>
      <button type="button" class="main wide" disabled={!isReady} onClick={onConfirm}>
        {texts.confirm}
      </button>
    </div>
  );
}

export function Card({ texts, onCard }: { texts: Texts; onCard: (cardNo: string) => void }) {
  const [cardNo, setCardNo] = useState('');
  return (
    <section class="split">
      <div>
        <h2>{texts.card}</h2>
        <p class="quiet">{texts.cardHint}</p>
        <output class="entry" aria-label={texts.cardNo}>
          {cardNo || '—'}
        </output>
      </div>
      <Keypad
        texts={texts}
        isReady={isCardNumber(cardNo)}
        onKey={(key) => setCardNo((before) => (before + key).slice(0, 20))}
        onRemove={() => setCardNo((before) => before.slice(0, -1))}
        onClear={() => setCardNo('')}
        onConfirm={() => onCard(cardNo)}
      />
    </section>
  );
}

export function Bills({
  texts,
  owed,
  onChoose,
}: {
  texts: Texts;
  owed: Owed;
  onChoose: (billNo: string) => void;
}) {
  return (
    <>
      <h2>{owed.bills.length > 0 ? texts.choose : texts.nothingOwed}</h2>
      <p class="quiet">
        {texts.patient} <b>{owed.patient}</b>
      </p>
      {owed.bills.length === 0 && <p class="card">{texts.nothingOwedHint}</p>}
      <ul class="bills">
        {owed.bills.map((bill) => (
          <li key={bill.billNo}>
            <button type="button" onClick={() => onChoose(bill.billNo)}>
              <span>
                <b>{bill.subject}</b>
                <span class="quiet">{bill.department}</span>
              </span>
              <b class="money">¥{fenText(bill.amountFen)}</b>
              <i>{texts.payThis}</i>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const quick = ['500', '1000', '2000', '5000'];
const mostYuan = 50_000;

export function Amount({
  texts,
  patient,
  onAmount,
}: {
  texts: Texts;
  patient: string;
  onAmount: (amountFen: number) => void;
}) {
  const [yuan, setYuan] = useState('');
  return (
    <section class="split">
      <div>
        <h2>{texts.amount}</h2>
        <p class="quiet">
          {texts.patient} <b>{patient}</b> · {texts.amountHint}
        </p>
        <output class="entry" aria-label={texts.amount}>
          ¥{yuan || '0'} <small>{texts.amountUnit}</small>
        </output>
        <div class="quick">
          {quick.map((amount) => (
            <button type="button" key={amount} onClick={() => setYuan(amount)}>
              {amount}
            </button>
          ))}
        </div>
      </div>
      <Keypad
        texts={texts}
        isReady={yuan !== ''}
        onKey={(key) =>
          setYuan((before) => {
            const next = before + key;
            return /^0/.test(next) || Number(next) > mostYuan ? before : next;
          })
        }
        onRemove={() => setYuan((before) => before.slice(0, -1))}
        onClear={() => setYuan('')}
        onConfirm={() => onAmount(Number(`${yuan}00`))}
      />
    </section>
  );
}
