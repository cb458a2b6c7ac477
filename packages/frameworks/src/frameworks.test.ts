import { isRedressError } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { FRAMEWORKS, frameworkOf, packOf, readPack } from './index.js';

const controls = async (id: string) => new Map((await frameworkOf(id)).controls.map((each) => [each.id, each]));

describe('a pack', () => {
  it('has the 130 rules of AWS, each with its parameters, types and source', async () => {
    const { rules } = await packOf('apra-cpg-234');
    expect(rules).toHaveLength(130);
    expect(new Set(rules.map(({ name }) => name)).size).toBe(130);
    for (const rule of rules) {
      expect(rule.identifier).toMatch(/^[A-Z0-9_]+$/);
      expect(rule.types.length, rule.identifier).toBeGreaterThan(0);
      for (const type of rule.types) expect(type).toMatch(/^AWS::(?:[A-Za-z0-9]+)?::[A-Za-z0-9]+$/);
      expect(rule.sources.length).toBeGreaterThan(0);
      for (const source of rule.sources) expect(source).toMatch(/^https:\/\//);
    }
    const of = (identifier: string) => rules.find((each) => each.identifier === identifier);
    expect(of('IAM_PASSWORD_POLICY')?.parameters).toEqual({
      MaxPasswordAge: '90',
      MinimumPasswordLength: '14',
      PasswordReusePrevention: '24',
      RequireLowercaseCharacters: 'true',
      RequireNumbers: 'true',
      RequireSymbols: 'true',
      RequireUppercaseCharacters: 'true',
    });
    expect(of('INCOMING_SSH_DISABLED')).toMatchObject({ name: 'restricted-ssh', types: ['AWS::EC2::SecurityGroup'] });
    expect(of('AWS_CONFIG_PROCESS_CHECK')?.name).toBe('security-awareness-program-exists');
    // For 82 rules, somebody has said which paragraphs they concern.
    expect(rules.filter(({ paragraphs }) => paragraphs.length > 0)).toHaveLength(82);
  });

  it('with an unknown id is refused, and the existing ones are listed', async () => {
    await expect(packOf('apra-cps-234')).rejects.toMatchObject({ code: 'compose/invalid', next: expect.stringContaining('apra-cpg-234') });
  });
});

describe('a pack that is read', () => {
  const pack = (text: string) => readPack(text, 'mine.yaml');

  it('has the defaults of its parameters, as written by AWS', () => {
    const { id, rules } = pack(`
Parameters:
  KeyAge: { Default: "90", Type: String }
  Nothing: { Default: "", Type: String }
Conditions:
  hasKeyAge: { Fn::Not: [ { Fn::Equals: [ "", { Ref: KeyAge } ] } ] }
Resources:
  Keys:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: keys
      InputParameters:
        maxAccessKeyAge: { Fn::If: [ hasKeyAge, { Ref: KeyAge }, { Ref: "AWS::NoValue" } ] }
        other: { Fn::If: [ hasOther, { Ref: Nothing }, { Ref: "AWS::NoValue" } ] }
        plain: 3
      Scope: { ComplianceResourceTypes: [ "AWS::IAM::User" ] }
      Source: { Owner: AWS, SourceIdentifier: ACCESS_KEYS_ROTATED }
  Ours:
    Type: AWS::Config::ConfigRule
    Properties: { ConfigRuleName: ours, Source: { Owner: CUSTOM_LAMBDA, SourceIdentifier: "arn:aws:lambda:x" } }
`);
    expect(id).toBe('mine.yaml');
    expect(rules).toEqual([
      {
        identifier: 'ACCESS_KEYS_ROTATED',
        name: 'keys',
        parameters: { maxAccessKeyAge: '90', plain: '3' },
        scope: ['AWS::IAM::User'],
        types: ['AWS::IAM::User'],
        paragraphs: [],
        sources: ['mine.yaml'],
      },
    ]);
  });

  it.each([
    ['Resources: [', /mine\.yaml is not a conformance pack/],
    ['just: this', /no Resources/],
    ['Resources: { A: { Type: "AWS::S3::Bucket" } }', /no managed rule/],
    ['', /no Resources/],
  ])('is refused with its file: %s', (text, says) => {
    try {
      pack(text);
      expect.unreachable();
    } catch (error) {
      expect(isRedressError(error) && error.code).toBe('compose/invalid');
      expect((error as Error).message).toMatch(says);
      expect(error).toMatchObject({ place: { file: 'mine.yaml' } });
    }
  });
});

describe('a framework', () => {
  it.each([
    ['fsbp', 287],
    ['cis-3.0', 62],
    ['cis-5.0', 63],
    ['cis-6.0', 63],
    ['cis-7.0', 70],
    ['nist-800-53', 287],
    ['pci-4', 1679],
  ])('%s has %i controls, each once, with its source', async (id, count) => {
    const { controls: all } = await frameworkOf(id);
    expect(all).toHaveLength(count);
    expect(new Set(all.map((each) => each.id)).size).toBe(count);
    for (const each of all) {
      expect(each.source).toMatch(/^https:\/\//);
      for (const check of each.checks) expect(check).toMatch(/^[a-z0-9_]+$/);
    }
    expect(FRAMEWORKS as readonly string[]).toContain(id);
  });

  it('uses the numbers of its own version', async () => {
    expect((await controls('cis-6.0')).get('2.8')?.checks).toEqual(['iam_password_policy_reuse_24']);
    expect((await controls('cis-7.0')).get('2.8')?.checks).toEqual(['iam_password_policy_minimum_length_14']);
  });

  it('names the controls that AWS has withdrawn', async () => {
    const retired = [...(await controls('fsbp')).values()].filter((each) => each.retired).map(({ id }) => id);
    expect(retired.sort()).toEqual(['CloudFormation.1', 'CodeBuild.5', 'S3.4', 'SNS.2']);
  });

  it('with an unknown id is refused, and the existing ones are listed', async () => {
    await expect(frameworkOf('cis-2.0')).rejects.toMatchObject({ code: 'compose/invalid', next: expect.stringContaining('cis-7.0') });
  });
});
