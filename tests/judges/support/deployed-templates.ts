// Templates as they are deployed, with no option and with every option: parameters are values, and conditions are decided. Rules of others read
// resources as they stand, and would take `Fn::If` for a value.
import type { Template } from '@redress/deploy';
import { templates } from './templates.js';

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555';
const BOUNDARY = { PermissionsBoundaryArn: 'arn:aws:iam::111111111111:policy/Boundary' };
const CODE = { CodeBucket: 'code', CodeKey: 'redress.zip' };
const DIGEST = `sha256:${'0'.repeat(64)}`;
const ROLES = 'arn:aws:iam::111111111111:role/Redress-Function';

/** What each template needs, and every option that it has. */
const DEPLOYED: Readonly<Record<string, { template: Template; needs: Record<string, unknown>; options: Record<string, unknown> }>> = {
  hub: {
    template: templates['hub-all'],
    needs: { ...CODE, ExternalId: 'o-abc-redress', PolicyDigest: DIGEST, RegisterDigest: DIGEST },
    options: {
      ...BOUNDARY,
      CodeVersion: '1',
      OrganizationId: 'o-abcdefghij',
      OrganizationRoleArn: 'arn:aws:iam::222222222222:role/Organization',
      MemberAccountIds: ['222222222222'],
      NoticeEmail: 'security@example.com',
      ServeConfig: 'true',
      SweepRegions: ['all'],
      LogRetentionDays: 365,
      EncryptionKeyArn: KEY,
    },
  },
  sealer: {
    template: templates.sealer,
    needs: { ...CODE, TableName: 'table', BucketName: 'bucket', NoticesArn: 'arn:aws:sns:eu-west-1:111111111111:notices', Origin: 'example.com/redress' },
    options: {
      ...BOUNDARY,
      CodeVersion: '1',
      ReplacedKeys: 'k+1+A',
      KeyArn: KEY,
      NextKeyArn: KEY,
      RotationBy: 'alice',
      RotationReason: 'yearly',
      DocumentsDays: 400,
      Witnesses: 'w.example/a+1a2b3c4d+BAx/ https://w.example/a',
      AnchorBucket: 'copies',
      LogRetentionDays: 365,
      EncryptionKeyArn: KEY,
    },
  },
  'member-role': {
    template: templates['member-role-all'],
    needs: { HubRoleArns: [ROLES], ExternalId: 'o-abc-redress' },
    options: { ...BOUNDARY, RollbackRoleArns: [ROLES] },
  },
  'member-events': {
    template: templates['member-events-all'],
    needs: { HubBusArn: 'arn:aws:events:eu-central-1:333333333333:event-bus/redress' },
    options: BOUNDARY,
  },
  'member-config': {
    template: templates['member-config'],
    needs: { ConfigFunctionArn: 'arn:aws:lambda:eu-west-1:333333333333:function:redress-Config', PackBucket: 'packs' },
    options: BOUNDARY,
  },
};

const PSEUDO: Readonly<Record<string, string>> = { 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '111111111111', 'AWS::Partition': 'aws' };
type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/** The resources of a template as CloudFormation makes them with these parameters; references between resources stay. */
function made({ Resources, Conditions, Parameters }: Template, given: Readonly<Record<string, unknown>>): Resources {
  const parameterOf = (name: string) => {
    const value = given[name] ?? Parameters[name]?.Default;
    return Parameters[name]?.Type === 'CommaDelimitedList' && typeof value === 'string' ? (value === '' ? [] : value.split(',')) : value;
  };
  const holds = (name: string): boolean => truth(Conditions[name]);
  const truth = (condition: unknown): boolean => {
    const [[operator, operands] = ['', null]] = Object.entries(condition as Record<string, unknown>);
    const list = operands as readonly unknown[];
    if (operator === 'Condition') return holds(operands as string);
    if (operator === 'Fn::Not') return !truth(list[0]);
    if (operator === 'Fn::And') return list.every(truth);
    if (operator === 'Fn::Or') return list.some(truth);
    if (operator === 'Fn::Equals') return JSON.stringify(part(list[0])) === JSON.stringify(part(list[1]));
    throw new Error(`${operator} is no condition that is known here.`);
  };
  const part = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(part).filter((each) => each !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    const [[name, operand] = ['', null]] = Object.entries(value as Record<string, unknown>);
    if (name === 'Ref' && operand === 'AWS::NoValue') return undefined;
    if (name === 'Ref') return PSEUDO[operand as string] ?? (Parameters[operand as string] === undefined ? value : parameterOf(operand as string));
    if (name === 'Fn::If') return part((operand as unknown[])[holds((operand as string[])[0] as string) ? 1 : 2]);
    if (name === 'Fn::Split') return String(part((operand as unknown[])[1])).split((operand as string[])[0] as string);
    if (name === 'Fn::Select') return (part((operand as unknown[])[1]) as unknown[])[(operand as number[])[0] as number];
    if (name === 'Fn::Sub') {
      const text = (operand as string).replace(/\$\{([^}.]+)\}/g, (whole, each: string) => {
        const known = PSEUDO[each] ?? (Parameters[each] === undefined ? undefined : parameterOf(each));
        return known === undefined ? whole : String(known);
      });
      return text.includes('$' + '{') ? { 'Fn::Sub': text } : text;
    }
    if (name === 'Fn::Join') {
      const parts = [part((operand as unknown[])[1])].flat();
      return parts.every((each) => typeof each !== 'object') ? parts.join((operand as string[])[0]) : { 'Fn::Join': [(operand as string[])[0], parts] };
    }
    return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => ((found) => (found === undefined ? [] : [[key, found]]))(part(each))));
  };
  return Object.fromEntries(
    Object.entries(Resources)
      .filter(([, { Condition }]) => Condition === undefined || holds(Condition))
      .map(([name, { Type, Properties }]) => [name, { Type, Properties: part(Properties) as Record<string, unknown> }]),
  );
}

/** Each template, without options (`off`) and with every one (`on`). */
export const deployed: readonly { readonly name: string; readonly options: 'off' | 'on'; readonly Resources: Resources }[] = Object.entries(DEPLOYED).flatMap(
  ([name, { template, needs, options }]) => {
    const forgotten = Object.entries(template.Parameters).filter(
      ([parameter, { Default }]) => Default === '' && options[parameter] === undefined && needs[parameter] === undefined && parameter !== 'PackPrefix',
    );
    if (forgotten.length > 0) throw new Error(`${name} has options that are never on: ${forgotten.map(([parameter]) => parameter).join(', ')}`);
    return [
      { name, options: 'off' as const, Resources: made(template, needs) },
      { name, options: 'on' as const, Resources: made(template, { ...needs, ...options }) },
    ];
  },
);
