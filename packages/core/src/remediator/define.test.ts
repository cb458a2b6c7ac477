import { describe, expect, it } from 'vitest';
import * as full from 'zod';
import * as mini from 'zod/mini';
import * as ours from '../parameters.js';
import { parametersJsonSchema } from '../schema.js';
import type { Ceiling } from './ceiling.js';
import { defineRemediator } from './define.js';

const remediator = (parameters?: Parameters<typeof defineRemediator>[0]['parameters'], ceiling: unknown = 'notify') =>
  defineRemediator({
    id: 'widget-close',
    title: 'Close widgets',
    resourceTypes: ['AWS::Test::Widget'],
    controls: [],
    ceiling: ceiling as Ceiling,
    blindSpots: [],
    ...(parameters === undefined ? {} : { parameters }),
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => 'gone' as const,
    plan: () => ({ status: 'compliant', message: 'Closed.' }),
  });

describe.each([
  ['ours', ours],
  ['zod/mini', mini as unknown as typeof ours],
])('parameters, with a schema of %s', (_, z) => {
  const days = remediator(
    z.strictObject({ days: z._default(z.int().check(z.gte(1), z.lte(30)), 7), name: z.optional(z.string().check(z.minLength(3), z.regex(/^[a-z]+$/))) }),
  );

  it.each([
    [{ days: 0 }, 'parameters.days', '0 is not at least 1'],
    [{ days: 31 }, 'parameters.days', '31 is not at most 30'],
    [{ days: 'many' }, 'parameters.days', '"many" is not a number'],
    [{ name: 'ab' }, 'parameters.name', '"ab" is not at least 3 characters'],
    [{ name: 'ABC' }, 'parameters.name', '"ABC" does not match /^[a-z]+$/'],
    [{ dayz: 7 }, 'parameters.dayz', '"dayz" is not known here'],
  ])('refuses %j, and names the position', (given, path, why) => {
    expect(() => days.parameters(given)).toThrowError(
      expect.objectContaining({ code: 'policy/invalid', message: `widget-close: ${path}: ${why}`, place: { path } }),
    );
  });

  it('reports the message of a schema of another library', () => {
    const own = remediator({
      '~standard': { version: 1, vendor: 'own', validate: () => ({ issues: [{ message: 'must be even', path: [{ key: 'days' }] }] }) },
    } as never);
    expect(() => own.parameters({ days: 3 })).toThrowError(expect.objectContaining({ message: 'widget-close: parameters.days: must be even' }));
    expect(parametersJsonSchema(own)).toBeNull();
  });

  it('fills in defaults, and returns the schema unchanged', () => {
    expect(days.parameters({})).toEqual({ days: 7 });
    const schema = { type: 'object', additionalProperties: false, properties: { days: { type: 'integer', minimum: 1, maximum: 30, default: 7 } } };
    expect(parametersJsonSchema(days)).toMatchObject(schema);
  });
});

it('a schema of the complete zod library writes its own JSON Schema', () => {
  const whole = remediator(full.strictObject({ days: full.int().min(1).max(30).default(7) }));
  expect(whole.parameters({})).toEqual({ days: 7 });
  expect(() => whole.parameters({ days: 0 })).toThrowError(expect.objectContaining({ code: 'policy/invalid', place: { path: 'parameters.days' } }));
  expect(parametersJsonSchema(whole)).toMatchObject({ properties: { days: { type: 'integer', minimum: 1, maximum: 30, default: 7 } } });
});

it('takes no parameters without a schema', () => {
  expect(parametersJsonSchema(remediator(undefined))).toEqual({ type: 'object', properties: {}, additionalProperties: false });
});

it.each(['Enforce', '', null, ['enforce']])('an unknown ceiling is refused if there are no types: %j', (ceiling) => {
  expect(() => remediator(undefined, ceiling)).toThrowError(
    expect.objectContaining({ code: 'remediator/invalid', message: expect.stringContaining('ceiling') }),
  );
});

it.each(['enforce', 'approve', 'notify'])('%s is a valid ceiling', (ceiling) => {
  expect(remediator(undefined, ceiling).ceiling).toBe(ceiling);
});

it('types of a remediator are those that resources have here, whichever name AWS has for them', () => {
  const names = ['AWS::Elasticsearch::Domain', 'AWS::OpenSearch::Domain'] as const;
  const { resourceTypes, exceptionTypes } = defineRemediator({
    id: 'widget-close',
    title: 'Close widgets',
    resourceTypes: names,
    exceptionTypes: names,
    controls: [],
    ceiling: 'notify',
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => 'gone' as const,
    plan: () => ({ status: 'compliant' }),
  });
  expect([resourceTypes, exceptionTypes]).toEqual([['AWS::OpenSearch::Domain'], ['AWS::OpenSearch::Domain']]);
});
