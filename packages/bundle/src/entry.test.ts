import { type Remediator, remediatorFacts } from '@redress/core';
import { s3Remediators } from '@redress/remediator-s3';
import { describe, expect, it } from 'vitest';
import { entryText } from './entry.js';

const s3 = { '@redress/remediator-s3': 's3Remediators' };

describe('entryText', () => {
  it('holds policy and register as data', () => {
    const text = entryText({ remediators: s3, policy: { version: 1, note: '`${x}` "\u2028 </script>' }, exceptions: [{ id: 'EXC-1' }] });
    const given = /policy: (JSON\.parse\([^\n]*\)),/.exec(text)?.[1] ?? '';
    expect(new Function(`return ${given}`)()).toEqual({ version: 1, note: '`${x}` "\u2028 </script>' });
  });

  it('includes CEL only if there is a rule, or a configuration that may have one', () => {
    expect(entryText({ remediators: s3, policy: { version: 1 } })).not.toContain('celRules');
    expect(entryText({ remediators: s3, policy: { version: 1, rules: [{ when: 'true' }] } })).toContain('guardrails: [celRules()]');
    expect(entryText({ config: '/x/redress.config.mjs' })).toContain('guardrails: [celRules(), ...(given.guardrails ?? [])]');
  });

  it('prefers the file of the policy to that of the configuration, like the command line', () => {
    const text = entryText({ config: '/x/redress.config.mjs', policy: { version: 1 } });
    expect(text.indexOf('...given,')).toBeGreaterThan(0);
    expect(text.indexOf('policy: JSON')).toBeGreaterThan(text.indexOf('...given,'));
  });

  it('tracks Config rules that none of its remediators judges, as data', () => {
    const text = entryText({
      remediators: s3,
      tracked: [{ identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: ['AWS::RDS::DBInstance'] }],
    });
    expect(text).toContain("import { trackedRules } from '@redress/tracked';");
    expect(text).toContain('const judging = [...list0];');
    const given = /trackedRules\((JSON\.parse\([^\n]*\)), judging\)\];/.exec(text)?.[1] ?? '';
    expect(new Function(`return ${given}`)()).toEqual([{ identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: ['AWS::RDS::DBInstance'] }]);
    expect(entryText({ remediators: s3 })).not.toContain('tracked');
  });

  it('tracks controls of Security Hub, as data', () => {
    const text = entryText({
      remediators: s3,
      tracked: [{ identifier: null, name: 'own', types: ['AWS::RDS::DBInstance'] }],
      trackedControls: [{ control: 'RDS.5', types: ['AWS::RDS::DBInstance'] }],
    });
    expect(text).toContain("import { trackedRules, trackedControls } from '@redress/tracked';");
    const [, rules, controls] =
      /\[\.\.\.judging, \.\.\.trackedRules\((JSON\.parse\([^\n]*?\)), judging\), \.\.\.trackedControls\((JSON\.parse\([^\n]*\)), judging\)\];/.exec(text) ?? [];
    expect(new Function(`return ${rules}`)()).toEqual([{ identifier: null, name: 'own', types: ['AWS::RDS::DBInstance'] }]);
    expect(new Function(`return ${controls}`)()).toEqual([{ control: 'RDS.5', types: ['AWS::RDS::DBInstance'] }]);
  });

  it('has the facts of given remediators, and imports their list late', () => {
    const [first, second] = s3Remediators as readonly [Remediator, Remediator];
    const list = { '@redress/remediator-s3': { name: 's3Remediators', remediators: s3Remediators } };
    const text = entryText({ remediators: list, only: [second.id] });
    expect(text).not.toContain('import { s3Remediators');
    const { name, version } = second.package;
    expect(text).toContain(`async () => (await import("redress-list:@redress/remediator-s3#s3Remediators?${name}@${version}")).list`);
    const given = /lateRemediators\((JSON\.parse\([^\n]*\)), async/.exec(text)?.[1] ?? '';
    expect(new Function(`return ${given}`)()).toEqual([JSON.parse(JSON.stringify(remediatorFacts(second)))]);
    expect(text).not.toContain(first.title);
  });

  it('refuses a policy with invalid parameters, which would be found only after the start', () => {
    const list = { '@redress/remediator-s3': { name: 's3Remediators', remediators: s3Remediators } };
    const policy = { version: 1, remediators: { 's3-enforce-default-encryption': { parameters: { algorithm: 'none' } } } };
    expect(() => entryText({ remediators: list, policy })).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
    expect(() => entryText({ remediators: list, policy, only: ['s3-block-public-access-private-bucket'] })).not.toThrow();
  });

  it('accepts two lists with one name, and one with the name of a variable in it', () => {
    const text = entryText({ remediators: { a: 'remediators', b: 'remediators' } });
    expect(text).toContain('import { remediators as list0 } from "a";');
    expect(text).toContain('import { remediators as list1 } from "b";');
    expect(text).toContain('const all = [...list0, ...list1];');
  });

  it('refuses an entry without remediators', () => {
    expect(() => entryText({})).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
  });
});
