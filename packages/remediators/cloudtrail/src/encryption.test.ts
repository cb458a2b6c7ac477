import { type Assessment, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { encryptWithKms } from './index.js';

const REF = resource({ type: 'AWS::CloudTrail::Trail', id: 'audit', account: '111111111111', region: 'eu-west-1' });
const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';

async function assess(found: object, given: object = { kmsKeyArn: KEY }): Promise<Assessment> {
  const TrailARN = 'arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit';
  const aws = {
    cloudtrail: {
      GetTrail: async () => ({ Trail: { Name: 'audit', TrailARN, HomeRegion: 'eu-west-1', ...found } }),
      ListTags: async () => ({ ResourceTagList: [{ ResourceId: TrailARN, TagsList: [] }] }),
    },
  };
  const parameters = encryptWithKms.parameters(given);
  const seen = await encryptWithKms.observe({ aws, resource: REF, parameters, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return encryptWithKms.plan({ state: seen.state, context: seen.context, resource: REF, parameters, observedAt: 0 } as never);
}

describe('a trail', () => {
  it.each([{}, { KmsKeyId: '' }])('without a key is encrypted with the key of the policy, and nothing else is sent', async (found) => {
    expect(await assess(found)).toMatchObject({
      status: 'change',
      changes: [
        {
          call: { operation: 'UpdateTrail', input: { Name: 'audit', KmsKeyId: KEY } },
          undo: { restores: 'exact', calls: [{ operation: 'UpdateTrail', input: { Name: 'audit', KmsKeyId: '' } }] },
        },
      ],
    });
  });
  it('with a key keeps it', async () => {
    expect((await assess({ KmsKeyId: KEY.replace('1234abcd', '4321dcba') })).status).toBe('compliant');
    expect((await assess({ KmsKeyId: KEY }, {})).status).toBe('compliant');
  });
  it('needs manual steps if the policy names no key', async () => {
    expect(await assess({}, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name kmsKeyArn') });
  });
  it('is encrypted with one key, by its full ARN', () => {
    for (const kmsKeyArn of ['alias/trails', KEY.replace(':key/', ':alias/'), '*'])
      expect(() => encryptWithKms.parameters({ kmsKeyArn })).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
  });
});
