import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readXml, writeXml } from './xml';

describe('the XML of v2', () => {
  test('CDATA and plain elements are texts, and digits stay texts', () => {
    expect(readXml('<xml><a><![CDATA[x<y]]></a><fee>0010</fee><empty></empty></xml>')).toEqual({
      a: 'x<y',
      fee: '0010',
      empty: '',
    });
  });

  const hostile: [string, string][] = [
    ['a document type', '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>'],
    ['an entity declaration', '<!ENTITY x "y"><xml><a>1</a></xml>'],
    ['an element cut off', '<xml><a>1</a><b>'],
    ['nested elements', '<xml><a><b>1</b></a></xml>'],
    ['a repeated element', '<xml><a>1</a><a>2</a></xml>'],
    ['HTML', '<html><body>502</body></html>'],
    ['nothing', ''],
  ];
  test.each(hostile)('%s is refused', (_name, text) => {
    expect(readXml(text)).toBeUndefined();
  });

  test('what is written is read back', () => {
    const text = fc.stringMatching(/^[0-9A-Za-z<>&;\u4e00-\u4eff]{1,20}$/);
    fc.assert(
      fc.property(text, (value) => {
        expect(readXml(writeXml({ body: value }))).toEqual({ body: value });
      }),
    );
  });
});
