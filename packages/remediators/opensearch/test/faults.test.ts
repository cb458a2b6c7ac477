import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { publishElasticsearchErrorLogs, publishErrorLogs } from '../src/index.js';

interface Domain {
  logs: Record<string, { CloudWatchLogsLogGroupArn: string; Enabled: boolean }>;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly DomainName: string };
const GROUP = 'arn:aws:logs:us-east-1:111111111111:log-group:errors';
const known = (custom: Record<string, unknown>, name: string): Domain => {
  const found = (custom as Record<string, Domain>)[name];
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 409);
  return found;
};
/** As much of OpenSearch Service as the package uses. What is sent replaces all that is published. */
const es: Readonly<Record<string, Operation>> = {
  DescribeDomain: ({ custom }, { DomainName }: Named) => ({
    DomainStatus: { DomainName, Processing: false, LogPublishingOptions: known(custom, DomainName).logs },
  }),
  ListDomainNames: ({ custom }) => ({ DomainNames: Object.keys(custom).map((DomainName) => ({ DomainName })) }),
  ListTags: ({ custom }, { ARN }: { readonly ARN: string }) => ({ TagList: known(custom, String(ARN.split('/')[1])).tags }),
  UpdateDomainConfig: ({ custom }, { DomainName, LogPublishingOptions }: Named & { readonly LogPublishingOptions: Domain['logs'] }) => {
    known(custom, DomainName).logs = LogPublishingOptions;
    return {};
  },
};
const slow = { SEARCH_SLOW_LOGS: { CloudWatchLogsLogGroupArn: 'arn:aws:logs:us-east-1:111111111111:log-group:slow', Enabled: true } };
const sound = (): Domain => ({
  logs: { ...slow, ES_APPLICATION_LOGS: { CloudWatchLogsLogGroupArn: GROUP, Enabled: true } },
  tags: [{ Key: 'team', Value: 'search' }],
});

it.each<[id: string, Remediator, type: string]>([
  [publishErrorLogs.id, publishErrorLogs, 'AWS::OpenSearch::Domain'],
  [publishElasticsearchErrorLogs.id, publishElasticsearchErrorLogs, 'AWS::Elasticsearch::Domain'],
])('%s survives every fault at every call', async (_, remediator, type) => {
  const report = await faultMatrix(remediator, {
    services: { es },
    parameters: { logGroup: GROUP },
    arrange(account) {
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const subject = () => known(account.state.custom, 'subject');
      return reportedGap({
        resource: resource({ type, id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), { logs: slow }),
        isOpen: () => account.state.custom['subject'] !== undefined && subject().logs['ES_APPLICATION_LOGS']?.Enabled !== true,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), sound()),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(160);
});
