import type { Line } from './line';
import {
  type CardReference,
  type CardTerminal,
  fullDate,
  isHostTrouble,
  meaningOf,
  type TerminalReply,
} from './terminal';
import { silenceOf } from './ums';

/**
 * 通联's frames over a serial port, 9600 8N1: `02 | length, 2 bytes BCD | TLVs | 03 | LRC`, LRC the exclusive or of all
 * bytes after 02 up to and including 03. A TLV is tag (2), length (2, binary big-endian), value (GBK).
 * Source: gsccs/mispos-client (public); unverified against a live terminal. Chosen without a source: 9F14 absent or `00`
 * means approved, and the date in 9F11 is MMDD or yyyyMMdd.
 */
const tags = {
  type: 0x9f01,
  amount: 0x9f02,
  terminal: 0x9f05,
  operator: 0x9f06,
  card: 0x9f0b,
  batch: 0x9f0d,
  voucher: 0x9f0e,
  reference: 0x9f10,
  date: 0x9f11,
  time: 0x9f12,
  rejectCode: 0x9f14,
  rejectText: 0x9f19,
  oldVoucher: 0x9f20,
  orderNo: 0x9fff,
} as const;

const types = { sale: 2, void: 3, refund: 4, settle: 14, last: 15 } as const;

const STX = 0x02;
const ETX = 0x03;

export function encodeFrame(fields: [tag: number, value: Buffer][]): Buffer {
  const data = Buffer.concat(
    fields.map(([tag, value]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(tag, 0);
      head.writeUInt16BE(value.length, 2);
      return Buffer.concat([head, value]);
    }),
  );
  if (data.length > 9999) throw new RangeError(`${data.length} bytes do not fit into a frame`);
  const length = Buffer.from(String(data.length).padStart(4, '0'), 'hex');
  const checked = Buffer.concat([length, data, Buffer.from([ETX])]);
  return Buffer.concat([Buffer.from([STX]), checked, Buffer.from([lrcOf(checked)])]);
}

const lrcOf = (bytes: Buffer): number => bytes.reduce((lrc, byte) => lrc ^ byte, 0);

/** The first whole frame among the bytes; undefined while it is not there. Noise before STX is passed over. */
export function wholeFrame(received: Buffer): Buffer | undefined {
  const start = received.indexOf(STX);
  if (start < 0 || received.length < start + 3) return undefined;
  const length = Number(received.subarray(start + 1, start + 3).toString('hex'));
  if (Number.isNaN(length)) return received.subarray(start);
  const end = start + 1 + 2 + length + 2;
  return received.length >= end ? received.subarray(start, end) : undefined;
}

/** @returns the fields by tag, or what is wrong with the frame */
export function decodeFrame(frame: Buffer): Map<number, Buffer> | string {
  const lengthText = frame.subarray(1, 3).toString('hex');
  if (frame[0] !== STX || !/^\d{4}$/.test(lengthText)) return 'no frame';
  const length = Number(lengthText);
  if (frame.length !== length + 5 || frame[length + 3] !== ETX) return 'a frame of another length';
  if (lrcOf(frame.subarray(1, length + 4)) !== frame[length + 4]) return 'a wrong check byte';
  const fields = new Map<number, Buffer>();
  const data = frame.subarray(3, 3 + length);
  for (let at = 0; at < data.length; ) {
    if (at + 4 > data.length) return 'a field cut short';
    const size = data.readUInt16BE(at + 2);
    if (at + 4 + size > data.length) return 'a field cut short';
    fields.set(data.readUInt16BE(at), data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return fields;
}

const gbk = new TextDecoder('gb18030');

export function readReply(frame: Buffer, now: Date): TerminalReply {
  const fields = decodeFrame(frame);
  if (typeof fields === 'string') return { kind: 'unknown', cause: fields };
  const field = (tag: number): string => gbk.decode(fields.get(tag) ?? new Uint8Array()).trim();
  const code = field(tags.rejectCode) || '00';
  if (isHostTrouble(code)) return { kind: 'unknown', cause: `host trouble ${code}` };
  if (code !== '00') return { kind: 'declined', code, message: field(tags.rejectText) || meaningOf(code) };
  const amount = field(tags.amount);
  const date = field(tags.date);
  if (!/^\d{1,12}$/.test(amount) || !/^(\d{4}|\d{8})$/.test(date)) {
    return { kind: 'unknown', cause: 'an approval that cannot be read' };
  }
  const orderNo = field(tags.orderNo);
  return {
    kind: 'approved',
    transaction: {
      amountFen: Number(amount),
      voucher: field(tags.voucher),
      batch: field(tags.batch),
      reference: field(tags.reference),
      date: date.length === 8 ? date : fullDate(date, now),
      time: field(tags.time),
      terminalId: field(tags.terminal),
      card: field(tags.card),
      ...(orderNo ? { orderNo } : {}),
    },
  };
}

export function allinpayTerminal(
  line: Line,
  { cardLimitMs }: { cardLimitMs: number },
  now: () => Date = () => new Date(),
): CardTerminal {
  const ascii = (value: string): Buffer => Buffer.from(value, 'latin1');
  const ask = async (
    type: number,
    asked: { amountFen?: number; of?: CardReference; orderNo?: string; operator?: string } = {},
  ): Promise<TerminalReply> => {
    const { amountFen, of, orderNo, operator } = asked;
    const fields: [number, Buffer][] = [[tags.type, Buffer.from([type])]];
    if (amountFen !== undefined) fields.push([tags.amount, ascii(String(amountFen).padStart(12, '0'))]);
    if (operator) fields.push([tags.operator, ascii(operator)]);
    if (of && type === types.void) fields.push([tags.oldVoucher, ascii(of.voucher)]);
    if (of && type === types.refund) {
      fields.push([tags.reference, ascii(of.reference)], [tags.date, ascii(of.date)]);
    }
    if (orderNo) fields.push([tags.orderNo, ascii(orderNo)]);
    try {
      return readReply(await line.exchange(encodeFrame(fields), wholeFrame, cardLimitMs), now());
    } catch (error) {
      return silenceOf(error);
    }
  };
  return {
    sale: (asked) => ask(types.sale, asked),
    void: (asked) => ask(types.void, asked),
    refund: (asked) => ask(types.refund, asked),
    last: () => ask(types.last),
    settle: () => ask(types.settle),
  };
}
