import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeFrame, encodeFrame, readReply, wholeFrame } from './allinpay';
import { fullDate } from './terminal';
import { decodeReply, encodeRequest, replyLength } from './ums';

const now = new Date('2018-04-22T09:40:00Z');

/** The public sample, field by field (channels' protocol notes, 银联商务): text is GBK. */
const success = Buffer.from([0xbd, 0xbb, 0xd2, 0xd7, 0xb3, 0xc9, 0xb9, 0xa6]);
const sample = (code = '00', lrc = '000'): Buffer =>
  Buffer.concat([
    Buffer.from(`${code}0308621483******9012    000003000000000001`, 'latin1'),
    success,
    Buffer.alloc(32, 0x20),
    Buffer.from(`89850008062062900000040000030042217391517391504031${'9'}      0422${lrc}`, 'latin1'),
  ]);

describe('银联商务 records', () => {
  test('a sale of 12.34 is the 59 bytes of the public vector', () => {
    const bytes = encodeRequest({
      type: '00',
      posNo: '00000001',
      operator: 'OP000001',
      amountFen: 1234,
      lrc: '123',
    });
    expect(bytes.toString('latin1')).toBe('00000001OP00000100000000001234                          123');
    expect(bytes).toHaveLength(59);
  });

  test('the public sample of a reply is read, its year supplied', () => {
    expect(sample()).toHaveLength(replyLength);
    expect(decodeReply(sample(), '000', now)).toEqual({
      kind: 'approved',
      transaction: {
        amountFen: 1,
        card: '621483******9012',
        voucher: '000003',
        terminalId: '00000040',
        batch: '000030',
        date: '20180422',
        time: '173915',
        reference: '173915040319',
      },
    });
  });

  test('a reply to another request, a short one and a troubled host are no answers', () => {
    expect(decodeReply(sample(), '111', now)).toMatchObject({ kind: 'unknown' });
    expect(decodeReply(sample().subarray(0, 147), '000', now)).toMatchObject({ kind: 'unknown' });
    for (const code of ['91', '96', '98']) {
      expect(decodeReply(sample(code), '000', now)).toMatchObject({ kind: 'unknown' });
    }
  });

  test('a refusal gives its code and the terminal’s own words', () => {
    expect(decodeReply(sample('51'), '000', now)).toEqual({
      kind: 'declined',
      code: '51',
      message: '交易成功',
    });
  });

  test('a void names the voucher, a refund the reference and its date', () => {
    const of = { voucher: '000003', batch: '000030', reference: '173915040319', date: '20180422' };
    const record = (type: '01' | '02') =>
      encodeRequest({ type, posNo: '1', operator: '', amountFen: 1, of, lrc: '000' }).toString('latin1');
    expect(record('01').slice(30, 56)).toBe(`${' '.repeat(20)}000003`);
    expect(record('02').slice(30, 56)).toBe('20180422173915040319      ');
  });

  test('whatever the amount, the record has 59 bytes and holds it exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (amountFen) => {
        const bytes = encodeRequest({ type: '00', posNo: '1', operator: '1', amountFen, lrc: '000' });
        expect(bytes).toHaveLength(59);
        expect(Number(bytes.toString('latin1', 18, 30))).toBe(amountFen);
      }),
    );
    expect(() => encodeRequest({ type: '00', posNo: '', operator: '', amountFen: 1e12, lrc: '000' })).toThrow(
      RangeError,
    );
  });
});

describe('通联 frames', () => {
  const sale: [number, Buffer][] = [
    [0x9f01, Buffer.from([2])],
    [0x9f02, Buffer.from('000000001234')],
  ];

  test('a sale of 12.34 is the frame of the public vector', () => {
    expect(encodeFrame(sale).toString('hex')).toBe('0200219f010001029f02000c303030303030303031323334032a');
  });

  test('fields come back as they went in', () => {
    const field = fc.tuple(fc.integer({ min: 0x9f00, max: 0x9fff }), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.uniqueArray(field, { selector: ([tag]) => tag, maxLength: 20 }), (fields) => {
        const frame = encodeFrame(fields.map(([tag, value]) => [tag, Buffer.from(value)]));
        expect(wholeFrame(frame)).toEqual(frame);
        const read = decodeFrame(frame);
        expect(typeof read === 'string' ? read : [...read].map(([tag, value]) => [tag, [...value]])).toEqual(
          fields.map(([tag, value]) => [tag, [...value]]),
        );
      }),
    );
  });

  test('a frame that comes in pieces is waited for; any bit that flips is noticed', () => {
    const frame = encodeFrame(sale);
    for (let length = 0; length < frame.length; length++) {
      expect(wholeFrame(frame.subarray(0, length))).toBeUndefined();
    }
    for (let bit = 8; bit < frame.length * 8; bit++) {
      const altered = Buffer.from(frame);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(typeof decodeFrame(altered)).toBe('string');
    }
  });

  test('an approval carries our order number back, a refusal its text', () => {
    const text = (value: string) => Buffer.from(value);
    const approval = encodeFrame([
      [0x9f02, text('000000001234')],
      [0x9f0d, text('000001')],
      [0x9f0e, text('000007')],
      [0x9f10, text('173915040319')],
      [0x9f11, text('0422')],
      [0x9f12, text('173915')],
      [0x9fff, text('P1')],
    ]);
    expect(readReply(approval, now)).toMatchObject({
      kind: 'approved',
      transaction: { amountFen: 1234, voucher: '000007', date: '20180422', orderNo: 'P1' },
    });
    const refusal = encodeFrame([
      [0x9f14, text('51')],
      [0x9f19, success],
    ]);
    expect(readReply(refusal, now)).toEqual({ kind: 'declined', code: '51', message: '交易成功' });
    expect(readReply(encodeFrame([[0x9f02, text('x')]]), now)).toMatchObject({ kind: 'unknown' });
  });
});

test('a terminal’s day without a year is the one nearest to now, also on the night of New Year', () => {
  expect(fullDate('1231', new Date('2018-12-31T16:30:00Z'))).toBe('20181231');
  expect(fullDate('0101', new Date('2018-12-31T15:59:00Z'))).toBe('20190101');
  expect(fullDate('0422', now)).toBe('20180422');
});
