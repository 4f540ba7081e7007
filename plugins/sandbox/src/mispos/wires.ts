import iconv from 'iconv-lite';
import type { CardReply, CardRequest } from './terminal';

/** One of the two wire formats, as a terminal sees it. */
export interface Wire {
  /** The first whole request among the bytes; undefined while it is not there, null for what cannot be one. */
  read(received: Buffer): { request: CardRequest; echo: string } | undefined | null;
  write(reply: CardReply, echo: string, terminalId: string): Buffer;
}

const requestLength = 59;
const umsKinds: Record<string, 'sale' | 'void' | 'refund' | 'last' | 'settle'> = {
  '00': 'sale',
  '01': 'void',
  '02': 'refund',
  '04': 'last',
  '06': 'settle',
};

/** Text of so many GBK bytes, filled with spaces. */
function gbkField(value: string, width: number): Buffer {
  const field = Buffer.alloc(width, 0x20);
  iconv.encode(value, 'gbk').copy(field, 0, 0, width);
  return field;
}

export const umsWire: Wire = {
  read(received) {
    if (received.length < requestLength) return undefined;
    const record = received.subarray(0, requestLength).toString('latin1');
    const kind = umsKinds[record.slice(16, 18)];
    const amount = record.slice(18, 30);
    if (!kind || !/^\d{12}$/.test(amount)) return null;
    const amountFen = Number(amount);
    const requests: Record<typeof kind, CardRequest> = {
      sale: { kind: 'sale', amountFen, orderNo: '' },
      void: { kind: 'void', amountFen, voucher: record.slice(50, 56), orderNo: '' },
      refund: {
        kind: 'refund',
        amountFen,
        date: record.slice(30, 38),
        reference: record.slice(38, 50).trim(),
        orderNo: '',
      },
      last: { kind: 'last' },
      settle: { kind: 'settle' },
    };
    return { request: requests[kind], echo: record.slice(56, 59) };
  },
  write: (reply, echo, terminalId) =>
    Buffer.concat(
      (
        [
          [reply.code, 2],
          ['0308', 4],
          [reply.card, 20],
          [reply.voucher, 6],
          [String(reply.amountFen).padStart(12, '0'), 12],
          [reply.message, 40],
          ['898500080620629', 15],
          [terminalId, 8],
          [reply.batch, 6],
          [reply.date, 4],
          [reply.time, 6],
          [reply.reference, 12],
          ['', 6],
          [reply.date, 4],
          [echo, 3],
        ] as const
      ).map(([value, width]) => gbkField(value, width)),
    ),
};

const tlvKinds: Record<number, 'sale' | 'void' | 'refund' | 'last' | 'settle'> = {
  2: 'sale',
  3: 'void',
  4: 'refund',
  14: 'settle',
  15: 'last',
};

export const allinpayWire: Wire = {
  read(received) {
    if (received.length < 3) return undefined;
    if (received[0] !== 0x02) return null;
    const length = Number(received.subarray(1, 3).toString('hex'));
    if (received.length < length + 5) return undefined;
    const check = received.subarray(1, length + 4).reduce((lrc, byte) => lrc ^ byte, 0);
    if (received[length + 3] !== 0x03 || received[length + 4] !== check) return null;
    const fields = new Map<number, Buffer>();
    let rest = received.subarray(3, 3 + length);
    while (rest.length >= 4) {
      const size = rest.readUInt16BE(2);
      fields.set(rest.readUInt16BE(0), rest.subarray(4, 4 + size));
      rest = rest.subarray(4 + size);
    }
    const text = (tag: number): string => fields.get(tag)?.toString('latin1') ?? '';
    const kind = tlvKinds[fields.get(0x9f01)?.[0] ?? 0];
    if (!kind) return null;
    const amountFen = Number(text(0x9f02) || '0');
    const orderNo = text(0x9fff);
    const requests: Record<typeof kind, CardRequest> = {
      sale: { kind: 'sale', amountFen, orderNo },
      void: { kind: 'void', amountFen, voucher: text(0x9f20), orderNo },
      refund: { kind: 'refund', amountFen, reference: text(0x9f10), date: text(0x9f11), orderNo },
      last: { kind: 'last' },
      settle: { kind: 'settle' },
    };
    return { request: requests[kind], echo: '' };
  },
  write(reply, _echo, terminalId) {
    const fields: [number, string][] = [
      [0x9f02, String(reply.amountFen).padStart(12, '0')],
      [0x9f05, terminalId],
      [0x9f0b, reply.card],
      [0x9f0d, reply.batch],
      [0x9f0e, reply.voucher],
      [0x9f10, reply.reference],
      [0x9f11, reply.date],
      [0x9f12, reply.time],
      [0x9f14, reply.code],
      [0x9f19, reply.message],
      [0x9fff, reply.orderNo],
    ];
    const data = Buffer.concat(
      fields.map(([tag, value]) => {
        const bytes = iconv.encode(value, 'gbk');
        return Buffer.concat([
          Buffer.from([tag >> 8, tag & 0xff, bytes.length >> 8, bytes.length & 0xff]),
          bytes,
        ]);
      }),
    );
    const body = Buffer.concat([
      Buffer.from(String(data.length).padStart(4, '0'), 'hex'),
      data,
      Buffer.from([0x03]),
    ]);
    return Buffer.concat([
      Buffer.from([0x02]),
      body,
      Buffer.from([body.reduce((lrc, byte) => lrc ^ byte, 0)]),
    ]);
  },
};
