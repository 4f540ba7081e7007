import { describe, expect, test } from '@jest/globals';
import { sm2 } from 'sm-crypto-v2';
import { sealed } from './envelope';
import { readNotification } from './notification';

const centre = sm2.generateKeyPairHex();
const seal = {
  appId: '8680E5AB99D74DBE96F8CAC5CEFAC232',
  appSecret: 'F75E27032F5541A7943C2A7F2615F80A',
  privateKey: sm2.generateKeyPairHex().privateKey,
  centrePublicKey: centre.publicKey,
};
const now = new Date('2026-03-01T10:00:00+08:00');
const settlement = {
  callType: '02',
  payOrdId: 'ORD1',
  medOrgOrd: 'A1',
  setlType: 'HI',
  feeSumamt: '120.00',
  fundPay: '70.00',
  psnAcctPay: '30.00',
  ownpayAmt: '20.00',
  hiChrgTime: '20260301093000',
};

const read = (changes: Record<string, unknown> = {}, from: Partial<typeof seal> = {}) => {
  const body = sealed(
    { ...settlement, ...changes },
    { ...seal, privateKey: centre.privateKey, ...from },
    now,
  );
  return readNotification({ headers: {}, body: Buffer.from(body) }, seal, now);
};

describe('what the centre tells of a settlement', () => {
  test('names our number, and who bore what', () => {
    expect(read()).toMatchObject({
      kind: 'event',
      notificationId: '02-ORD1',
      event: {
        kind: 'payment',
        attemptNo: 'A1',
        outcome: {
          kind: 'paid',
          amount: 10_000,
          paidAt: new Date('2026-03-01T09:30:00+08:00'),
          split: { fundFen: 7_000, accountFen: 3_000, otherFen: 0, cashFen: 2_000 },
        },
      },
      accepted: { status: 200, body: '{"code":0,"message":"成功","success":true}' },
    });
  });

  test('is left alone when it is about cash or another call', () => {
    expect(read({ setlType: 'CASH' }).kind).toBe('ignored');
    expect(read({ callType: '03' }).kind).toBe('ignored');
  });

  test('is refused when its parts do not make the whole, a part is missing, or somebody else sealed it', () => {
    expect(read({ fundPay: '70.01' })).toMatchObject({ kind: 'rejected', code: 'INTEGRITY' });
    expect(read({ medOrgOrd: undefined })).toMatchObject({ kind: 'rejected', code: 'MALFORMED' });
    expect(read({}, { privateKey: seal.privateKey })).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(read({}, { appSecret: 'another secret of the same length' }).kind).toBe('rejected');
  });
});
