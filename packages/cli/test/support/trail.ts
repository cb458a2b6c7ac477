// A journal with calls, and a trail that says so, in a folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf, resource } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { afterEach, beforeEach } from 'vitest';
import type { ReconcileDocument } from '../../src/commands/reconcile.js';
import { command } from './command.js';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-west-1';
export const DAY = 86_400_000;
/** When the calls were made: at noon, three days ago. The grace time is over. */
export const AT = Math.floor(Date.now() / DAY - 3) * DAY + DAY / 2;

/** A record of CloudTrail. */
export const event = (requestID: string, session: string, over: object = {}) => ({
  eventVersion: '1.09',
  userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/RedressFix/${session}`, accountId: ACCOUNT },
  eventTime: new Date(AT).toISOString(),
  eventSource: 'ec2.amazonaws.com',
  eventName: 'RevokeSecurityGroupIngress',
  awsRegion: REGION,
  requestID,
  eventID: `e-${requestID}`,
  eventType: 'AwsApiCall',
  readOnly: false,
  recipientAccountId: ACCOUNT,
  ...over,
});

/** Where CloudTrail puts a file. */
export function keyOf(time: number, account = ACCOUNT, unique = 'AbCdEfGhIjKlMnOp'): string {
  const [date = '', hours = ''] = new Date(time).toISOString().split('T');
  return `AWSLogs/${account}/CloudTrail/${REGION}/${date.replaceAll('-', '/')}/${account}_CloudTrail_${REGION}_${date.replaceAll('-', '')}T${hours.slice(0, 5).replace(':', '')}Z_${unique}.json.gz`;
}
export const packed = (...records: object[]) => gzipSync(JSON.stringify({ Records: records }));

/** A folder for each test, with what is done in it. */
export function workplace(...options: string[]) {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'redress-reconcile-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  return {
    put(name: string, content: string | Buffer | object): void {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
    },
    async reconcile(...argv: string[]) {
      const { exit, out } = await command(['reconcile', ...argv, '--json', ...options], directory, { remediators: [] });
      return { exit, json: JSON.parse(out) as ReconcileDocument & { error?: { code: string; message: string } } };
    },
    /** As people see it. */
    async shown(...argv: string[]): Promise<string> {
      return (await command(['reconcile', ...argv], directory, { remediators: [] })).out;
    },
    /** Calls that records say were made, each in an execution of its own. Answers the names of their sessions. */
    async recorded(...requests: string[]): Promise<string[]> {
      const journal = folderJournal({ directory: join(directory, '.redress'), clock: { now: () => AT } });
      const sessions: string[] = [];
      for (const requestId of requests) {
        const of = { resource: resource({ type: 'AWS::EC2::SecurityGroup', id: requestId, account: ACCOUNT, region: REGION }), remediator: 'test-fix' };
        const begun = await journal.begin({ ...of, planDigest: digestOf(requestId), generation: 0, budgets: [], lease: 60_000, body: {} });
        if (begun.status !== 'begun') throw new Error(begun.status);
        const { lease } = begun;
        const caller = `arn:aws:sts::${ACCOUNT}:assumed-role/RedressFix/${lease.execution}`;
        await journal.append({
          ...{ kind: 'call', lease, ...of },
          body: { call: { service: 'ec2', operation: 'RevokeSecurityGroupIngress', status: 'applied', requestId, caller } },
        });
        await journal.finish({ lease, ...of, outcome: 'remediated', sent: 1, body: {} });
        sessions.push(lease.execution);
      }
      await journal.close?.();
      return sessions;
    },
  };
}
