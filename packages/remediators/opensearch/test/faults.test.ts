import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableNodeToNodeEncryption, publishErrorLogs } from '../src/index.js';

interface Domain {
  logs: Record<string, { CloudWatchLogsLogGroupArn: string; Enabled: boolean }>;
  nodes: boolean;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly DomainName: string };
type Update = Named & { readonly LogPublishingOptions?: Domain['logs']; readonly NodeToNodeEncryptionOptions?: { readonly Enabled: boolean } };
const GROUP = 'arn:aws:logs:us-east-1:111111111111:log-group:errors';
const known = (custom: Record<string, unknown>, name: string): Domain => {
  const found = (custom as Record<string, Domain>)[name];
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 409);
  return found;
};
/** As much of OpenSearch Service as the package uses. What is sent replaces all that is published. */
const es: Readonly<Record<string, Operation>> = {
  DescribeDomain: ({ custom }, { DomainName }: Named) => ({
    DomainStatus: {
      DomainName,
      EngineVersion: 'Elasticsearch_7.10',
      Processing: false,
      ServiceSoftwareOptions: { UpdateAvailable: false, UpdateStatus: 'COMPLETED' },
      LogPublishingOptions: known(custom, DomainName).logs,
      NodeToNodeEncryptionOptions: { Enabled: known(custom, DomainName).nodes },
    },
  }),
  ListDomainNames: ({ custom }) => ({ DomainNames: Object.keys(custom).map((DomainName) => ({ DomainName })) }),
  ListTags: ({ custom }, { ARN }: { readonly ARN: string }) => ({ TagList: known(custom, String(ARN.split('/')[1])).tags }),
  UpdateDomainConfig: ({ custom }, { DomainName, LogPublishingOptions, NodeToNodeEncryptionOptions }: Update) => {
    const found = known(custom, DomainName);
    found.logs = LogPublishingOptions ?? found.logs;
    found.nodes = NodeToNodeEncryptionOptions?.Enabled ?? found.nodes;
    return {};
  },
};
const slow = { SEARCH_SLOW_LOGS: { CloudWatchLogsLogGroupArn: 'arn:aws:logs:us-east-1:111111111111:log-group:slow', Enabled: true } };
const sound = (): Domain => ({
  logs: { ...slow, ES_APPLICATION_LOGS: { CloudWatchLogsLogGroupArn: GROUP, Enabled: true } },
  nodes: true,
  tags: [{ Key: 'team', Value: 'search' }],
});

it.each<[id: string, Remediator, broken: Partial<Domain>]>([
  [publishErrorLogs.id, publishErrorLogs, { logs: slow }],
  [enableNodeToNodeEncryption.id, enableNodeToNodeEncryption, { nodes: false }],
])('%s survives every fault at every call', async (_, remediator, broken) => {
  const report = await faultMatrix(remediator, {
    services: { es },
    ...('logs' in broken ? { parameters: { logGroup: GROUP } } : {}),
    arrange(account) {
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const subject = () => known(account.state.custom, 'subject');
      const isOpen = ({ logs, nodes }: Domain) => ('logs' in broken ? logs['ES_APPLICATION_LOGS']?.Enabled !== true : !nodes);
      return reportedGap({
        resource: resource({ type: 'AWS::OpenSearch::Domain', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), broken),
        isOpen: () => account.state.custom['subject'] !== undefined && isOpen(subject()),
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), sound()),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  // What has no undo has no rollback that could meet a fault.
  expect(report.injected).toBeGreaterThan(remediator.uses.undoes.length === 0 ? 100 : 160);
});
