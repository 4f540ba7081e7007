import { expect, test } from 'vitest';
import { prettyBody } from './body';

test('JSON is indented', () => {
  expect(prettyBody('{"a":{"b":1}}')).toBe('{\n  "a": {\n    "b": 1\n  }\n}');
});

test('XML is indented', () => {
  expect(prettyBody('<xml><a>1</a><b><c>2</c></b></xml>')).toBe(
    '<xml>\n  <a>1</a>\n  <b>\n    <c>2</c>\n  </b>\n</xml>',
  );
});

test('form fields stand one a line', () => {
  expect(prettyBody('app_id=1&method=alipay.trade.pay')).toBe('app_id=1\n&method=alipay.trade.pay');
});

test('what is broken or plain stays as it is', () => {
  expect(prettyBody('{"a":')).toBe('{"a":');
  expect(prettyBody('success')).toBe('success');
});
