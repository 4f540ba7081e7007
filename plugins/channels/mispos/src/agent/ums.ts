import { randomInt } from 'node:crypto';
import { type Line, LineSilent } from './line';
import {
  type CardReference,
  type CardTerminal,
  fullDate,
  isHostTrouble,
  meaningOf,
  type TerminalReply,
} from './terminal';

/**
 * 银联商务's fixed record (`bankall` of posinf.dll): 59 bytes there, 148 bytes and a site's own trailer back; text is GBK,
 * widths count bytes. Source: public samples; unverified against a live terminal. That the record travels as it is over
 * TCP or a serial port is this agent's assumption: on site a program beside the DLL hands it on.
 */
const types = { sale: '00', void: '01', refund: '02', reprint: '04', settle: '06' } as const;

export interface UmsSettings {
  /** POS 机号, 8 characters. */
  posNo: string;
  /** How long a customer may take with card and password. */
  cardLimitMs: number;
}

export const replyLength = 148;

interface UmsRequest {
  type: (typeof types)[keyof typeof types];
  posNo: string;
  operator: string;
  amountFen: number;
  of?: CardReference;
  /** Three digits that the reply must repeat. */
  lrc: string;
}

const text = (value: string, width: number): string => value.slice(0, width).padEnd(width, ' ');

/** Amounts in fen. @throws RangeError for an amount that twelve digits do not hold */
export function encodeRequest({ type, posNo, operator, amountFen, of, lrc }: UmsRequest): Buffer {
  if (!Number.isSafeInteger(amountFen) || amountFen < 0 || amountFen > 999_999_999_999) {
    throw new RangeError(`${amountFen} is no amount of twelve digits`);
  }
  const record = [
    text(posNo, 8),
    text(operator, 8),
    type,
    String(amountFen).padStart(12, '0'),
    text(type === types.refund ? (of?.date ?? '') : '', 8),
    text(type === types.refund ? (of?.reference ?? '') : '', 12),
    text(type === types.void ? (of?.voucher ?? '') : '', 6),
    lrc,
  ].join('');
  return Buffer.from(record, 'latin1');
}

const gbk = new TextDecoder('gb18030');

/** @param lrc the three digits of the request: a reply to another one is nobody's */
export function decodeReply(bytes: Buffer, lrc: string, now: Date): TerminalReply {
  if (bytes.length < replyLength) return { kind: 'unknown', cause: `a reply of ${bytes.length} bytes` };
  const field = (offset: number, width: number): string =>
    gbk.decode(bytes.subarray(offset, offset + width)).trim();
  if (field(145, 3) !== lrc) return { kind: 'unknown', cause: 'the reply belongs to another request' };
  const code = field(0, 2);
  if (isHostTrouble(code)) return { kind: 'unknown', cause: `host trouble ${code}` };
  if (code !== '00') return { kind: 'declined', code, message: field(44, 40) || meaningOf(code) };
  const amount = field(32, 12);
  if (!/^\d{12}$/.test(amount) || !/^\d{4}$/.test(field(113, 4))) {
    return { kind: 'unknown', cause: 'an approval that cannot be read' };
  }
  return {
    kind: 'approved',
    transaction: {
      amountFen: Number(amount),
      card: field(6, 20),
      voucher: field(26, 6),
      terminalId: field(99, 8),
      batch: field(107, 6),
      date: fullDate(field(113, 4), now),
      time: field(117, 6),
      reference: field(123, 12),
    },
  };
}

export function umsTerminal(
  line: Line,
  { posNo, cardLimitMs }: UmsSettings,
  now: () => Date = () => new Date(),
): CardTerminal {
  const ask = async (
    type: UmsRequest['type'],
    asked: { amountFen: number; of?: CardReference; operator?: string },
  ): Promise<TerminalReply> => {
    const lrc = String(randomInt(1000)).padStart(3, '0');
    const { amountFen, of, operator = '' } = asked;
    const request = encodeRequest({ type, posNo, operator, amountFen, lrc, ...(of ? { of } : {}) });
    try {
      const reply = await line.exchange(
        request,
        (received) => (received.length >= replyLength ? received : undefined),
        cardLimitMs,
      );
      return decodeReply(reply, lrc, now());
    } catch (error) {
      return silenceOf(error);
    }
  };
  return {
    sale: (asked) => ask(types.sale, asked),
    void: (asked) => ask(types.void, asked),
    refund: (asked) => ask(types.refund, asked),
    last: () => ask(types.reprint, { amountFen: 0 }),
    settle: () => ask(types.settle, { amountFen: 0 }),
  };
}

/** A line that never opened has sent nothing: that is a no, everything else is not known. */
export function silenceOf(error: unknown): TerminalReply {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof LineSilent
    ? { kind: 'unknown', cause: message }
    : { kind: 'declined', code: 'LINE', message };
}
