import { countOf, isAccountId } from '@redress/core';
import { auditorPolicy, boundaryPolicy, type IamOptions, MEMBER_ROLES, type MemberRole, memberPolicies, type PolicyDocument, printYaml } from '@redress/deploy';
import type { Composition } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer } from '../io.js';
import { chosen, parametersOf } from './generate-config.js';

/** Options of `generate iam`. */
export interface GenerateIamOptions {
  readonly remediator?: string[];
  readonly format?: string;
  readonly account?: string;
  readonly in?: string[];
  readonly table?: string;
  readonly bucket?: string;
  /** Of a boundary: the role that it is for; without it, all three. */
  readonly for?: string;
  /** Which of several managed policies, from 1. */
  readonly part?: string;
  /** False: `--no-exception-tag`. */
  readonly exceptionTag: boolean;
}

const WHICH = [...MEMBER_ROLES, 'auditor', 'boundary'] as const;

/** A policy of IAM for the remediators of a composition: what they declare, and nothing else. */
export function generateIamCommand(composition: Composition, which: string, options: GenerateIamOptions): Answer {
  const { format = 'json', account } = options;
  if (!(WHICH as readonly string[]).includes(which))
    throw new CliError('cli/usage', `There is no policy ${JSON.stringify(which)}.`, { next: `Choose one of ${WHICH.join(', ')}.` });
  if (format !== 'yaml' && format !== 'json')
    throw new CliError('cli/usage', `There is no format ${JSON.stringify(format)}.`, { next: 'Choose json or yaml.' });
  if (account !== undefined && !isAccountId(account))
    throw new CliError('cli/usage', `${JSON.stringify(account)} is not an account id.`, { next: 'It has twelve digits.' });
  const policy = which === 'auditor' ? auditor(composition, options) : member(composition, which as MemberRole | 'boundary', options);
  return { json: policy, text: format === 'json' ? JSON.stringify(policy, null, 2) : printYaml(policy).trimEnd(), exit: 0, verbatim: true };
}

function member(composition: Composition, which: MemberRole | 'boundary', given: GenerateIamOptions): PolicyDocument {
  const { account, in: regions } = given;
  const options: IamOptions = {
    remediators: chosen(composition, given),
    parametersOf: parametersOf(composition),
    exceptionTag: given.exceptionTag ? composition.policy.exceptions.tag : null,
    ...(account === undefined ? {} : { account }),
    ...(regions === undefined ? {} : { regions }),
  };
  if (which === 'boundary') {
    if (given.for !== undefined && !(MEMBER_ROLES as readonly string[]).includes(given.for))
      throw new CliError('cli/usage', `There is no role ${JSON.stringify(given.for)}.`, { next: `Choose one of ${MEMBER_ROLES.join(', ')}.` });
    return boundaryPolicy(options, given.for as MemberRole | undefined);
  }
  const policies = memberPolicies(which, options);
  if (policies.length === 0)
    throw new CliError('cli/usage', 'None of these remediators changes anything, so there is nothing to allow.', { next: 'Choose read.' });
  const part = given.part === undefined && policies.length === 1 ? 1 : Number(given.part);
  const policy = policies[part - 1];
  if (policy === undefined)
    throw new CliError('cli/usage', `The role ${which} needs ${countOf(policies.length, 'managed policy', 'managed policies')}.`, {
      next: `Give --part 1 to --part ${policies.length}, and attach each of them.`,
    });
  return policy;
}

function auditor({ data }: Composition, { table = data.aws?.table, bucket = data.aws?.bucket, account }: GenerateIamOptions): PolicyDocument {
  if (table === undefined || bucket === undefined)
    throw new CliError('cli/usage', 'The journal that the auditor reads is not given.', {
      next: 'Give --table and --bucket, the outputs TableName and BucketName of the hub, or --journal aws:TABLE/BUCKET.',
    });
  const prefix = data.aws?.prefix;
  return auditorPolicy({ table, bucket, ...(prefix === undefined ? {} : { prefix }), ...(account === undefined ? {} : { account }) });
}
