import { digestOf, type Notification, type Plan, resource } from '@redress/core';

/** A notification for tests. */
export function sample(over: Partial<Notification> & { readonly id?: string; readonly change?: string } = {}): Notification {
  const { id = 'sg-0abc', change = 'revoke sgr-1 of sg-0abc: tcp 22 from 0.0.0.0/0', ...more } = over;
  const ref = resource({ type: 'AWS::EC2::SecurityGroup', id, account: '111111111111', region: 'eu-west-1' });
  const body = {
    schema: 1 as const,
    remediator: { id: 'ec2-revoke-sg-open-ssh', package: '@redress/remediator-ec2', version: '1.0.0' },
    resource: ref,
    before: { owner: '111111111111', open: [{ id: 'sgr-1', protocol: 'tcp', fromPort: 22, toPort: 22, cidr: '0.0.0.0/0' }] },
    changes: [
      {
        call: {
          service: 'ec2',
          operation: 'RevokeSecurityGroupIngress',
          input: { GroupId: id, SecurityGroupRuleIds: ['sgr-1'] },
          retry: 'idempotent' as const,
        },
        undo: { calls: [], restores: 'equivalent' as const },
        summary: change,
        resolves: true,
      },
    ],
    hazards: [],
  };
  const plan: Plan = { ...body, digest: digestOf(body) };
  return {
    outcome: 'awaiting-approval',
    remediator: { id: 'ec2-revoke-sg-open-ssh', title: 'Revoke a newly added internet-wide SSH rule' },
    resource: ref,
    message: 'It is older than 30 minutes.',
    reasons: [
      { guardrail: 'freshness', effect: 'approve', code: 'not-fresh', message: 'No event shows that it is new.' },
      {
        guardrail: 'managed-by-iac',
        effect: 'approve',
        code: 'managed',
        message: 'CloudFormation manages it.',
        data: { tool: 'CloudFormation', name: 'web', tag: 'aws:cloudformation:stack-name' },
      },
    ],
    plan,
    steps: [],
    finding: null,
    execution: null,
    approval: 'a-0123456789abcdef',
    at: Date.parse('2026-11-24T10:00:00Z'),
    environment: 'prod',
    tags: { Owner: 'payments' },
    open: [],
    after: null,
    blindSpots: ['SSH on another port than 22.'],
    ...more,
  };
}
