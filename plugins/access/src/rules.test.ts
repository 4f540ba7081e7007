import { describe, expect, test } from '@jest/globals';
import { abilityOf, builtInRoles, rulesSchema } from './rules';

const ability = (code: string) => abilityOf(builtInRoles.find((role) => role.code === code)?.rules ?? []);

describe('built-in roles', () => {
  test('their rules are readable as rows', () => {
    for (const role of builtInRoles)
      expect(rulesSchema.parse(JSON.parse(JSON.stringify(role.rules)))).toEqual(role.rules);
  });

  test.each([
    ['super', 'refund', 'order', true],
    ['super', 'unmask', 'patient', true],
    ['hospital_admin', 'update', 'channel-account', true],
    ['hospital_admin', 'create', 'application', true],
    ['hospital_admin', 'read', 'audit-entry', true],
    ['hospital_admin', 'refund', 'order', false],
    ['hospital_admin', 'unmask', 'patient', false],
    ['hospital_admin', 'update', 'role', false],
    ['finance', 'refund', 'order', true],
    ['finance', 'resolve', 'discrepancy', true],
    ['finance', 'approve', 'discrepancy', true],
    ['finance', 'update', 'approval-rule', false],
    ['hospital_admin', 'update', 'approval-rule', true],
    ['hospital_admin', 'approve', 'discrepancy', false],
    ['finance', 'reconcile', 'reconciliation-run', true],
    ['finance', 'unmask', 'patient', true],
    ['finance', 'update', 'merchant', false],
    ['finance', 'update', 'reconciliation-rule', true],
    ['finance', 'read', 'interface-log', true],
    ['ops', 'update', 'reconciliation-rule', false],
    ['finance', 'update', 'account', false],
    ['cashier', 'read', 'account', false],
    ['cashier', 'pay', 'cashier', true],
    ['cashier', 'read', 'order', true],
    ['cashier', 'refund', 'order', false],
    ['cashier', 'unmask', 'patient', false],
    ['cashier', 'read', 'discrepancy', false],
    ['cashier', 'read', 'summary', false],
    ['ops', 'read', 'interface-log', true],
    ['ops', 'test', 'channel-account', true],
    ['ops', 'read', 'order', false],
    ['ops', 'read', 'his-record', false],
    ['ops', 'refund', 'order', false],
    ['ops', 'unmask', 'patient', false],
  ])('%s may %s %s: %s', (role, action, subject, expected) => {
    expect(ability(role).can(action, subject)).toBe(expected);
  });

  test('a rule about fields opens those fields only', () => {
    const some = abilityOf([{ action: 'read', subject: 'order', fields: ['orderNo'] }]);
    expect(some.can('read', 'order', 'orderNo')).toBe(true);
    expect(some.can('read', 'order', 'patientName')).toBe(false);
  });

  test.each(['finance', 'ops'])('%s knows colleagues by name and no more', (role) => {
    expect(ability(role).can('read', 'account', 'displayName')).toBe(true);
    expect(ability(role).can('read', 'account', 'lastSignInIp')).toBe(false);
  });

  test('a rule cannot take rights away, because roles add up', () => {
    expect(rulesSchema.safeParse([{ action: 'read', subject: 'order', inverted: true }]).success).toBe(false);
    expect(rulesSchema.safeParse([{ action: 'fly', subject: 'order' }]).success).toBe(false);
  });
});
