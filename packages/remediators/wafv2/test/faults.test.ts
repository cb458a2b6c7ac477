import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableLogging } from '../src/index.js';

interface Acl {
  logs: string[];
  tags: { Key: string; Value: string }[];
}
const PREFIX = 'arn:aws:wafv2:us-east-1:111111111111:';
const STREAM = 'arn:aws:firehose:us-east-1:111111111111:deliverystream/aws-waf-logs-all';
const idOf = (name: unknown) => `regional/webacl/${name}/1`;
const known = (custom: Record<string, unknown>, id: unknown): Acl => {
  const found = (custom as Record<string, Acl>)[String(id).replace(PREFIX, '')];
  if (found === undefined) throw new SimulatedError('WAFNonexistentItemException', 400);
  return found;
};
type Input = Readonly<Record<string, unknown>>;
/** As much of AWS WAF as the package uses. */
const wafv2: Readonly<Record<string, Operation>> = {
  GetWebACL: ({ custom }, { Name }: Input) => {
    known(custom, idOf(Name));
    return { WebACL: { Name, Id: '1' } };
  },
  ListWebACLs: ({ custom }, { Scope }: Input) => ({ WebACLs: Scope === 'REGIONAL' ? Object.keys(custom).map((id) => ({ ARN: PREFIX + id })) : [] }),
  ListTagsForResource: ({ custom }, { ResourceARN }: Input) => ({ TagInfoForResource: { TagList: known(custom, ResourceARN).tags } }),
  GetLoggingConfiguration: ({ custom }, { ResourceArn }: Input) => {
    const { logs } = known(custom, ResourceArn);
    if (logs.length === 0) throw new SimulatedError('WAFNonexistentItemException', 400);
    return { LoggingConfiguration: { LogDestinationConfigs: logs } };
  },
  PutLoggingConfiguration: ({ custom }, { LoggingConfiguration: { ResourceArn, LogDestinationConfigs } }: { readonly LoggingConfiguration: Input }) => {
    known(custom, ResourceArn).logs = LogDestinationConfigs as string[];
    return {};
  },
  DeleteLoggingConfiguration: ({ custom }, { ResourceArn }: Input) => {
    known(custom, ResourceArn).logs = [];
    return {};
  },
};

it('survives every fault at every call', async () => {
  const report = await faultMatrix(enableLogging, {
    services: { wafv2 },
    parameters: { stream: STREAM },
    arrange(account) {
      const sound = (): Acl => ({ logs: [STREAM], tags: [{ Key: 'team', Value: 'web' }] });
      Object.assign(account.state.custom, { [idOf('beside')]: sound(), [idOf('subject')]: sound() });
      const subject = () => known(account.state.custom, idOf('subject'));
      return reportedGap({
        resource: resource({ type: 'AWS::WAFv2::WebACL', id: idOf('subject'), account: account.account, region: 'us-east-1' }),
        rule: 'wafv2-logging-enabled',
        open: () => Object.assign(subject(), { logs: [] }),
        isOpen: () => account.state.custom[idOf('subject')] !== undefined && subject().logs.length === 0,
        others: {
          delete: () => delete account.state.custom[idOf('subject')],
          fix: () => Object.assign(subject(), { logs: [STREAM] }),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
