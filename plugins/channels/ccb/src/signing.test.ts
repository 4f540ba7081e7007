import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { bankSigned, barcodeSign, ccbParam, type Fields, qrMac, queryMac } from './signing';

const pub = '0123456789abcdef0123456789abcd';

describe('the published worked examples', () => {
  test('MAC of a QR order, with PUB signed and not sent', () => {
    const fields: Fields = [
      ['MERCHANTID', '105000000000001'],
      ['POSID', '000000001'],
      ['BRANCHID', '440000000'],
      ['ORDERID', 'H20240102000001'],
      ['PAYMENT', '12.34'],
      ['CURCODE', '01'],
      ['TXCODE', '530550'],
      ['REMARK1', ''],
      ['REMARK2', ''],
      ['RETURNTYPE', '3'],
      ['TIMEOUT', ''],
    ];
    expect(qrMac(fields, pub)).toBe('02ae78fe39fe7b254b3733ac51389421');
  });

  test('SIGN and ccbParam of a payment code', () => {
    const fields: Fields = [
      ['MERFLAG', '1'],
      ['MERCHANTID', '105000000000001'],
      ['POSID', '000000001'],
      ['TERMNO1', ''],
      ['TERMNO2', ''],
      ['BRANCHID', '440000000'],
      ['ORDERID', 'H20240102000001'],
      ['QRCODE', '134567890123456789'],
      ['AMOUNT', '12.34'],
      ['TXCODE', 'PAY100'],
    ];
    const signature = barcodeSign(fields);
    expect(signature).toBe('c6be794b9597f8442988d6e6ff6644ea');
    const param = ccbParam([...fields, ['SIGN', signature]], pub);
    expect(param).toHaveLength(556);
    expect(param.startsWith('NjyjHfMl0HyPx7g7dQ4JAH/tkrfcwAqgfx1RDYJfoNBVeQyR,BhDuOwtFc2q9Rxf')).toBe(true);
    expect(param.endsWith('GmqgWo8msltpGyV4WFuuFgNMLj/0CEk=')).toBe(true);
    expect(createHash('sha256').update(param).digest('hex')).toBe(
      '5b1b3acfa04f2bec1e4be18a32286ff5c87a606d1fe270099e9887f5d78ab244',
    );
  });
});

test('a query’s MAC does not know its password', () => {
  expect(queryMac([['QUPWD', 'secret']])).toBe(queryMac([['QUPWD', '']]));
});

test('the bank signs MD5withRSA in hex; anything else does not verify', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const signature = sign('RSA-MD5', Buffer.from('RESULT=Y'), privateKey).toString('hex');
  expect(bankSigned('RESULT=Y', signature, publicKey)).toBe(true);
  expect(bankSigned('RESULT=N', signature, publicKey)).toBe(false);
  for (const forged of ['', 'zz', `${signature}1`, `${signature}00`])
    expect(bankSigned('RESULT=Y', forged, publicKey)).toBe(false);
});
