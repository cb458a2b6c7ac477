import { defineSetting, isGone, type Json, needs, shortLived, toJson } from '@redress/core';
import * as z from '@redress/core/parameters';
import { wafv2 } from './client.js';
import { packageRef } from './package-ref.js';
import { webAcl } from './web-acl.js';

const parameters = z.strictObject({
  stream: z
    .optional(
      z
        .string()
        .check(
          z.regex(
            /^arn:[^:]+:firehose:[^:]+:(?:[0-9]{12}|\{account\}):deliverystream\/aws-waf-logs-.+$/,
            'the ARN of a stream aws-waf-logs-…, which may contain {account} and {region}',
          ),
        ),
    )
    .check(z.describe('The ARN of the Firehose stream that receives the logs. Its name has to begin with aws-waf-logs-.')),
  redact: z._default(z.array(z.string()), ['authorization', 'cookie']).check(z.describe('Headers whose values are not logged.')),
});

/**
 * Turns on logging of the requests that a web ACL has seen, to the stream that the policy names. How requests are handled stays as it is.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-11
 */
export const enableLogging = defineSetting({
  on: webAcl,
  id: 'waf-enable-logging',
  title: 'Turn on logging of a web ACL',
  package: packageRef,
  controls: { 'aws-fsbp': ['WAF.11'] },
  rules: { WAFV2_LOGGING_ENABLED: 'wafv2-logging-enabled' },
  calls: { 'wafv2:CreateWebACL': 'response.summary.aRN', 'wafv2:DeleteLoggingConfiguration': 'request.resourceArn' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Secrets in query strings, and in headers that are logged: everyone who can read the logs can read them.',
    'Whether the stream delivers, and whether the service-linked role of WAF exists: if not, WAF rejects the call.',
    'What the logs cost.',
  ],
  parameters,
  read: {
    reads: [wafv2.pick('GetLoggingConfiguration')],
    async of({ aws, arn }): Promise<{ readonly logs: readonly string[] | undefined; readonly what: Json }> {
      try {
        const {
          LogDestinationConfigs,
          RedactedFields = [],
          LoggingFilter = null,
        } = (await aws.wafv2.GetLoggingConfiguration({ ResourceArn: arn })).LoggingConfiguration ?? {};
        // What is logged is compared as well: logging that somebody has set up otherwise since is not turned off by a rollback.
        return { logs: LogDestinationConfigs?.toSorted(), what: toJson({ redacted: RedactedFields, filter: LoggingFilter }) as unknown as Json };
      } catch (error) {
        // WAF says the same of an ACL that is not there: that one is found before.
        if (isGone(error)) return { logs: [], what: null };
        throw error;
      }
    },
  },
  hazards: [shortLived('its logs cost money, and nobody reads them')],
  rollback: { restores: 'exact', what: 'Logging is turned off again.', not: ['Logs delivered in the meantime.'] },
  alsoFoundBy: { prowler: ['wafv2_webacl_logging_enabled'] },
  inCode: { cloudFormation: 'AWS::WAFv2::LoggingConfiguration', terraform: 'aws_wafv2_web_acl_logging_configuration' },
  instead: ({ now, id, parameters: { stream } }) => (now.logs.length > 0 ? null : needs('waf-enable-logging', `${id} is not logged`, { stream })),
  wanted: ({ now, parameters: { stream } }) => (now.logs.length > 0 || stream === undefined ? now : { ...now, logs: [stream] }),
  writes: [wafv2.pick('PutLoggingConfiguration')],
  undoes: [wafv2.pick('DeleteLoggingConfiguration')],
  write: ({ arn, to, parameters: { redact } }) =>
    wafv2.call('PutLoggingConfiguration', {
      LoggingConfiguration: {
        ResourceArn: arn,
        LogDestinationConfigs: to.logs,
        ...(redact.length === 0 ? {} : { RedactedFields: redact.map((Name) => ({ SingleHeader: { Name: Name.toLowerCase() } })) }),
      },
    }),
  undo: ({ arn }) => ({ calls: [wafv2.call('DeleteLoggingConfiguration', { ResourceArn: arn })], restores: 'exact' }),
  summary: ({ id, to }) => `log requests of ${id} to ${to.logs.join(', ')}`,
});
