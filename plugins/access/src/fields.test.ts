import { expect, test } from '@jest/globals';
import { fieldBehind } from './fields';

test('the English beside a field is shown to whom the field is shown, unless it is stored or the field is masked', () => {
  const fields = {
    visible: new Set<string>(),
    private: new Set<string>(),
    stored: new Set(['advice', 'title', 'titleEn', 'patientName']),
    masks: new Map([['patientName', 'name' as const]]),
  };
  expect(fieldBehind('adviceEn', fields)).toBe('advice');
  expect(fieldBehind('titleEn', fields)).toBe('titleEn');
  expect(fieldBehind('patientNameEn', fields)).toBe('patientNameEn');
  expect(fieldBehind('advice', fields)).toBe('advice');
});
