import { defineSetting, needs, type ResourceRef, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { opensearch } from './client.js';
import { condition, controlsOf, domain, domainCalls, inCodeOf, rulesOf } from './domain.js';
import { packageRef } from './package-ref.js';

const ERRORS = 'ES_APPLICATION_LOGS';
const parameters = z.strictObject({
  logGroup: z
    .optional(z.logGroupArn())
    .check(
      z.describe(
        'The log group that receives error logs, in the account and region of the domain. A CloudWatch Logs resource policy has to let es.amazonaws.com write.',
      ),
    ),
});

/** Whether OpenSearch Service can write to it: it does not write to another account or region. */
const isNear = ({ account, region }: ResourceRef, group: string) => {
  const [, , , inRegion, ofAccount] = group.split(':');
  return inRegion === region && ofAccount === account;
};

/**
 * Publishes the error logs of a domain to the log group that the policy names. The API has one map of all logs, so those that are published to
 * somewhere else go along.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/opensearch-controls.html#opensearch-4
 */
export const publishErrorLogs = defineSetting({
  on: domain,
  id: 'opensearch-publish-error-logs',
  title: 'Publish the error logs of an OpenSearch or Elasticsearch domain',
  package: packageRef,
  controls: { 'aws-fsbp': controlsOf(4) },
  rules: rulesOf('LOGS_TO_CLOUDWATCH'),
  calls: domainCalls,
  // AWS counts it among the changes that usually need no new nodes, with exceptions by service software, and says that only a dry run is sure. A dry
  // run needs the permission to change the domain. DescribeDomain does not show it: the update of a domain that never had one is COMPLETED, too.
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether OpenSearch Service moves the domain to new nodes for it, which it usually does not: aws opensearch update-domain-config --dry-run shows that.',
    'Whether the log group lets es.amazonaws.com write: if not, the call is rejected.',
    'What the logs cost.',
  ],
  parameters,
  // One that is not enabled is as good as one that is not there.
  at: ({ LogPublishingOptions = {} }) => ({
    logs: Object.fromEntries(
      Object.entries(LogPublishingOptions).flatMap(([type, { Enabled, CloudWatchLogsLogGroupArn: group = '' }]) => (Enabled === true ? [[type, group]] : [])),
    ) as Readonly<Record<string, string>>,
  }),
  context: condition,
  contextHolds: true,
  hazards: [
    shortLived('its logs cost money, and nobody reads them'),
    {
      // https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-configuration-changes.html
      code: 'blue-green',
      effect: 'approve',
      what: 'The service software of the domain is not known to be the newest. With an older one, the change may move the domain to new nodes, and update that software.',
      advice: 'Do a dry run: aws opensearch update-domain-config --dry-run. Approve in a quiet hour, or update the service software first.',
      when: ({ context, id }) => (context !== undefined && !context.newest ? `${id} may have an update of its service software` : null),
    },
  ],
  rollback: { restores: 'exact', what: 'Error logs are no longer published.', not: ['Logs published in the meantime.'] },
  inCode: inCodeOf(`LogPublishingOptions.${ERRORS}`, 'log_publishing_options'),
  instead({ now, context, id, resource, parameters: { logGroup } }) {
    if (now.logs[ERRORS] !== undefined) return null;
    const gap = `${id} publishes no error logs`;
    const missing = needs('opensearch-publish-error-logs', gap, { logGroup });
    if (missing !== null || logGroup === undefined) return missing;
    if (!isNear(resource, logGroup))
      return {
        status: 'manual',
        message: `${gap}. The policy names ${logGroup}, and OpenSearch Service writes only to log groups in the account and region of the domain.`,
        steps: ['Create log groups of the same name in all of them, and write {region} and {account} in the policy.'],
      };
    if (context?.busy !== true) return null;
    return { status: 'manual', message: `${gap}, and a change of it is in progress.`, steps: ['Wait until it is active.'] };
  },
  wanted: ({ now, parameters: { logGroup = '' } }) => ({ logs: { [ERRORS]: logGroup, ...now.logs } }),
  writes: [opensearch.pick('UpdateDomainConfig')],
  write: ({ id, now, to }) =>
    opensearch.call('UpdateDomainConfig', {
      DomainName: id,
      LogPublishingOptions: Object.fromEntries(
        Object.entries({ ...now.logs, ...to.logs }).map(([type, group]) => [type, { CloudWatchLogsLogGroupArn: group, Enabled: type in to.logs }]),
      ),
    }),
  summary: ({ id, to }) => `publish error logs of ${id} to ${to.logs[ERRORS]}`,
});
