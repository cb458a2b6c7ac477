import { describe, expect, it } from 'vitest';
import { matchesRule } from './config-rule.js';

const SSH = 'INCOMING_SSH_DISABLED';
const matches = (name: string, known = SSH, configRules: Record<string, string> = {}, identifier: string | null = null) =>
  matchesRule(known, name, { configRules }, identifier);

describe('a Config rule is recognized', () => {
  it.each([
    'restricted-ssh',
    'Restricted-SSH',
    'securityhub-restricted-ssh-0a1b2c3d',
    'OrgConfigRule-restricted-ssh-x1y2z3a4',
    'restricted-ssh-conformance-pack-abc123def',
  ])('by its default name, and by names derived from it: %s', (name) => {
    expect(matches(name, 'restricted-ssh')).toBe(true);
  });

  it.each([
    'OrgConfigRule-restricted-ssh',
    'OrgConfigRule-restricted-ssh-TOOLONG99',
    'my-restricted-ssh',
    'restricted-ssh-2',
    'securityhub-restricted-ssh-x-0a1b2c3d',
  ])('not by a similar name: %s', (name) => {
    expect(matches(name, 'restricted-ssh')).toBe(false);
  });

  it('by its identifier, if Config was read', () => {
    expect(matches('AWSControlTower-x-7F3K2', SSH, {}, SSH)).toBe(true);
    expect(matches('AWSControlTower-x-7F3K2', SSH, {}, 'IAM_PASSWORD_POLICY')).toBe(false);
  });

  it('by its name in the policy, which takes precedence over everything else', () => {
    expect(matches('restricted-ssh', 'restricted-ssh', { 'restricted-ssh': 'OTHER' }, SSH)).toBe(false);
    expect(matches('acme', SSH, { acme: SSH })).toBe(true);
  });

  it.each([
    ['StackSet-*-SshRule-*', 'StackSet-baseline-SshRule-1ABC', true],
    ['*ssh*', 'acme-ssh', true],
    ['*', 'anything', true],
    ['acme-*', 'acme-', true],
    ['acme-*-acme', 'acme-acme', false],
    ['a*b*c', 'acb', false],
    ['acme-*', 'my-acme-x', false],
    ['*-ssh', 'acme-ssh-2', false],
  ])('by a pattern: %s, %s: %s', (pattern, name, expected) => {
    expect(matches(name, SSH, { [pattern]: SSH })).toBe(expected);
  });

  it('by no pattern if two contradict each other; the exact name takes precedence over patterns', () => {
    expect(matches('acme-ssh', SSH, { 'acme-*': SSH, '*-ssh': 'OTHER' }, SSH)).toBe(false);
    expect(matches('acme-ssh', 'OTHER', { 'acme-*': SSH, '*-ssh': 'OTHER' })).toBe(false);
    expect(matches('acme-ssh', SSH, { 'acme-*': SSH, '*-ssh': SSH })).toBe(true);
    expect(matches('acme-ssh', SSH, { 'acme-*': 'OTHER', 'acme-ssh': SSH })).toBe(true);
  });

  it('quickly, whatever the pattern', () => {
    expect(matches('a'.repeat(200), SSH, { [`${'*a'.repeat(100)}*b`]: SSH })).toBe(false);
  });
});
