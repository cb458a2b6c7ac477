import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import { type $ZodType, toJSONSchema } from 'zod/v4/core';
import type { JsonObject } from './model/json.js';
import { GLOBAL_REGION, namesOfType } from './model/resource.js';
import { CONFIG_RULE_NAME, MODES, WEEKDAYS } from './policy/policy.js';
import { REGIONS } from './policy/regions.js';
import { RESOURCE_PATTERN } from './policy/resource-name.js';
import { CEILINGS } from './remediator/ceiling.js';
import type { Remediator } from './remediator/define.js';

type Described = Pick<Remediator, 'id' | 'title' | 'ceiling' | 'parameterSchema' | 'configRules' | 'resourceTypes' | 'exceptionTypes'>;

const text = (description: string, more: JsonObject = {}): JsonObject => ({ type: 'string', pattern: '\\S', description, ...more });
const account = { type: 'string', pattern: '^[0-9]{12}$', description: 'An account id: 12 digits, in quotes.' };
const duration = (description: string): JsonObject => ({
  type: 'string',
  pattern:
    '^(?:P(?=.)(?:\\d+W)?(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+S)?)?|(?=\\d)(?:\\d+ ?(?:w|weeks?))?(?: ?\\d+ ?(?:d|days?))?(?: ?\\d+ ?(?:h|hrs?|hours?))?(?: ?\\d+ ?(?:m|mins?|minutes?))?(?: ?\\d+ ?(?:s|secs?|seconds?))?)$',
  description: `${description} A duration: 7d, 90 days, or ISO 8601 such as PT1H.`,
});
const clock = (description: string): JsonObject => ({ type: 'string', pattern: '^(?:[01]\\d|2[0-3]):[0-5]\\d$', description: `${description} "22:00".` });
const moment = (description: string): JsonObject => ({
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?:Z|[+-]\\d{2}:\\d{2})$',
  description: `${description} A date and time with an offset: "2026-12-31T00:00:00Z".`,
});
const strict = (description: string, required: readonly string[], properties: JsonObject): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required: [...required] }),
  properties,
});
const distinct = (names: readonly string[]) => [...new Set(names)].sort();
const list = (items: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'array', items, ...more });
const oneOrMore = (item: JsonObject): JsonObject => ({ anyOf: [item, list(item, { minItems: 1 })] });
const head = (id: string, title: string): JsonObject => ({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: `urn:redress:schema:${id}:1`, title });

/**
 * JSON Schema of a remediator's parameters as input: members with a default are optional. Null if its schema library cannot generate one.
 *
 * @example parametersJsonSchema(remediator)?.properties
 * @see https://standardschema.dev
 */
export function parametersJsonSchema({ parameterSchema }: Pick<Remediator, 'parameterSchema'>): JsonObject | null {
  if (parameterSchema === null) return { type: 'object', properties: {}, additionalProperties: false };
  const standard = parameterSchema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: 'draft-2020-12' }) as JsonObject;
  // Schemas of zod/mini do not carry it, so that whoever only checks does not load it.
  if (standard.vendor === 'zod') return toJSONSchema(parameterSchema as unknown as $ZodType, { io: 'input', target: 'draft-2020-12' }) as JsonObject;
  return null;
}

/**
 * JSON Schema of `redress.yaml`, for editors that complete and check. It includes the remediators and their parameters. Only `definePolicy` checks
 * whether places contradict each other (an account in two environments).
 *
 * @example writeFileSync('redress.schema.json', JSON.stringify(policySchema(s3Remediators)));
 */
export function policySchema(remediators: readonly Described[]): JsonObject {
  const mode: JsonObject = {
    enum: [...MODES],
    description: 'enforce: fix automatically · approve: wait for an approval · plan: notify, with the plan · notify: notify · off: nothing',
  };
  const entry = (each: Described): JsonObject => ({
    description: `${each.title}. At most: ${each.ceiling}.`,
    anyOf: [
      mode,
      {
        type: 'object',
        description: 'A mode by environment, and parameters.',
        propertyNames: { anyOf: [{ const: 'parameters' }, { pattern: '^[a-z][a-z0-9-]*$' }] },
        properties: { parameters: withoutDialect(parametersJsonSchema(each)) },
        additionalProperties: mode,
      },
    ],
  });
  return {
    ...head('policy', 'Redress policy'),
    ...strict('Everything that it does not name is notify-only.', ['version'], {
      version: { const: 1 },
      stop: { enum: ['none', 'changes', 'everything'], default: 'none', description: 'The kill switch. Read again right before each write.' },
      environments: {
        type: 'object',
        description: 'Lowest first. An account in none is notify-only.',
        propertyNames: { pattern: '^[a-z][a-z0-9-]*$' },
        additionalProperties: strict('An environment.', ['accounts'], {
          accounts: list(account),
          after: {
            description: 'What a lower environment has to prove; mandatory above the lowest.',
            anyOf: [
              { const: 'none', description: 'Nothing; `because` says why.' },
              strict('A lower environment.', ['environment', 'fixes', 'bake'], {
                environment: text('A lower environment.'),
                fixes: { type: 'integer', minimum: 1, description: 'Verified fixes there.' },
                bake: duration('Over at least this time.'),
              }),
            ],
          },
          because: text('Why no lower environment has to prove it.'),
        }),
      },
      remediators: {
        type: 'object',
        description: 'Modes and parameters, by remediator.',
        additionalProperties: false,
        properties: Object.fromEntries(remediators.map((each) => [each.id, entry(each)])),
      },
      exceptions: strict('What is exempt.', [], {
        tag: text('The exception tag: it requests an exception.', { default: 'redress:exception' }),
        register: text('The exceptions register, from the folder of this file.'),
        longest: duration('The maximum lifetime of an entry of the register, from now.'),
      }),
      limits: list(
        strict('The most executions that send a write.', ['per', 'changes'], {
          per: list({ enum: ['run', 'remediator', 'account', 'region'] }, { minItems: 1, description: 'What is counted together.' }),
          changes: { type: 'integer', minimum: 0 },
          window: duration('Not with run.'),
        }),
      ),
      freeze: list(
        strict('A period in which nothing is changed.', ['from', 'to', 'reason'], {
          environments: list(text('An environment.'), { minItems: 1, description: 'Default: everywhere.' }),
          from: moment('It begins.'),
          to: moment('Its end, exclusive.'),
          reason: text('Why.'),
        }),
      ),
      windows: list(
        strict('A maintenance window. If there are any, changes are made only in them.', ['from', 'to', 'timezone'], {
          environments: list(text('An environment.'), { minItems: 1, description: 'Default: everywhere.' }),
          days: list({ enum: [...WEEKDAYS] }, { minItems: 1, description: 'Default: every day.' }),
          from: clock('It begins.'),
          to: clock('Its end; if before `from`, on the next day.'),
          timezone: text('An IANA name: Australia/Sydney.'),
        }),
      ),
      grace: list(
        strict('Time to object before a change that needs no approval. Of several the longest applies.', ['period'], {
          environments: list(text('An environment.'), { minItems: 1, description: 'Default: everywhere.' }),
          remediators: list({ enum: remediators.map(({ id }) => id) }, { minItems: 1, description: 'Default: all of them.' }),
          period: duration('From the first notice to the change.'),
          remind: list(duration('How long before its end.'), {
            description: 'When people are notified again. Default: a day before, where the period is longer.',
          }),
        }),
      ),
      deadlines: list(
        strict('When a gap has to be closed. Of several the shortest applies.', ['within'], {
          environments: list(text('An environment.'), { minItems: 1, description: 'Default: everywhere.' }),
          remediators: list({ enum: remediators.map(({ id }) => id) }, { minItems: 1, description: 'Default: all of them.' }),
          ceilings: list({ enum: [...CEILINGS] }, { minItems: 1, description: 'Of remediators with one of these ceilings. Default: all of them.' }),
          within: duration('From when the gap appeared.'),
        }),
      ),
      managedByIac: {
        enum: ['approve', 'notify', 'allow'],
        default: 'approve',
        description: 'What infrastructure as code, a controller or a service manages.',
      },
      managedByTags: list(
        { type: 'string', pattern: '^[^\\s=][^=]*(?:=.*\\S.*)?$', description: 'A key, or key=value.' },
        { minItems: 1, description: 'Tags with which your own tooling marks what it manages, in addition to the known ones.' },
      ),
      approvers: {
        type: 'object',
        description: 'Who may approve, by environment.',
        additionalProperties: list(
          {
            type: 'string',
            pattern: '^arn:aws(?:-cn|-us-gov)?:(?:iam::\\d{12}:(?:role|user)\\/[\\w+=,.@/-]+|sts::\\d{12}:assumed-role\\/[\\w+=,.@-]+\\/[\\w+=,.@-]+)$',
            description: 'arn:aws:iam::111111111111:role/SecurityLead',
          },
          { minItems: 1 },
        ),
      },
      rules: list(
        strict('A rule of your own.', ['when', 'effect', 'because'], {
          when: text('CEL, over resource, remediator, finding, plan and now.'),
          effect: { enum: ['approve', 'notify', 'deny'] },
          because: text('The reason, shown to people.'),
        }),
      ),
      configRules: {
        type: 'object',
        description: 'Names of your Config rules, and the managed rules that they evaluate.',
        propertyNames: { pattern: CONFIG_RULE_NAME },
        additionalProperties: { enum: distinct(remediators.flatMap((each) => each.configRules)) },
      },
      securityHub: strict('Security Hub.', ['administrators'], {
        administrators: list(account, { description: 'Accounts that may send findings of others.' }),
      }),
      self: list({ type: 'string', pattern: '^arn:' }, { description: 'Roles that Redress runs as: their calls are not acted on.' }),
    }),
  };
}

/**
 * JSON Schema of the exceptions register. Only `defineRegister` checks that owners do not approve their own exceptions, and that each ID is used
 * once.
 */
export function registerSchema(remediators: readonly Described[]): JsonObject {
  return {
    ...head('register', 'Redress exceptions register'),
    type: 'array',
    items: strict('One accepted risk.', ['id', 'scope', 'reason', 'owner', 'approver', 'expires'], {
      id: text('Used once.'),
      scope: {
        ...strict('All given members have to match.', [], {
          account: oneOrMore(account),
          region: oneOrMore({ enum: [GLOBAL_REGION, ...REGIONS], description: 'A region; aws-global for IAM.' }),
          resource: oneOrMore({
            type: 'string',
            pattern: RESOURCE_PATTERN,
            description: 'The id of a resource as findings have it, its ARN, or the address of its page in the AWS console.',
          }),
          resourceType: oneOrMore({
            enum: distinct(remediators.flatMap(({ resourceTypes, exceptionTypes = [] }) => [...resourceTypes, ...exceptionTypes].flatMap(namesOfType))),
            description: 'A CloudFormation type.',
          }),
          remediators: oneOrMore({ enum: remediators.map(({ id }) => id) }),
          tag: oneOrMore({
            type: 'string',
            pattern: '^[^=*?\\s](?:[^=*?]*[^=*?\\s])?=[^*?\\s](?:[^*?]*[^*?\\s])?$',
            description: 'key=value; the case of the key does not matter',
          }),
        }),
        anyOf: [{ required: ['account'] }, { required: ['resource'] }, { required: ['tag'] }],
      },
      reason: text('Why the risk is accepted.'),
      owner: text('Who owns the risk.'),
      approver: text('Who accepted it: never the owner.'),
      ticket: { type: 'string' },
      compensatingControl: { type: 'string' },
      expires: moment('When it expires.'),
    }),
  };
}

/** A schema within a schema names no dialect of its own. */
function withoutDialect(schema: JsonObject | null): JsonObject {
  const { $schema: _, ...rest } = schema ?? { type: 'object' };
  return rest;
}
