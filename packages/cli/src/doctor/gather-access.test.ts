import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connect } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gatherAccess, gatherDryRun } from './gather-access.js';

const ACCOUNT = '111111111111';
const FIXES = ['ec2:RevokeSecurityGroupIngress', 's3:PutEncryptionConfiguration'];

let server: Server;
let asked: URLSearchParams[];
/** What AWS answers, by action: status and XML. The emulator has no simulation of policies. */
let answers: Record<string, [number, string]>;
const connect: Connect = async ({ region }) => ({
  config: {
    region,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  },
  identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/RedressRead/x` }),
});
const simulation = (...results: [string, string][]): [number, string] => [
  200,
  `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${results
    .map(([action, decision]) => `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decision}</EvalDecision></member>`)
    .join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
];
const ec2Error = (status: number, code: string): [number, string] => [
  status,
  `<Response><Errors><Error><Code>${code}</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>`,
];

beforeEach(async () => {
  asked = [];
  answers = {
    DescribeSecurityGroups: [
      200,
      '<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo></DescribeSecurityGroupsResponse>',
    ],
  };
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const parameters = new URLSearchParams(body);
      asked.push(parameters);
      const [status, text] = answers[parameters.get('Action') ?? ''] ?? [500, '<x/>'];
      response.writeHead(status, { 'content-type': 'text/xml' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('the permissions of a role', () => {
  const ask = async () => (await gatherAccess(connect, ACCOUNT, 'eu-west-1', 'RedressFix', FIXES, { remediators: [] })).actions;

  it('are what IAM simulates', async () => {
    answers['SimulatePrincipalPolicy'] = simulation(['ec2:RevokeSecurityGroupIngress', 'allowed'], ['s3:PutEncryptionConfiguration', 'allowed']);
    expect(await ask()).toEqual({ ok: true, value: { role: `arn:aws:iam::${ACCOUNT}:role/RedressFix`, denied: [], unsure: [] } });
    expect(asked[0]?.get('PolicySourceArn')).toBe(`arn:aws:iam::${ACCOUNT}:role/RedressFix`);
    // Of a resource that the generated policy allows: of every resource it says no.
    expect(asked.map((each) => [each.get('ActionNames.member.1'), each.get('ResourceArns.member.1')])).toEqual([
      ['ec2:RevokeSecurityGroupIngress', `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/example`],
      ['s3:PutEncryptionConfiguration', 'arn:aws:s3:::example'],
    ]);
    expect([...(asked[1] as URLSearchParams).values()]).toEqual(expect.arrayContaining(['s3:ResourceAccount', ACCOUNT]));
    answers['SimulatePrincipalPolicy'] = simulation(['ec2:RevokeSecurityGroupIngress', 'explicitDeny'], ['s3:PutEncryptionConfiguration', 'implicitDeny']);
    expect(await ask()).toMatchObject({ ok: true, value: { denied: ['ec2:RevokeSecurityGroupIngress'], unsure: ['s3:PutEncryptionConfiguration'] } });
  });

  it('are unknown if IAM does not answer for an action, or denies the simulation', async () => {
    answers['SimulatePrincipalPolicy'] = simulation(['ec2:RevokeSecurityGroupIngress', 'allowed']);
    expect(await ask()).toMatchObject({ ok: false, error: expect.stringContaining('s3:PutEncryptionConfiguration') });
    answers['SimulatePrincipalPolicy'] = [403, '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>'];
    expect(await ask()).toMatchObject({ ok: false, error: expect.stringContaining('iam:SimulatePrincipalPolicy: AccessDenied') });
  });

  it('are not simulated for another account', async () => {
    expect(await gatherAccess(connect, '222222222222', 'eu-west-1', 'RedressFix', FIXES, { remediators: [] })).toMatchObject({ actions: null });
    expect(asked).toEqual([]);
  });
});

describe('the dry run', () => {
  it.each<[string, [number, string], object]>([
    ['would have been allowed', ec2Error(412, 'DryRunOperation'), { ok: true, value: true }],
    ['is not allowed', ec2Error(403, 'UnauthorizedOperation'), { ok: true, value: false }],
    ['fails otherwise', ec2Error(400, 'InvalidGroup.NotFound'), { ok: false }],
    ['is not a dry run', [200, '<RevokeSecurityGroupIngressResponse><return>true</return></RevokeSecurityGroupIngressResponse>'], { ok: false }],
  ])('%s', async (_name, answer, expected) => {
    answers['RevokeSecurityGroupIngress'] = answer;
    expect(await gatherDryRun(connect, ACCOUNT, 'eu-west-1')).toMatchObject(expected);
    const call = asked.find((each) => each.get('Action') === 'RevokeSecurityGroupIngress');
    // Of a rule that there is not, and as a dry run: nothing could be revoked by it.
    expect([call?.get('DryRun'), call?.get('SecurityGroupRuleId.1'), call?.get('IpPermissions.1.IpProtocol') ?? null]).toEqual([
      'true',
      'sgr-00000000000000000',
      null,
    ]);
  });

  it('is not made in another account', async () => {
    expect(await gatherDryRun(connect, '222222222222', 'eu-west-1')).toMatchObject({ ok: false });
    expect(asked).toEqual([]);
  });
});
