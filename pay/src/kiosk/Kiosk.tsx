import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isPaid } from '../bill';
import { type Failure, failureOf } from '../http';
import type { Language } from '../language';
import { Amount, Bills, Card, Home } from './asking';
import { idleAfter } from './idle';
import { Pay } from './Pay';
import { SetUp } from './SetUp';
import {
  type Credentials,
  type Flow,
  keepCredentials,
  type Machine,
  type Owed,
  readCredentials,
  type ShownBill,
  serverFor,
} from './server';
import { textsOf } from './texts';
import { useScanner } from './useScanner';
import { isCardNumber, isPaymentCode, tokenIn } from './wedge';

type Step =
  | { name: 'home' }
  | { name: 'card'; flow: Flow }
  | { name: 'bills'; cardNo: string; owed: Owed }
  | { name: 'amount'; cardNo: string; patient: string }
  | { name: 'pay'; bill: ShownBill; flow: Flow; cardNo: string | undefined };

const home: Step = { name: 'home' };
const retryMs = 3000;

/** How long nobody needs to touch the machine before it forgets who was there. */
function patienceMs(step: Step, isTaking: boolean): number {
  if (step.name !== 'pay') return 60_000;
  if (isTaking || step.bill.state === 'confirming') return 180_000;
  return isPaid(step.bill) ? 45_000 : 120_000;
}

/** The machine: registered once, then one patient after another. */
export function Kiosk() {
  const [credentials, setCredentials] = useState(readCredentials);
  const [machine, setMachine] = useState<Machine>();
  const [language, setLanguage] = useState<Language>('zh');
  const [failure, setFailure] = useState<Failure>();
  const isSettingUp = !credentials || new URLSearchParams(window.location.search).has('setup');
  const texts = textsOf(language);

  const enter = useCallback(async (given: Credentials): Promise<boolean> => {
    try {
      setMachine(await serverFor(given).self());
      setFailure(undefined);
      return true;
    } catch (error) {
      setFailure(failureOf(error));
      return false;
    }
  }, []);
  const register = async (given: Credentials) => {
    if (!(await enter(given))) return;
    keepCredentials(given);
    setCredentials(given);
    if (window.location.search) window.history.replaceState(null, '', window.location.pathname);
  };
  useEffect(() => {
    if (isSettingUp || machine) return undefined;
    void enter(credentials);
    const timer = setInterval(() => void enter(credentials), retryMs);
    return () => clearInterval(timer);
  }, [isSettingUp, machine, credentials, enter]);

  if (isSettingUp || failure?.code === 'KIOSK_UNKNOWN') {
    return <SetUp texts={texts} failure={failure?.[language]} onSave={register} />;
  }
  if (!machine) {
    return (
      <main class="middle">
        <p class="opening" role="status">
          {failure ? failure[language] : texts.opening}
        </p>
      </main>
    );
  }
  return (
    <Counter
      {...{ credentials, machine, language, setLanguage }}
      onRefused={(refusal) => {
        setMachine(undefined);
        setFailure(refusal);
      }}
    />
  );
}

function Counter({
  credentials,
  machine,
  language,
  setLanguage,
  onRefused,
}: {
  credentials: Credentials;
  machine: Machine;
  language: Language;
  setLanguage: (language: Language) => void;
  onRefused: (failure: Failure) => void;
}) {
  const texts = textsOf(language);
  const server = useMemo(() => serverFor(credentials), [credentials]);
  const [step, setStep] = useState<Step>(home);
  const [busy, setBusy] = useState<'asking' | 'taking'>();
  const [isOffline, setOffline] = useState(false);
  const [told, setTold] = useState<{ zh: string; en: string }>();
  const [touchedAt, setTouchedAt] = useState(Date.now);
  const [now, setNow] = useState(Date.now);
  /** Counts patients: what was asked for one is never shown to the next. */
  const patient = useRef(0);

  const go = useCallback((next: Step) => {
    setTold(undefined);
    setStep(next);
  }, []);
  const reset = useCallback(() => {
    patient.current += 1;
    setBusy(undefined);
    setOffline(false);
    setLanguage('zh');
    go(home);
  }, [go, setLanguage]);

  /** Without a network nothing is told about a payment but that it is being asked. */
  const refused = useCallback(
    (failure: Failure) => {
      setOffline(failure.isOffline);
      if (failure.code === 'KIOSK_UNKNOWN') onRefused(failure);
      else if (!failure.isOffline) setTold(failure);
    },
    [onRefused],
  );
  const take = useCallback((bill: ShownBill) => {
    setOffline(false);
    setStep((before) =>
      before.name === 'pay' && before.bill.token === bill.token ? { ...before, bill } : before,
    );
  }, []);

  /** One thing at a time; an answer that comes after the patient has left is dropped. */
  const run = async (kind: 'asking' | 'taking', work: () => Promise<Step>): Promise<boolean> => {
    if (busy) return false;
    const mine = patient.current;
    const isHere = () => patient.current === mine;
    setBusy(kind);
    setTold(undefined);
    try {
      const next = await work();
      if (isHere()) {
        setOffline(false);
        go(next);
      }
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (!isHere()) return false;
      if (kind === 'asking' && failure.isOffline) setTold(failure);
      else refused(failure);
      return false;
    } finally {
      if (isHere()) {
        setBusy(undefined);
        setTouchedAt(Date.now());
      }
    }
  };

  const lookUp = (flow: Flow, cardNo: string) =>
    run('asking', async () => {
      const owed = await server.bills(cardNo);
      return flow === 'deposit'
        ? { name: 'amount', cardNo, patient: owed.patient }
        : { name: 'bills', cardNo, owed };
    });
  const show = (flow: Flow, cardNo: string | undefined, bill: () => Promise<ShownBill>) =>
    run('asking', async () => ({ name: 'pay', flow, cardNo, bill: await bill() }));
  const pay = async (at: Step & { name: 'pay' }, authCode: string) => {
    const isDone = await run('taking', async () => ({
      ...at,
      bill: await server.pay(at.bill.token, authCode),
    }));
    // Whatever was answered, the platform knows what became of it.
    if (!isDone) await server.read(at.bill.token).then(take, () => setOffline(true));
  };

  useScanner((scan) => {
    setTouchedAt(Date.now());
    if (busy) return;
    if (step.name === 'pay' && !isPaid(step.bill)) {
      const canTake = step.bill.state === 'payable' || step.bill.state === 'paying';
      if (!canTake || isOffline) return;
      if (isPaymentCode(scan)) void pay(step, scan);
      else setTold({ zh: textsOf('zh').notACode, en: textsOf('en').notACode });
      return;
    }
    const token = tokenIn(scan);
    const flow = step.name === 'amount' || (step.name === 'card' && step.flow === 'deposit');
    if (token) void show('outpatient', undefined, () => server.read(token));
    else if (isCardNumber(scan)) void lookUp(flow ? 'deposit' : 'outpatient', scan);
    else setTold({ zh: textsOf('zh').notACard, en: textsOf('en').notACard });
  });

  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    const touch = () => setTouchedAt(Date.now());
    window.addEventListener('pointerdown', touch, true);
    return () => {
      clearInterval(timer);
      window.removeEventListener('pointerdown', touch, true);
    };
  }, []);
  const idle = idleAfter(touchedAt, Math.max(now, touchedAt), patienceMs(step, busy === 'taking'));
  const isAway = step.name !== 'home' || language !== 'zh' || told !== undefined;
  useEffect(() => {
    if (idle.isOver && isAway) reset();
  }, [idle.isOver, isAway, reset]);
  const standing = step.name === 'pay' ? step.bill.state : undefined;
  // A new standing is something to read: the time begins anew.
  useEffect(() => {
    if (standing === undefined) return;
    setTouchedAt(Date.now());
    setTold(undefined);
  }, [standing]);

  const screen = () => {
    switch (step.name) {
      case 'home':
        return <Home texts={texts} onChoose={(flow) => go({ name: 'card', flow })} />;
      case 'card':
        return <Card texts={texts} onCard={(cardNo) => void lookUp(step.flow, cardNo)} />;
      case 'bills':
        return (
          <Bills
            {...{ texts, owed: step.owed }}
            onChoose={(billNo) =>
              void show('outpatient', step.cardNo, () => server.choose(step.cardNo, billNo))
            }
          />
        );
      case 'amount':
        return (
          <Amount
            {...{ texts, patient: step.patient }}
            onAmount={(amountFen) =>
              void show('deposit', step.cardNo, () => server.deposit(step.cardNo, amountFen))
            }
          />
        );
      case 'pay': {
        const { cardNo, flow } = step;
        return (
          <Pay
            key={step.bill.token}
            {...{ texts, language, machine, server, take, refused, flow }}
            bill={step.bill}
            isTaking={busy === 'taking'}
            isOffline={isOffline}
            onMore={
              cardNo !== undefined && flow === 'outpatient' ? () => void lookUp(flow, cardNo) : undefined
            }
          />
        );
      }
      default:
        return step satisfies never;
    }
  };

  return (
    <main>
      <header>
        <h1>{machine.hospital}</h1>
        <button type="button" class="language" onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}>
          {texts.language}
        </button>
      </header>
      {isOffline && (
        <p class="banner" role="alert">
          {texts.offline}
        </p>
      )}
      <div class="screen">{screen()}</div>
      {told && (
        <p class="told" role="alert">
          {told[language]}
        </p>
      )}
      <footer>
        <span class="quiet">
          {texts.machine} {machine.name}
        </span>
        {isAway && (
          <>
            <span class="countdown" data-testid="countdown">
              {texts.seconds(idle.secondsLeft)}
            </span>
            <button type="button" onClick={reset} disabled={busy === 'taking'}>
              {texts.home}
            </button>
          </>
        )}
      </footer>
      {busy === 'asking' && (
        <div class="cover" role="status">
          <b>{texts.busy}</b>
        </div>
      )}
      {isAway && step.name !== 'home' && idle.isWarning && busy !== 'taking' && (
        <div class="cover" role="alertdialog" aria-label={texts.stillThere}>
          <section class="card">
            <h2>{texts.stillThere}</h2>
            <p class="number">{idle.secondsLeft}</p>
            <button type="button" class="main">
              {texts.goOn}
            </button>
          </section>
        </div>
      )}
    </main>
  );
}
