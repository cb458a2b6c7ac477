import { type Assessment, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { kms } from './client.js';
import { enableKeyRotationByRunbook, runbookRemediator } from './index.js';

const HASH = 'a'.repeat(64);
const KEY = resource({ type: 'AWS::KMS::Key', id: 'k-1', account: '111111111111', region: 'cn-north-1', partition: 'aws-cn' });
const gap = { rotatable: true, rotates: false };
const plan = (parameters: object, context?: { hash: string | null }, state: object = gap): Assessment =>
  enableKeyRotationByRunbook.plan({
    state: state as never,
    context,
    resource: KEY,
    parameters: enableKeyRotationByRunbook.parameters(parameters),
    observedAt: 0,
  });

describe('a runbook', () => {
  it('is started in the approved version, with the approved content and role', () => {
    expect(plan({ documentHash: HASH, documentVersion: '7', role: 'Books' }, { hash: HASH })).toMatchObject({
      status: 'change',
      changes: [
        {
          call: {
            service: 'ssm',
            operation: 'StartAutomationExecution',
            retry: 'client-token',
            input: {
              DocumentName: 'AWSConfigRemediation-EnableKeyRotation',
              DocumentVersion: '7',
              Parameters: { KeyId: ['k-1'], AutomationAssumeRole: ['arn:aws-cn:iam::111111111111:role/Books'] },
            },
          },
          undo: { restores: 'exact', calls: [{ service: 'kms', operation: 'DisableKeyRotation', input: { KeyId: 'k-1' } }] },
          summary: 'turn on rotation of k-1, with AWSConfigRemediation-EnableKeyRotation, version 7 (aaaaaaaaaaaa)',
        },
      ],
    });
  });

  it.each([
    ['without a review', {}, { hash: HASH }, HASH],
    ['that differs from the reviewed one', { documentHash: HASH }, { hash: 'b'.repeat(64) }, 'differs from what was reviewed'],
    ['without a hash', { documentHash: HASH }, { hash: null }, 'differs from what was reviewed'],
  ])('%s needs manual steps, which are in the notice', (_name, parameters, context, said) => {
    expect(plan(parameters, context)).toMatchObject({
      status: 'manual',
      message: expect.stringContaining(said),
      steps: expect.arrayContaining([expect.any(String)]),
    });
  });

  it('is the same change in a later read, which reads no document', () => {
    expect(plan({ documentHash: HASH })).toEqual(plan({ documentHash: HASH }, { hash: HASH }));
  });

  it('has nothing to do without a gap', () => {
    expect(plan({}, undefined, { rotatable: true, rotates: true })).toMatchObject({ status: 'compliant' });
    expect(plan({}, undefined, { rotatable: false, rotates: false })).toMatchObject({ status: 'not-applicable' });
  });

  it('refuses unknown parameters', () => {
    for (const wrong of [{ hash: HASH }, { documentHash: 'abc' }, { documentVersion: '$LATEST' }, { role: 'a/b' }])
      expect(() => enableKeyRotationByRunbook.parameters(wrong)).toThrowError(expect.objectContaining({ code: 'policy/invalid' }));
  });
});

describe('an Automation that has ended', () => {
  const identify = (found: object) =>
    enableKeyRotationByRunbook.identify?.({
      aws: { ssm: { GetAutomationExecution: async () => ({ AutomationExecution: found }) } } as never,
      resource: { ...KEY, id: 'automation-execution/e-1' },
    });

  it('names its resource by its parameters, if it belongs to this document', async () => {
    expect(await identify({ DocumentName: 'AWSConfigRemediation-EnableKeyRotation', Parameters: { KeyId: ['k-1'] } })).toEqual({ id: 'k-1' });
    expect(await identify({ DocumentName: 'AWS-Other', Parameters: { KeyId: ['k-1'] } })).toBeNull();
    expect(await identify({ DocumentName: 'AWSConfigRemediation-EnableKeyRotation', Parameters: {} })).toBeNull();
  });
});

it('the factory waits as long as configured, and declares the effects of a runbook as a blind spot', () => {
  expect(enableKeyRotationByRunbook.runbook).toEqual({ document: 'AWSConfigRemediation-EnableKeyRotation', waits: 1_800_000 });
  expect(enableKeyRotationByRunbook.blindSpots.join()).toContain('not part of the plan');
  expect(typeof runbookRemediator).toBe('function');
});

describe('the ceiling of a runbook', () => {
  const of = (ceiling: unknown) =>
    runbookRemediator({
      id: 'kms-own-runbook',
      title: 'Own',
      resourceTypes: ['AWS::KMS::Key'],
      controls: [],
      ceiling: ceiling as 'approve',
      blindSpots: [],
      runbook: { document: 'Own-Runbook', waits: 'PT5M', parameters: () => ({}), resourceOf: () => null },
      uses: { reads: [], undoes: [kms.pick('DisableKeyRotation')] },
      observe: async () => ({ state: { open: true }, tags: 'untaggable' as const }),
      assess: () => ({ status: 'gap', summary: 'close it' }),
      undo: () => ({ irreversible: 'a test' }),
    });

  it.each(['enforce', 'Approve', undefined, null])('cannot be %s, even without types', (ceiling) => {
    expect(() => of(ceiling)).toThrowError(
      expect.objectContaining({ code: 'remediator/invalid', place: { path: 'ceiling' }, next: expect.stringContaining('approve') }),
    );
  });

  it.each(['approve', 'notify'])('can be %s', (ceiling) => {
    expect(of(ceiling)).toMatchObject({ ceiling });
  });
});
