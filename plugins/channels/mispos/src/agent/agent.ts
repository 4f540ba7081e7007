import type { Approved, Command, News, Standing } from '../messages';
import type { Entry, Journal } from './journal';
import type { CardTerminal, CardTransaction, TerminalReply } from './terminal';

export interface AgentOptions {
  terminal: CardTerminal;
  journal: Journal;
  /** Tells the platform; false when it has not heard. */
  tell(news: News): Promise<boolean>;
  now?: () => Date;
  /** Waiting before the terminal is asked once more what its last transaction was, and before news are told again. */
  againMs?: readonly number[];
}

export interface Agent {
  /** Answers at once: what takes a card and a password goes on behind it. */
  handle(command: Command): Promise<Standing>;
  /** Takes up what a crash or a power cut left open. */
  resume(): void;
  /** Waits for what is under way; nothing begins any more. */
  close(): Promise<void>;
}

const patience = [2000, 5000, 15_000, 60_000];
/** Clocks of terminals are set by hand. */
const clockSlackMs = 10 * 60_000;

/**
 * One card terminal at one counter. Every transaction is on the disk before the terminal hears of it; an answer that is
 * lost is asked for (`last`) until the terminal says what became of it, and until then nothing else is begun: the
 * terminal remembers its last transaction only.
 */
export function createAgent(options: AgentOptions): Agent {
  const { terminal, journal, tell, now = () => new Date(), againMs = patience } = options;
  let current: { no: string; done: Promise<void> } | undefined;
  let isClosing = false;
  const pauses = new Set<{ end: () => void }>();

  const pause = (tries: number): Promise<void> =>
    new Promise((resolve) => {
      const entry = { end: resolve };
      const timer = setTimeout(resolve, againMs[Math.min(tries, againMs.length - 1)]);
      entry.end = () => {
        clearTimeout(timer);
        resolve();
      };
      pauses.add(entry);
    });

  const settle = (entry: Entry, standing: Standing): Entry => {
    const settled = { ...entry, standing, told: false };
    journal.write(settled);
    return settled;
  };

  async function tellUntilHeard(entry: Entry): Promise<void> {
    const { kind, no, paidNo, standing } = entry;
    for (let tries = 0; !isClosing; tries++) {
      if (await tell({ kind, no, paidNo, standing }).catch(() => false)) {
        journal.write({ ...entry, told: true });
        return;
      }
      await pause(tries);
    }
  }

  /** Asks the terminal for its last transaction until that tells what became of this one. */
  async function recover(entry: Entry): Promise<Entry> {
    for (let tries = 0; !isClosing; tries++) {
      await pause(tries);
      if (isClosing) break;
      const standing = readLast(entry, await terminal.last());
      if (standing) return settle(entry, standing);
    }
    return entry;
  }

  function readLast(entry: Entry, last: TerminalReply): Standing | undefined {
    if (last.kind !== 'approved') return undefined;
    const { transaction } = last;
    const isOlder = `${transaction.batch} ${transaction.voucher}` === journal.lastVoucher();
    const isAnother = transaction.orderNo !== undefined && transaction.orderNo !== entry.no;
    if (
      isOlder ||
      isAnother ||
      approvedAt(transaction).getTime() < Date.parse(entry.begunAt) - clockSlackMs
    ) {
      return { state: 'declined', code: 'NOT_DONE', message: '终端没有完成这笔交易' };
    }
    // A new voucher over another amount: somebody used the terminal by hand since, and only a person can tell.
    return transaction.amountFen === entry.amountFen
      ? approved(transaction)
      : { state: 'unknown', cause: 'the terminal was used by hand meanwhile' };
  }

  function begin(entry: Entry, work: () => Promise<TerminalReply>): Standing {
    if (current || isClosing) return busy;
    journal.write(entry);
    const course = async (): Promise<Entry> => {
      const reply = await work().catch(
        (error: unknown): TerminalReply => ({
          kind: 'unknown',
          cause: error instanceof Error ? error.message : String(error),
        }),
      );
      const settled = settle(entry, standingOf(reply));
      return settled.standing.state === 'unknown' ? recover(settled) : settled;
    };
    follow(entry.no, course());
    return { state: 'waiting' };
  }

  function follow(no: string, course: Promise<Entry>): void {
    const done = course.then((entry) => {
      current = undefined;
      if (entry.standing.state !== 'unknown') void tellUntilHeard(entry);
    });
    current = { no, done };
  }

  const busy: Standing = { state: 'declined', code: 'TERMINAL_BUSY', message: '终端正在处理另一笔交易' };
  const entryOf = (kind: Entry['kind'], no: string, amountFen: number, paidNo = no): Entry => ({
    no,
    kind,
    paidNo,
    amountFen,
    begunAt: now().toISOString(),
    standing: { state: 'waiting' },
    told: false,
  });

  return {
    async handle(command) {
      switch (command.verb) {
        case 'sale': {
          const known = journal.find(command.no);
          if (known) return known.standing;
          const { no, amountFen, operator } = command;
          return begin(entryOf('payment', no, amountFen), () =>
            terminal.sale({ amountFen, orderNo: no, operator }),
          );
        }
        case 'refund': {
          const known = journal.find(command.no);
          if (known && known.standing.state !== 'declined') return known.standing;
          const { no, paidNo, amountFen, paidFen, of, operator } = command;
          const asked = { amountFen, of, orderNo: no, operator };
          return begin(entryOf('refund', no, amountFen, paidNo), async () => {
            if (amountFen < paidFen) return terminal.refund(asked);
            // Within the batch of the sale the terminal voids; once it is settled only a refund is left.
            const voided = await terminal.void(asked);
            return voided.kind === 'declined' ? terminal.refund(asked) : voided;
          });
        }
        case 'look':
          return journal.find(command.no)?.standing ?? { state: 'unheard' };
        case 'stop': {
          const known = journal.find(command.no);
          if (known) return known.standing;
          journal.write({ ...entryOf('payment', command.no, 0), standing: { state: 'stopped' }, told: true });
          return { state: 'stopped' };
        }
        case 'test':
          return { state: 'ready' };
        default:
          return command satisfies never;
      }
    },

    resume() {
      for (const entry of journal.unfinished()) {
        const { state } = entry.standing;
        if (state === 'waiting' || state === 'unknown') {
          const cause = 'the agent was interrupted';
          follow(entry.no, recover(settle(entry, { state: 'unknown', cause })));
        } else void tellUntilHeard(entry);
      }
    },

    async close() {
      isClosing = true;
      for (const each of pauses) each.end();
      await current?.done;
    },
  };
}

function standingOf(reply: TerminalReply): Standing {
  switch (reply.kind) {
    case 'approved':
      return approved(reply.transaction);
    case 'declined':
      return { state: 'declined', code: reply.code, message: reply.message };
    case 'unknown':
      return { state: 'unknown', cause: reply.cause };
    default:
      return reply satisfies never;
  }
}

function approved(transaction: CardTransaction): Approved {
  const { amountFen, voucher, batch, reference, date, card, terminalId } = transaction;
  const at = approvedAt(transaction).toISOString();
  return { state: 'approved', amountFen, voucher, batch, reference, date, card, terminalId, at };
}

/** The terminal's clock is China's. */
function approvedAt({ date, time }: CardTransaction): Date {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(date) ?? [];
  const [, hour, minute, second] = /^(\d{2})(\d{2})(\d{2})$/.exec(time) ?? [];
  return new Date(`${year}-${month}-${day}T${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}+08:00`);
}
