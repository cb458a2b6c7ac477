import { type Assessment, RedressError, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { enableLogging } from './index.js';

const REF = resource({ type: 'AWS::WAFv2::WebACL', id: 'regional/webacl/shop/ebbcb976', account: '111111111111', region: 'eu-west-1' });
const ARN = 'arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/shop/ebbcb976';
const stream = 'arn:aws:firehose:eu-west-1:111111111111:deliverystream/aws-waf-logs-all';

async function assess(logs: readonly string[] | RedressError, parameters: object = { stream }): Promise<Assessment | 'gone'> {
  const asked: object[] = [];
  const aws = {
    wafv2: {
      GetWebACL: async (input: object) => (asked.push(input), { WebACL: { Name: 'shop' } }),
      ListTagsForResource: async () => ({ TagInfoForResource: { TagList: [] } }),
      GetLoggingConfiguration: async () => {
        if (logs instanceof RedressError) throw logs;
        return { LoggingConfiguration: { LogDestinationConfigs: logs } };
      },
    },
  };
  const given = enableLogging.parameters(parameters);
  const seen = await enableLogging.observe({ aws, resource: REF, parameters: given, purpose: 'decision' } as never);
  expect(asked[0]).toEqual({ Name: 'shop', Id: 'ebbcb976', Scope: 'REGIONAL' });
  return seen === 'gone' ? seen : enableLogging.plan({ state: seen.state, context: seen.context, resource: REF, parameters: given, observedAt: 0 } as never);
}
const none = new RedressError('aws/gone', 'WAFNonexistentItemException');

describe('logging of a web ACL', () => {
  it('omits the values of headers that contain secrets', async () => {
    expect(await assess(none, { stream, redact: ['Authorization', 'X-Api-Key'] })).toMatchObject({
      changes: [
        {
          call: {
            input: {
              LoggingConfiguration: {
                ResourceArn: ARN,
                LogDestinationConfigs: [stream],
                RedactedFields: [{ SingleHeader: { Name: 'authorization' } }, { SingleHeader: { Name: 'x-api-key' } }],
              },
            },
          },
          undo: { restores: 'exact', calls: [{ operation: 'DeleteLoggingConfiguration', input: { ResourceArn: ARN } }] },
        },
      ],
    });
    expect(JSON.stringify(await assess(none))).toContain('"RedactedFields":[{"SingleHeader":{"Name":"authorization"}},{"SingleHeader":{"Name":"cookie"}}]');
  });
  it('that exists is not replaced', async () => {
    expect(await assess(['arn:aws:s3:::aws-waf-logs-own'])).toMatchObject({ status: 'compliant' });
  });
  it('that somebody has changed since differs from the result of the fix', async () => {
    const stateOf = async (more: object) => {
      const aws = {
        wafv2: {
          GetWebACL: async () => ({ WebACL: { Name: 'shop' } }),
          GetLoggingConfiguration: async () => ({ LoggingConfiguration: { LogDestinationConfigs: [stream], ...more } }),
        },
      };
      const seen = await enableLogging.observe({ aws, resource: REF, parameters: { stream, redact: [] }, purpose: 'verification' } as never);
      return seen === 'gone' ? seen : seen.state;
    };
    const left = await stateOf({});
    expect(await stateOf({ RedactedFields: [] })).toEqual(left);
    expect(await stateOf({ RedactedFields: [{ UriPath: {} }] })).not.toEqual(left);
    expect(await stateOf({ LoggingFilter: { DefaultBehavior: 'DROP', Filters: [] } })).not.toEqual(left);
  });
  it('needs a stream in the policy', async () => {
    expect(await assess(none, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('stream') });
  });
  it('that cannot be read does not count as missing', async () => {
    await expect(assess(new RedressError('aws/denied', 'no'))).rejects.toThrow('no');
  });
  it.each(['arn:aws:s3:::aws-waf-logs-all', 'arn:aws:firehose:eu-west-1:111111111111:deliverystream/other'])('does not use %s', (other) => {
    expect(() => enableLogging.parameters({ stream: other })).toThrow('aws-waf-logs-');
  });
});
