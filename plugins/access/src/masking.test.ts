import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Mask, maskCard, maskId, maskName, maskRow, maskSubject } from './masking';

describe('masking', () => {
  test.each([
    ['张三丰', '张*丰'],
    ['李四', '李*'],
    ['王', '*'],
    ['欧阳小明', '欧**明'],
    ['𠮷田太郎', '𠮷**郎'],
    ['', ''],
  ])('the name %s is shown as %s', (name, shown) => {
    expect(maskName(name)).toBe(shown);
  });

  test.each([
    ['0003276083', '******6083'],
    ['12345', '***45'],
    ['1', '*'],
    ['', ''],
  ])('the card %s is shown as %s', (card, shown) => {
    expect(maskCard(card)).toBe(shown);
  });

  test('an id does not tell its length', () => {
    expect(maskId('P00012345')).toBe('****2345');
    expect(maskId('oUpF8uMuAJO_M2pxb1Q9zNjWeS6o')).toBe('****eS6o');
  });

  test('a title loses the name of its patient and nothing else', () => {
    expect(maskSubject('张三丰', '张三丰')).toBe('张*丰');
    expect(maskSubject('张三丰 门诊缴费', '张三丰')).toBe('张*丰 门诊缴费');
    expect(maskSubject('入职体检1', '张三丰')).toBe('入职体检1');
    expect(maskSubject('入职体检1', null)).toBe('入职体检1');
  });

  test('a masked row never holds the name, and keeps its shape', () => {
    const masks = new Map<string, Mask>([
      ['patientName', 'name'],
      ['cardNo', 'card'],
      ['subject', 'subject'],
    ]);
    const name = fc.stringMatching(/^[一-龥]{2,6}$/).filter((text) => new Set(text).size === text.length);
    fc.assert(
      fc.property(name, fc.stringMatching(/^\d{6,20}$/), (patientName, cardNo) => {
        const row = { orderNo: 'O1', patientName, cardNo, subject: `${patientName}缴费` };
        const shown = maskRow(row, masks);
        expect(JSON.stringify(shown)).not.toContain(patientName);
        expect(shown.cardNo).not.toBe(cardNo);
        expect(Object.keys(shown)).toEqual(Object.keys(row));
        expect(shown.orderNo).toBe('O1');
      }),
    );
  });
});
