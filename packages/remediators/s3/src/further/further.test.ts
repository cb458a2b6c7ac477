import type { JsonObject, Remediator } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { bucket } from '../../test/fake.js';
import { enableServerAccessLogging, requireTls } from '../index.js';

const plan = (remediator: Remediator, state: JsonObject, context: unknown, given: JsonObject = {}, id = 'invoices') =>
  remediator.plan({ state: { created: 'x', ...state }, context, resource: bucket(id), parameters: remediator.parameters(given), observedAt: 0 });

describe('access logs', () => {
  const targetBucket = 'logs-{account}-{region}';
  const open = { own: { keepsOut: null }, said: {} };
  it('go to the bucket of the policy, in its region and account', () => {
    expect(plan(enableServerAccessLogging, { logging: null }, open, { targetBucket })).toMatchObject({
      status: 'change',
      changes: [
        {
          call: {
            input: { Bucket: 'invoices', BucketLoggingStatus: { LoggingEnabled: { TargetBucket: 'logs-111111111111-eu-west-1', TargetPrefix: 'invoices/' } } },
          },
          undo: { calls: [{ input: { Bucket: 'invoices', BucketLoggingStatus: {} } }] },
        },
      ],
    });
  });
  it('of the log bucket itself are omitted', () => {
    expect(plan(enableServerAccessLogging, { logging: null }, open, { targetBucket }, 'logs-111111111111-eu-west-1')).toMatchObject({
      status: 'not-applicable',
    });
  });
  it('need manual steps if no bucket is named, or it denies log delivery', () => {
    expect(plan(enableServerAccessLogging, { logging: null }, open)).toMatchObject({ status: 'manual', message: expect.stringContaining('targetBucket') });
    const closed = { own: { keepsOut: 'its door is shut' }, said: {} };
    expect(plan(enableServerAccessLogging, { logging: null }, closed, { targetBucket })).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('its door is shut'),
    });
  });
  it('that go to any bucket stay', () => {
    expect(plan(enableServerAccessLogging, { logging: { TargetBucket: 'other', TargetPrefix: '' } }, open, { targetBucket }).status).toBe('compliant');
  });
});

describe('TLS', () => {
  const everything = ['arn:aws:s3:::invoices', 'arn:aws:s3:::invoices/*'];
  const deny = (more: JsonObject = {}) => ({
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: everything,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    ...more,
  });
  const policy = (...Statement: JsonObject[]) => JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement });
  const state = (text: string | null) => plan(requireTls, { policy: text }, { website: false });

  it.each<[string, JsonObject]>([
    ['in the standard form', {}],
    ['for everybody in another form', { Principal: { AWS: '*' } }],
    ['among other actions', { Action: ['s3:GetObject', 's3:*'] }],
    ['as a boolean', { Condition: { Bool: { 'aws:SecureTransport': false } } }],
  ])('is required %s', (_, more) => {
    expect(state(policy(deny(more))).status).toBe('compliant');
  });
  it.each<[string, JsonObject]>([
    ['only for the objects', { Resource: everything[1] as string }],
    ['only for the bucket', { Resource: everything[0] as string }],
    ['only for somebody', { Principal: { AWS: 'arn:aws:iam::222222222222:root' } }],
    ['for one action', { Action: 's3:GetObject' }],
    ['with another condition', { Condition: { Bool: { 'aws:SecureTransport': 'false' }, StringEquals: { 'aws:PrincipalAccount': '2' } } }],
    ['with TLS', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
    ['by an allow statement', { Effect: 'Allow' }],
  ])('is not required %s', (_, more) => {
    const before = policy(deny(more));
    const assessment = state(before);
    expect(assessment).toMatchObject({ status: 'change', changes: [{ undo: { calls: [{ operation: 'PutBucketPolicy', input: { Policy: before } }] } }] });
    const after = assessment.status === 'change' ? (assessment.changes[0]?.call.input['Policy'] as string) : '';
    expect(JSON.parse(after)).toMatchObject({ Id: 'own', Statement: [deny(more), { ...deny(), Sid: 'RedressRequireTls' }] });
    expect(state(after).status).toBe('compliant');
  });
  it('is required if there was no policy, and the undo removes it', () => {
    expect(state(null)).toMatchObject({ status: 'change', changes: [{ undo: { calls: [{ operation: 'DeleteBucketPolicy' }] } }] });
  });
  it('needs manual steps if the policy cannot be parsed', () => {
    expect(state('{').status).toBe('manual');
    expect(state('{"Statement":["x"]}').status).toBe('manual');
  });
});
