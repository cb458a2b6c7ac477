import { definePolicy, type Facts, type Policy, parsePolicy } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { PolicyParts } from './policy-parts.js';

const plain = definePolicy({ version: 1 });
const ruled = definePolicy({ version: 1, rules: [{ when: 'resource.id == "sg-1"', effect: 'deny', because: 'crown jewels' }] });
const asked = (parts: PolicyParts, policy: Policy) =>
  parts.guardrails[0]?.evaluate({
    policy: { ok: true, value: policy },
    observation: { ok: true, value: { state: {}, tags: {} } },
    resource: { type: 'AWS::EC2::SecurityGroup', id: 'sg-1', account: '111111111111', region: 'eu-west-1', partition: 'aws' },
    remediator: { id: 'r', version: '1', ceiling: 'enforce' },
    trigger: { by: 'sweep' },
    changes: [],
    hazards: [],
    now: 0,
  } as unknown as Facts);

describe('rules of a policy', () => {
  it('are evaluated in a policy that got them while the process was running', async () => {
    const parts = new PolicyParts([], []);
    expect(await parts.read(() => plain)).toBe(plain);
    expect(asked(parts, plain)).toMatchObject({ effect: 'allow', code: 'no-rules' });
    await parts.load(ruled);
    expect(asked(parts, ruled)).toMatchObject({ effect: 'deny', code: 'rule', message: 'crown jewels (resource.id == "sg-1").' });
  });

  it('never allow if they were not read', () => {
    expect(() => asked(new PolicyParts([], []), ruled)).toThrow('were not read');
  });

  it('are refused when they are read first, with every other mistake', async () => {
    const input = {
      version: 1,
      remediators: { 'no-such-remediator': 'notify' },
      rules: [{ when: 'resorce.id == ""', effect: 'deny', because: 'a slip' }],
      tracked: { packs: ['no-such-pack'] },
    };
    const error = (await new PolicyParts([], []).read((also) => parsePolicy(input, { also })).catch((thrown: unknown) => thrown)) as Error;
    for (const part of ['no-such-remediator', 'resorce', 'no-such-pack']) expect(error.message).toContain(part);
  });
});
