import type { Remediator } from '@redress/core';
import { packOf } from '@redress/frameworks';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators, furtherEc2Remediators } from '@redress/remediator-ec2';
import { furtherIamRemediators, iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { remediators as every } from '@redress/remediators';
import { describe, expect, it } from 'vitest';
import { type AskedRule, answerTo } from './answer.js';

const remediators: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const rule = (identifier: string, more: Partial<AskedRule> = {}): AskedRule => ({
  identifier,
  name: identifier.toLowerCase().replaceAll('_', '-'),
  parameters: {},
  types: [],
  ...more,
});
const said = (asked: AskedRule, all = remediators) => {
  const { answer, because, remediators: who } = answerTo(asked, all);
  return [answer, because, who.map(({ id }) => id)];
};

describe('the answer to a rule', () => {
  it.each([
    ['EC2_EBS_ENCRYPTION_BY_DEFAULT', 'closes', '', ['ec2-enable-ebs-encryption-by-default']],
    [
      'INCOMING_SSH_DISABLED',
      'asks',
      'Without an approval, only what an event shows to be new is changed.',
      ['ec2-revoke-sg-open-ssh', 'ec2-revoke-sg-open-admin-existing', 'ec2-revoke-sg-open-admin-ipv6'],
    ],
    ['ENCRYPTED_VOLUMES', 'reports', 'People are notified. They close it.', ['ec2-report-unencrypted-ebs-volumes']],
    ['ACCESS_KEYS_ROTATED', 'reports', 'It is flagged. People close it.', ['iam-flag-stale-access-key']],
    ['IAM_PASSWORD_POLICY', 'reports', 'The rule checks more than remediators change.', ['iam-strengthen-password-policy']],
    ['RDS_MULTI_AZ_SUPPORT', 'tracked', 'No remediator evaluates it.', []],
    ['AWS_CONFIG_PROCESS_CHECK', 'attested', 'AWS Config does not evaluate it. A person attests it.', []],
  ])('%s: %s', (identifier, answer, because, ids) => {
    const [is, why, who] = said(rule(identifier));
    expect([is, why]).toEqual([answer, because]);
    expect([...(who as string[])].sort()).toEqual([...ids].sort());
  });

  it('is an approval at most if no remediator has a higher ceiling', () => {
    const asking = remediators.map((each) => ({ ...each, ceiling: 'approve' as const }));
    expect(said(rule('EC2_EBS_ENCRYPTION_BY_DEFAULT'), asking)).toEqual(['asks', '', ['ec2-enable-ebs-encryption-by-default']]);
  });

  it('does not close the gap if the rule and the policy have different values', () => {
    const year = rule('CW_LOGGROUP_RETENTION_PERIOD_CHECK', { parameters: { MinRetentionTime: '731' } });
    expect(said(year).slice(0, 2)).toEqual(['reports', 'The rule has MinRetentionTime 731, but the policy has 365.']);
    const { answer } = answerTo(year, remediators, (each) => each.parameters(each.id === 'logs-raise-retention' ? { minDays: 731 } : {}));
    expect(answer).toBe('closes');
  });

  it('is an approval if one of the remediators that it takes together needs one, whichever of them the rule names', () => {
    expect(said(rule('CLOUDTRAIL_SECURITY_TRAIL_ENABLED'), every)).toEqual([
      'asks',
      'A part of it needs an approval.',
      ['cloudtrail-enable-multi-region-trail'],
    ]);
    expect(said(rule('CLOUD_TRAIL_ENABLED'), every)[0]).toBe('closes');
    const asking = every.map((each) => (each.id === 'cloudtrail-enable-multi-region-trail' ? { ...each, ceiling: 'approve' as const } : each));
    expect(said(rule('CLOUD_TRAIL_ENABLED'), asking)[0]).toBe('asks');
  });

  it('is for 25 rules of the pack for APRA CPG 234 that they are closed automatically, and for 100 that Redress looks itself', async () => {
    const answers = (await packOf('apra-cpg-234')).rules.map((each) => answerTo(each, every).answer);
    const count = (...which: readonly string[]) => answers.filter((each) => which.includes(each)).length;
    expect(count('closes')).toBeGreaterThanOrEqual(25);
    expect(count('closes', 'asks', 'reports')).toBeGreaterThanOrEqual(100);
    expect(answers).toHaveLength(130);
  });

  it('names the types without a remediator', () => {
    const [, because] = said(rule('EC2_EBS_ENCRYPTION_BY_DEFAULT', { types: ['AWS::::Account', 'AWS::EC2::Volume'] }));
    expect(because).toBe('Not for AWS::EC2::Volume.');
  });

  it('is found by the name as well', () => {
    expect(said({ ...rule('NOBODY_KNOWS'), name: 'restricted-ssh' })[0]).toBe('asks');
  });

  const all = [...remediators, ...furtherEc2Remediators, ...furtherIamRemediators];
  it.each<[string, Record<string, string>, string, string]>([
    ['ACCESS_KEYS_ROTATED', { maxAccessKeyAge: '90' }, 'asks', ''],
    ['ACCESS_KEYS_ROTATED', { maxAccessKeyAge: '60' }, 'reports', 'The rule has maxAccessKeyAge 60, but the policy has 90.'],
    ['IAM_USER_UNUSED_CREDENTIALS_CHECK', { maxCredentialUsageAge: '90' }, 'asks', ''],
    ['VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS', { authorizedTcpPorts: '443' }, 'asks', ''],
    ['VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS', { authorizedTcpPorts: '22,443' }, 'reports', 'The rule has authorizedTcpPorts 22,443, but the policy has 443.'],
  ])('is for %s with %j: %s, even if more is installed', (identifier, parameters, answer, because) => {
    expect(said(rule(identifier, { parameters }), all).slice(0, 2)).toEqual([answer, because]);
  });
  it('is an approval if several remediators change a part and one of them needs it', () => {
    const passwords = rule('IAM_PASSWORD_POLICY', { parameters: { MinimumPasswordLength: '14', MaxPasswordAge: '90' } });
    expect(said(passwords, all).slice(0, 2)).toEqual(['asks', 'A part of it needs an approval.']);
    expect(said(passwords, furtherIamRemediators)[0]).toBe('reports');
    const closing = all.map((each) => ({ ...each, ceiling: 'enforce' as const }));
    expect(said(passwords, closing)[0]).toBe('closes');
    const sooner = rule('IAM_PASSWORD_POLICY', { parameters: { MaxPasswordAge: '30' } });
    expect(said(sooner, all).slice(0, 2)).toEqual(['reports', 'The rule has MaxPasswordAge 30, but the policy has 90.']);
  });

  it('reports what no change closes: the original of a snapshot stays', () => {
    const copying = all.slice(0, 1).map((each) => ({ ...each, ceiling: 'approve' as const, configRules: ['RDS_SNAPSHOT_ENCRYPTED'] }));
    expect(said(rule('RDS_SNAPSHOT_ENCRYPTED'), copying).slice(0, 2)).toEqual(['reports', 'The rule checks more than remediators change.']);
  });
});
